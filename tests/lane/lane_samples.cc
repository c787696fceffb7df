#include "tests/lane/lane_samples.h"

namespace tactic::testing {

RunnerId SampleRunner(const std::string& name) { return {name, "1"}; }

v1::Candidates CandidatesMessage(int count) {
  v1::Candidates message;
  for (int i = 0; i < count; ++i) {
    v1::Candidate* candidate = message.add_candidates();
    candidate->mutable_runner()->set_name("r");
    candidate->mutable_runner()->set_unique_id("1");
    if (i == 0) continue;
    v1::Parameter* parameter = candidate->add_tactic();
    parameter->set_name("i");
    parameter->mutable_value()->set_int_value(i);
  }
  return message;
}

v1::Observed ObservedMessage(const std::vector<Item>& items, uint32_t round) {
  v1::Observed message;
  message.set_round(round);
  for (const Item& from : items) {
    v1::Observed::Item* item = message.add_items();
    item->set_candidate(from.candidate);
    item->set_nanoseconds(from.nanoseconds);
    item->set_outcome(from.nanoseconds == 0 ? v1::OUTCOME_WRONG_RESULT : v1::OUTCOME_MEASURED);
    if (from.nanoseconds == 0) item->set_detail("off by one");
  }
  return message;
}

v1::Finished FinishedMessage(int count, const std::vector<uint32_t>& order) {
  v1::Finished message;
  message.set_reason(v1::REASON_CLEAR);
  message.set_tied(1);
  for (const uint32_t i : order) message.add_order(i);
  for (int i = 0; i < count; ++i) {
    message.add_outcomes(v1::OUTCOME_MEASURED);
    message.add_low_ns(0);
    message.add_high_ns(0);
  }
  return message;
}

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
