#include "runners/timing/guarded_buffer.h"

#include <algorithm>
#include <cstring>

namespace tactic::timing {
namespace {

constexpr std::byte kGuard{0xa5};

// How many bytes of the zone are not the guard pattern.
size_t Damaged(std::span<const std::byte> zone) {
  // Compares the zone with itself one byte on: memcmp is quick, and intact is the usual case.
  if (zone.front() == kGuard && std::memcmp(&zone[0], &zone[1], zone.size() - 1) == 0) return 0;
  return static_cast<size_t>(
      std::count_if(zone.begin(), zone.end(), [](std::byte b) { return b != kGuard; }));
}

}  // namespace

void GuardedBuffer::Resize(size_t size) {
  if (!memory_ || size > capacity_) {
    memory_.reset();  // Not both at once.
    memory_ = sdk::AllocateAligned(size + 2 * kGuardBytes);
    capacity_ = size;
  }
  size_ = size;
  std::memset(memory_.get(), static_cast<int>(kGuard), kGuardBytes);
  std::memset(data() + size_, static_cast<int>(kGuard), kGuardBytes);
}

std::optional<std::string> GuardedBuffer::TakeDamage() {
  const size_t before = Damaged({memory_.get(), kGuardBytes});
  const size_t behind = Damaged({data() + size_, kGuardBytes});
  if (before + behind == 0) return std::nullopt;
  Resize(size_);
  return behind > 0 ? std::to_string(behind) + " bytes behind its end"
                    : std::to_string(before) + " bytes before its start";
}

}  // namespace tactic::timing
