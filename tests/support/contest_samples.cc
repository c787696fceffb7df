#include "tests/support/contest_samples.h"

namespace tactic::testing {

RunnerId SampleRunner(const std::string& name) { return {name, "1"}; }

std::vector<Candidate> CandidateList(int count) {
  std::vector<Candidate> candidates;
  for (int i = 0; i < count; ++i) {
    const Tactic tactic = i == 0 ? Tactic() : Tactic({{"i", int64_t{i}}});
    candidates.push_back({SampleRunner(), tactic});
  }
  return candidates;
}

std::vector<CandidateResult> Results(const std::vector<Item>& items) {
  std::vector<CandidateResult> results;
  for (const Item& item : items) {
    const bool failed = item.nanoseconds == 0;
    results.push_back({item.candidate, failed ? Outcome::kWrongResult : Outcome::kMeasured,
                       item.nanoseconds, failed ? "off by one" : ""});
  }
  return results;
}

ContestVerdict VerdictOver(size_t count, const std::vector<uint32_t>& order) {
  ContestVerdict verdict;
  verdict.order = order;
  verdict.tied = 1;
  verdict.outcomes.assign(count, Outcome::kMeasured);
  verdict.low_ns.assign(count, 0);
  verdict.high_ns.assign(count, 0);
  return verdict;
}

}  // namespace tactic::testing
