// The writing half of codec.h, and fingerprints.
#include <algorithm>

#include "proto/model/bytes.h"
#include "tactic/model/codec.h"
#define XXH_INLINE_ALL
#include "xxhash.h"

namespace tactic {
namespace {

using internal::ByteWriter;
using internal::kDimDerived;
using internal::kDimRanged;

// Of what fingerprints are computed over. A change gives every key a new fingerprint, so that no
// stored decision answers any more.
constexpr uint8_t kIdentityVersion = 1;

ByteWriter Begin() {
  ByteWriter out;
  out.Byte(internal::kEncodingVersion);
  return out;
}

void Write(const Parameters& parameters, ByteWriter& out);

void Write(const Value& value, ByteWriter& out) {
  out.Byte(static_cast<uint8_t>(value.index()));
  struct Writer {
    ByteWriter& out;
    void operator()(int64_t v) const { out.Signed(v); }
    void operator()(bool v) const { out.Byte(v ? 1 : 0); }
    void operator()(double v) const { out.Double(v); }
    void operator()(const std::string& v) const { out.Text(v); }
    void operator()(const ValueList& v) const {
      out.Varint(v.items.size());
      for (const Value& item : v.items) Write(item, out);
    }
    void operator()(const Parameters& v) const { Write(v, out); }
  };
  std::visit(Writer{out}, value);
}

void Write(const Parameters& parameters, ByteWriter& out) {
  out.Varint(parameters.size());
  for (const Parameter& parameter : parameters.items()) {
    out.Text(parameter.name);
    Write(parameter.value, out);
  }
}

void Write(const Dim& dim, ByteWriter& out) {
  const bool ranged = dim.min != dim.opt || dim.max != dim.opt;
  out.Byte((dim.derived ? kDimDerived : 0) | (ranged ? kDimRanged : 0));
  out.Signed(dim.opt);
  if (!ranged) return;
  out.Signed(dim.min);
  out.Signed(dim.max);
}

void Write(const Problem& problem, ByteWriter& out) {
  out.Text(problem.op);
  Write(problem.attributes, out);
  out.Varint(problem.inputs.size());
  for (const Tensor& input : problem.inputs) {
    out.Enum(input.dtype);
    out.Enum(input.layout);
    out.Varint(input.dims.size());
    for (const Dim& dim : input.dims) Write(dim, out);
  }
}

void Write(const MeasurementPolicy& policy, ByteWriter& out) {
  out.Enum(policy.cache);
  out.Enum(policy.launch);
  out.Enum(policy.validation);
  out.Varint(policy.budget_ms);
}

void Write(const Environment& environment, ByteWriter& out) {
  const DeviceClass& device = environment.device;
  out.Enum(device.kind);
  out.Text(device.arch);
  out.Varint(device.units);
  out.Varint(device.cache_bytes);
  out.Text(device.partition);
  out.Text(device.label);
  out.Varint(device.memory_bytes);
  out.Text(environment.driver);
  out.Text(environment.runtime);
  out.Varint(environment.components.size());
  for (const Component& component : environment.components) {
    out.Text(component.name);
    out.Text(component.version);
  }
}

void Write(const Candidate& candidate, ByteWriter& out) {
  out.Text(candidate.runner.name);
  out.Text(candidate.runner.unique_id);
  Write(candidate.tactic, out);
}

// What identifies; kIdentityVersion goes up with any change here. Never decoded.
void WriteIdentity(const Problem& problem, ByteWriter& out) {
  out.Text(problem.op);
  Write(problem.attributes, out);
  out.Varint(problem.inputs.size());
  for (const Tensor& input : problem.inputs) {
    out.Enum(input.dtype);
    out.Enum(input.layout);
    out.Varint(input.dims.size());
    for (const Dim& dim : input.dims) out.Signed(dim.KeySize());
  }
}

void WriteIdentity(const Environment& environment, ByteWriter& out) {
  const DeviceClass& device = environment.device;
  out.Enum(device.kind);
  out.Text(device.arch);
  out.Varint(device.units);
  out.Varint(device.cache_bytes);
  out.Text(device.partition);
  out.Text(environment.driver);
  out.Text(environment.runtime);
  std::vector<Component> components = environment.components;
  std::sort(components.begin(), components.end());
  out.Varint(components.size());
  for (const Component& component : components) {
    out.Text(component.name);
    out.Text(component.version);
  }
}

}  // namespace

std::string Encode(const Key& key) {
  ByteWriter out = Begin();
  Write(key.problem, out);
  Write(key.policy, out);
  Write(key.environment, out);
  return out.Take();
}

std::string Encode(const Environment& environment) {
  ByteWriter out = Begin();
  Write(environment, out);
  return out.Take();
}

std::string Encode(const Candidate& candidate) {
  ByteWriter out = Begin();
  Write(candidate, out);
  return out.Take();
}

std::string Encode(const std::vector<Ranked>& ranking) {
  ByteWriter out = Begin();
  out.Varint(ranking.size());
  for (const Ranked& ranked : ranking) {
    Write(ranked.candidate, out);
    out.Double(ranked.median_ns);
    out.Double(ranked.low_ns);
    out.Double(ranked.high_ns);
  }
  return out.Take();
}

// A sample is the step of its round from the sample before (zigzag) with, in the lowest bit,
// whether the epoch differs; then the epoch if so; then the time. Mostly 5 bytes.
std::string Encode(const std::vector<Sample>& samples) {
  ByteWriter out = Begin();
  out.Varint(samples.size());
  Sample previous;
  for (const Sample& sample : samples) {
    const bool epoch_differs = sample.epoch != previous.epoch;
    const int64_t step = int64_t{sample.round} - int64_t{previous.round};
    out.Signed(step * 2 + (epoch_differs ? 1 : 0));
    if (epoch_differs) out.Varint(sample.epoch);
    out.Float(sample.nanoseconds);
    previous = sample;
  }
  return out.Take();
}

std::string Encode(const Shapes& shapes) {
  ByteWriter out = Begin();
  out.Varint(shapes.size());
  for (const std::vector<int64_t>& shape : shapes) {
    out.Varint(shape.size());
    for (const int64_t size : shape) out.Signed(size);
  }
  return out.Take();
}

uint64_t Checksum(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

Fingerprint Hash128(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

// The first byte keeps the kinds of identity apart, the second is the version of the form.
Fingerprint FingerprintOf(const Key& key) {
  ByteWriter out;
  out.Byte('K');
  out.Byte(kIdentityVersion);
  WriteIdentity(key.problem, out);
  Write(key.policy, out);
  WriteIdentity(key.environment, out);
  return Hash128(out.Take());
}

Fingerprint FingerprintOf(const Environment& environment) {
  ByteWriter out;
  out.Byte('E');
  out.Byte(kIdentityVersion);
  WriteIdentity(environment, out);
  return Hash128(out.Take());
}

}  // namespace tactic
