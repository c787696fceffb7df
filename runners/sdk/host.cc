#include "tactic/sdk/host.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>
#include <string>
#include <thread>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace tactic::sdk {

namespace {

struct CpuName {
  std::string vendor = "unknown";
  unsigned family = 0;
  unsigned model = 0;
  std::string brand;
};

#if defined(__x86_64__)
struct CpuidLeaf {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

CpuidLeaf ReadCpuid(unsigned leaf) {
  CpuidLeaf r;
  __get_cpuid(leaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

void Append(std::string& text, unsigned value) {
  char bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  text.append(bytes, sizeof(bytes));
}

// Up to the first NUL, without spaces around it.
std::string Trim(const std::string& text) {
  const std::string used = text.substr(0, text.find('\0'));
  const size_t first = used.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  return used.substr(first, used.find_last_not_of(' ') - first + 1);
}

// Leaf 1 of CPUID keeps family and model in two pieces each; the extended pieces count only for
// some families (Intel SDM volume 2, CPUID).
CpuName ReadCpuName() {
  CpuName name;
  const CpuidLeaf vendor = ReadCpuid(0);
  std::string text;
  Append(text, vendor.ebx);
  Append(text, vendor.edx);
  Append(text, vendor.ecx);
  name.vendor = Trim(text);
  const unsigned version = ReadCpuid(1).eax;
  const unsigned base = (version >> 8) & 0xf;
  name.family = base == 0xf ? base + ((version >> 20) & 0xff) : base;
  name.model = (version >> 4) & 0xf;
  if (base == 0x6 || base == 0xf) name.model += ((version >> 16) & 0xf) << 4;
  constexpr unsigned kBrandFirst = 0x80000002, kBrandLast = 0x80000004;
  if (ReadCpuid(0x80000000).eax >= kBrandLast) {
    std::string brand;
    for (unsigned leaf = kBrandFirst; leaf <= kBrandLast; ++leaf) {
      const CpuidLeaf part = ReadCpuid(leaf);
      for (unsigned value : {part.eax, part.ebx, part.ecx, part.edx}) Append(brand, value);
    }
    name.brand = Trim(brand);
  }
  return name;
}
#else
CpuName ReadCpuName() { return {}; }
#endif

const char* Suffix(VectorSet set) {
  switch (set) {
    case VectorSet::kAvx512:
      return "avx512";
    case VectorSet::kAvx2Fma:
      return "avx2";
    case VectorSet::kSse2:
      break;
  }
  return "sse2";
}

// The largest cache that cpu0 names: "266240K". 0 when the kernel does not say (some containers).
uint64_t LastLevelCacheBytes() {
  uint64_t largest = 0;
  for (int index = 0;; ++index) {
    std::ifstream file("/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) +
                       "/size");
    uint64_t size = 0;
    if (!(file >> size)) return largest;
    char unit = 0;
    file >> unit;
    largest = std::max(largest, unit == 'K' ? size << 10 : unit == 'M' ? size << 20 : size);
  }
}

uint64_t MemoryBytes() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGESIZE);
  return pages > 0 && page > 0 ? static_cast<uint64_t>(pages) * static_cast<uint64_t>(page) : 0;
}

}  // namespace

VectorSet HostVectorSet() {
#if defined(__x86_64__)
  // __builtin_cpu_supports also asks the operating system (XCR0) whether it keeps the registers.
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    return VectorSet::kAvx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return VectorSet::kAvx2Fma;
#endif
  return VectorSet::kSse2;
}

DeviceClass DetectHostDevice() {
  const CpuName cpu = ReadCpuName();
  DeviceClass device;
  device.kind = DeviceKind::kHost;
  device.arch = cpu.vendor + "-" + std::to_string(cpu.family) + "-" + std::to_string(cpu.model) +
                "-" + Suffix(HostVectorSet());
  device.units = static_cast<uint32_t>(HostThreads());
  device.cache_bytes = LastLevelCacheBytes();
  device.label = cpu.brand.empty() ? device.arch : cpu.brand;
  device.memory_bytes = MemoryBytes();
  return device;
}

void FreeAligned::operator()(void* p) const noexcept { std::free(p); }

AlignedBytes AllocateAligned(size_t bytes) {
  constexpr size_t kAlignment = 64;
  // aligned_alloc wants a multiple of the alignment; rounding up must not wrap.
  if (bytes > SIZE_MAX - kAlignment) throw std::bad_alloc();
  const size_t rounded = (std::max<size_t>(bytes, 1) + kAlignment - 1) / kAlignment * kAlignment;
  void* p = std::aligned_alloc(kAlignment, rounded);
  if (p == nullptr) throw std::bad_alloc();
  return AlignedBytes(static_cast<std::byte*>(p));
}

int HostThreads() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  // More than 1024 CPUs do not fit in cpu_set_t.
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace tactic::sdk
