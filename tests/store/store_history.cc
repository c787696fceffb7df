#include "tests/store/store_history.h"

#include <map>
#include <optional>

#include "tests/support/samples.h"

namespace tactic::testing {
namespace {

constexpr int kKeys = 3;

Evidence SmallEvidence() {
  return {0, {{SampleCandidate(1), Outcome::kMeasured, "", 1000, {{0, 0, 1000.0f}}}}, 0, 0.5};
}

Job HistoryJob(int number) {
  Job job;
  job.id = "j-" + std::to_string(number);
  JobItem item;
  item.key = SampleKey(number % kKeys);
  item.fingerprint = FingerprintOf(item.key);
  job.items = {item};
  return job;
}

std::string CheckOne(Store& store, uint64_t id) {
  const auto decision = store.FindDecision(id);
  if (!decision.ok()) return decision.status().ToString();
  // Ids and revisions both count the decisions.
  if (decision->revision != id) return "revision " + std::to_string(decision->revision);
  const auto evidence = store.LoadEvidence(id);
  return evidence.ok() ? "" : evidence.status().ToString();
}

}  // namespace

std::vector<Decision> WriteHistory(Store& store, int decisions, bool stop_at_error) {
  std::vector<Decision> acknowledged;
  for (int i = 0; i < decisions; ++i) {
    Decision decision = SampleDecision(i % kKeys);
    decision.tied = static_cast<uint32_t>(1 + i);
    const auto stored = store.PutContest(decision.key, decision, SmallEvidence());
    if (stored.ok()) acknowledged.push_back(**stored);
    const auto none = store.PutContest(decision.key, std::nullopt, SmallEvidence());
    const absl::Status job = store.PutJob(HistoryJob(i));
    if (stop_at_error && !(stored.ok() && none.ok() && job.ok())) break;
  }
  return acknowledged;
}

std::string WhatIsWrong(Store& store, const std::vector<Decision>& acknowledged,
                        uint64_t attempts) {
  const uint64_t head = store.Info().revision;
  if (head > attempts) return "revision " + std::to_string(head);
  if (store.Info().damaged_rows != 0) return "damaged rows";
  std::map<Fingerprint, uint64_t> newest;
  for (uint64_t id = 1; id <= head; ++id) {
    if (std::string wrong = CheckOne(store, id); !wrong.empty()) {
      return "decision " + std::to_string(id) + " of " + std::to_string(head) + ": " + wrong;
    }
    newest[FingerprintOf(store.FindDecision(id)->key)] = id;
  }
  for (const Decision& decision : acknowledged) {
    const auto found = store.FindDecision(decision.id);
    if (!found.ok() || *found != decision) {
      return "acknowledged decision " + std::to_string(decision.id) + " is lost or changed";
    }
  }
  const auto standing = store.LoadDecisions();
  if (!standing.ok()) return standing.status().ToString();
  for (const Decision& decision : *standing) {
    if (newest[FingerprintOf(decision.key)] != decision.id) return "a superseded one stands";
  }
  if (standing->size() != newest.size()) return "a standing decision is missing";
  const auto jobs = store.LoadJobs();
  return jobs.ok() ? "" : jobs.status().ToString();
}

}  // namespace tactic::testing
