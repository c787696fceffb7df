// Facts about the host as a device, and memory for host operands.
#pragma once

#include <cstddef>
#include <memory>

#include "tactic/model/key.h"

namespace tactic::sdk {

// The widest vector instructions that both the CPU and the operating system support.
enum class VectorSet { kSse2, kAvx2Fma, kAvx512 };
VectorSet HostVectorSet();

// The device class of this machine's CPU, with the cores this process may use. Reads /proc and
// /sys; no allocation of note.
DeviceClass DetectHostDevice();

struct FreeAligned {
  void operator()(void* p) const noexcept;
};
using AlignedBytes = std::unique_ptr<std::byte[], FreeAligned>;
// 64-byte aligned, at least one byte; throws std::bad_alloc.
AlignedBytes AllocateAligned(size_t bytes);

// The number of threads to use when nothing else is said: the cores this process may use.
int HostThreads();

}  // namespace tactic::sdk
