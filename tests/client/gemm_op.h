// An op with one dynamic dimension, and decisions for it, for tests of the client.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tactic/cache.h"

namespace tactic::testing {

inline const RunnerId kBlocked{"host_blocked", "1"};
inline const RunnerId kOpenBlas{"openblas", "0.3.21"};

inline Environment HostEnvironment(std::string runner_version = "1") {
  Environment environment;
  environment.device.arch = "GenuineIntel-6-207-avx512";
  environment.device.units = 8;
  environment.device.cache_bytes = 32 << 20;
  environment.components = {{"runner:host_blocked", std::move(runner_version)}};
  return environment;
}

inline std::vector<std::pair<std::string, Environment>> Environments() {
  return {{"gemm", HostEnvironment()}};
}

// gemm [m,k] x [k,n], f32; m is dynamic: powers of two, rounded up.
inline OpSpec GemmSpec(std::vector<RunnerId> runners = {kBlocked, kOpenBlas}) {
  OpSpec spec;
  spec.op = "gemm";
  spec.inputs = {{}, {}};
  spec.runners = std::move(runners);
  spec.dynamic = {DynamicDim{}};
  return spec;
}

inline Problem GemmOf(int64_t m, int64_t k = 64, int64_t n = 32) {
  return {"gemm",
          {},
          {{DType::kF32, Layout::kRowMajor, {Dim::Static(m), Dim::Static(k)}},
           {DType::kF32, Layout::kRowMajor, {Dim::Static(k), Dim::Static(n)}}}};
}

inline Tactic TacticOf(int64_t kc) { return {{"kc", kc}}; }

// host_blocked with kc = `id`, then openblas by default.
inline Decision DecisionFor(Problem problem, uint64_t id, uint64_t revision) {
  Decision decision;
  decision.id = id;
  decision.revision = revision;
  decision.key = {std::move(problem), Resolve({}, DeviceKind::kHost), HostEnvironment()};
  decision.ranking = {{.candidate = {kBlocked, TacticOf(static_cast<int64_t>(id))}},
                      {.candidate = {kOpenBlas, {}}}};
  return decision;
}

}  // namespace tactic::testing
