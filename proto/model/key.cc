#include "tactic/model/key.h"

#include <algorithm>

#include "proto/model/names.h"
#include "proto/model/text.h"

namespace tactic {
namespace {

using internal::CheckText;
using internal::Field;
using internal::NameTable;

constexpr NameTable<CacheState, 4> kCacheStates = {{{CacheState::kUnspecified, "unspecified"},
                                                    {CacheState::kWeightsCold, "weights_cold"},
                                                    {CacheState::kAllCold, "all_cold"},
                                                    {CacheState::kWarm, "warm"}}};
constexpr NameTable<LaunchMode, 3> kLaunchModes = {{{LaunchMode::kUnspecified, "unspecified"},
                                                    {LaunchMode::kGraph, "graph"},
                                                    {LaunchMode::kEager, "eager"}}};
constexpr NameTable<Validation, 3> kValidations = {{{Validation::kUnspecified, "unspecified"},
                                                    {Validation::kReference, "reference"},
                                                    {Validation::kNone, "none"}}};
constexpr NameTable<DeviceKind, 2> kDeviceKinds = {
    {{DeviceKind::kHost, "host"}, {DeviceKind::kCuda, "cuda"}}};

Check CheckDeviceAt(const Field& field, const DeviceClass& device) {
  if (Name(device.kind) == "unknown") {
    return InvalidArgument(Field(field, "kind").Text() + ": " +
                           std::to_string(static_cast<int>(device.kind)) + " is no device kind");
  }
  Check check = CheckText(Field(field, "arch"), device.arch, 1, limits::kValueBytes);
  if (check.ok()) {
    check = CheckText(Field(field, "partition"), device.partition, 0, limits::kValueBytes);
  }
  if (check.ok()) check = CheckText(Field(field, "label"), device.label, 0, limits::kValueBytes);
  return check;
}

Check CheckComponentAt(const Field& field, const Component& component) {
  Check name = CheckText(Field(field, "name"), component.name, 1, limits::kValueBytes);
  if (!name.ok()) return name;
  return CheckText(Field(field, "version"), component.version, 0, limits::kUniqueIdBytes);
}

Check CheckComponents(const Field& field, const std::vector<Component>& components) {
  if (components.size() > limits::kComponents) {
    return internal::OutOfBounds(Field(field, ": count"), components.size(), 0,
                                 limits::kComponents);
  }
  std::vector<std::string_view> names;
  names.reserve(components.size());
  for (size_t i = 0; i < components.size(); ++i) {
    const Field item(field, "", i);
    Check check = CheckComponentAt(Field(item, "."), components[i]);
    if (!check.ok()) return check;
    names.push_back(components[i].name);
  }
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return Ok();
  return InvalidArgument(field.Text() + ": " + internal::Quote(*twice) +
                         " is there twice; each name once");
}

void AppendHex(uint64_t word, std::string& out) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) out += kDigits[(word >> shift) & 15];
}

// The 16 hexadecimal digits of `text`; nullopt when one is no lower-case digit.
std::optional<uint64_t> ParseHex(std::string_view text) {
  uint64_t word = 0;
  for (const char c : text) {
    const bool decimal = c >= '0' && c <= '9';
    if (!decimal && (c < 'a' || c > 'f')) return std::nullopt;
    word = word << 4 | static_cast<uint64_t>(decimal ? c - '0' : c - 'a' + 10);
  }
  return word;
}

}  // namespace

std::string_view Name(CacheState cache) { return internal::NameIn(kCacheStates, cache); }
std::string_view Name(LaunchMode launch) { return internal::NameIn(kLaunchModes, launch); }
std::string_view Name(Validation validation) { return internal::NameIn(kValidations, validation); }
std::string_view Name(DeviceKind kind) { return internal::NameIn(kDeviceKinds, kind); }

std::optional<CacheState> ParseCacheState(std::string_view name) {
  const std::optional<CacheState> cache = internal::ValueIn(kCacheStates, name);
  return cache == CacheState::kUnspecified ? std::nullopt : cache;
}

MeasurementPolicy Resolve(MeasurementPolicy policy, DeviceKind device) {
  if (policy.cache == CacheState::kUnspecified) policy.cache = CacheState::kWeightsCold;
  if (policy.launch == LaunchMode::kUnspecified) {
    policy.launch = device == DeviceKind::kCuda ? LaunchMode::kGraph : LaunchMode::kEager;
  }
  if (policy.validation == Validation::kUnspecified) policy.validation = Validation::kReference;
  return policy;
}

Check CheckPolicy(std::string_view field, const MeasurementPolicy& policy) {
  const Field prefix(field);
  const auto no_such = [&](const char* name, auto value) {
    return InvalidArgument(Field(prefix, name).Text() + ": " +
                           std::to_string(static_cast<int>(value)) + " is no such value");
  };
  if (Name(policy.cache) == "unknown") return no_such("cache", policy.cache);
  if (Name(policy.launch) == "unknown") return no_such("launch", policy.launch);
  if (Name(policy.validation) == "unknown") return no_such("validation", policy.validation);
  if (policy.budget_ms > limits::kBudgetMs) {
    return internal::OutOfBounds(Field(prefix, "budget_ms"), policy.budget_ms, 0,
                                 limits::kBudgetMs);
  }
  return Ok();
}

Check CheckDevice(std::string_view field, const DeviceClass& device) {
  return CheckDeviceAt(Field(field), device);
}

Check CheckComponent(std::string_view field, const Component& component) {
  return CheckComponentAt(Field(field), component);
}

Check CheckEnvironment(std::string_view field, const Environment& environment) {
  const Field prefix(field);
  Check check = CheckDeviceAt(Field(prefix, "device."), environment.device);
  if (check.ok()) {
    check = CheckText(Field(prefix, "driver"), environment.driver, 0, limits::kValueBytes);
  }
  if (check.ok()) {
    check = CheckText(Field(prefix, "runtime"), environment.runtime, 0, limits::kValueBytes);
  }
  if (!check.ok()) return check;
  return CheckComponents(Field(prefix, "components"), environment.components);
}

std::string ToHex(const Fingerprint& fingerprint) {
  std::string hex;
  hex.reserve(32);
  AppendHex(fingerprint.high, hex);
  AppendHex(fingerprint.low, hex);
  return hex;
}

std::optional<Fingerprint> ParseFingerprint(std::string_view hex) {
  if (hex.size() != 32) return std::nullopt;
  const std::optional<uint64_t> high = ParseHex(hex.substr(0, 16));
  const std::optional<uint64_t> low = ParseHex(hex.substr(16));
  if (!high || !low) return std::nullopt;
  return Fingerprint{*high, *low};
}

}  // namespace tactic
