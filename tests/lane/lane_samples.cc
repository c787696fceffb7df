#include "tests/lane/lane_samples.h"

namespace tactic::testing {

ContestSpec EchoSpec(const Parameters& attributes, int64_t n) {
  ContestSpec spec;
  spec.key.problem.op = "echo";
  spec.key.problem.attributes = attributes;
  spec.key.problem.inputs = {{DType::kF32, Layout::kRowMajor, {Dim::Static(n)}}};
  spec.key.policy = Resolve({}, DeviceKind::kHost);
  spec.seed = 7;
  return spec;
}

}  // namespace tactic::testing
