// A key: what was asked, how it is measured, and where. Every decision is stored and found by one.
// This header and codec.h are the only place where a key's canonical form and fingerprint are made.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tactic/model/problem.h"
#include "tactic/model/result.h"

namespace tactic {

// What the caches hold when the measured call starts. kUnspecified resolves to kWeightsCold.
enum class CacheState : uint8_t {
  kUnspecified = 0,
  kWeightsCold =
      1,  // Weights come from memory, activations were just written. What a layer of a model sees.
  kAllCold = 2,
  kWarm = 3,  // The same call ran just before.
};
// How the program launches. kUnspecified resolves to kGraph on CUDA and kEager on the host.
enum class LaunchMode : uint8_t { kUnspecified = 0, kGraph = 1, kEager = 2 };
// Whether a candidate's output is compared with the reference before it is timed. kUnspecified
// resolves to kReference.
enum class Validation : uint8_t { kUnspecified = 0, kReference = 1, kNone = 2 };

struct MeasurementPolicy {
  CacheState cache = CacheState::kUnspecified;
  LaunchMode launch = LaunchMode::kUnspecified;
  Validation validation = Validation::kUnspecified;
  uint32_t budget_ms = 0;  // Soft limit of measuring one key; 0 = the lane's own rule.
  auto operator<=>(const MeasurementPolicy&) const = default;
};

std::string_view Name(CacheState cache);       // "weights_cold"
std::string_view Name(LaunchMode launch);      // "eager"
std::string_view Name(Validation validation);  // "reference"
std::optional<CacheState> ParseCacheState(std::string_view name);

enum class DeviceKind : uint8_t { kHost = 1, kCuda = 2 };
std::string_view Name(DeviceKind kind);  // "host"

// The policy with nothing left unspecified. Both sides of the wire resolve with this before they
// compare keys.
MeasurementPolicy Resolve(MeasurementPolicy policy, DeviceKind device);

// A class of equal devices. `label` and `memory_bytes` are for people; the rest identifies.
struct DeviceClass {
  DeviceKind kind = DeviceKind::kHost;
  std::string arch;          // "sm_90"; host: vendor, family, model and widest vector set,
                             // "GenuineIntel-6-207-avx512".
  uint32_t units = 0;        // SMs; host: usable cores.
  uint64_t cache_bytes = 0;  // L2; host: last-level cache.
  std::string partition;     // MIG profile; empty = whole device.
  std::string label;         // "NVIDIA H200", the CPU's model name.
  uint64_t memory_bytes = 0;
  bool operator==(const DeviceClass&) const = default;
};

// A version that a decision depends on: a library, or a runner (name and unique id).
struct Component {
  std::string name;
  std::string version;
  auto operator<=>(const Component&) const = default;
};

struct Environment {
  DeviceClass device;
  std::string driver;                 // CUDA driver; empty on the host.
  std::string runtime;                // CUDA runtime; empty on the host.
  std::vector<Component> components;  // Runners and libraries of the op, sorted by name.
  bool operator==(const Environment&) const = default;
};

// The generic checks, where `field` prefixes the name in the message ("environment."). Components:
// each name once.
Check CheckPolicy(std::string_view field, const MeasurementPolicy& policy);
Check CheckDevice(std::string_view field, const DeviceClass& device);
Check CheckComponent(std::string_view field, const Component& component);
Check CheckEnvironment(std::string_view field, const Environment& environment);

// 128 bits of XXH3 over a canonical form. Equal things have equal fingerprints, on every machine
// and version.
struct Fingerprint {
  uint64_t high = 0;
  uint64_t low = 0;
  auto operator<=>(const Fingerprint&) const = default;
};
std::string ToHex(const Fingerprint& fingerprint);  // 32 lower-case digits.
std::optional<Fingerprint> ParseFingerprint(std::string_view hex);
struct FingerprintHash {
  size_t operator()(const Fingerprint& f) const { return static_cast<size_t>(f.low); }
};

struct Key {
  Problem problem;
  MeasurementPolicy policy;  // Resolved.
  Environment environment;
  bool operator==(const Key&) const = default;
};

// Over what identifies: labels, memory size, and the min and max of dimensions are left out;
// derived dimensions are -1.
Fingerprint FingerprintOf(const Key& key);
Fingerprint FingerprintOf(const Environment& environment);

}  // namespace tactic
