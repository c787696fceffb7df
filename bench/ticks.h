// The processor's time-stamp counter.
#pragma once

#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace tactic::bench {

// A clock for single calls; nanoseconds of a tick are measured once.
inline uint64_t Ticks() {
#if defined(__x86_64__)
  unsigned processor;
  return __rdtscp(&processor);
#else
  return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

inline double NanosecondsPerTick() {
  const auto start = std::chrono::steady_clock::now();
  const uint64_t from = Ticks();
  while (std::chrono::steady_clock::now() - start < std::chrono::milliseconds(50)) {
  }
  const uint64_t to = Ticks();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start)
             .count() /
         static_cast<double>(to - from);
}

}  // namespace tactic::bench
