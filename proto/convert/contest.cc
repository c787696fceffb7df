#include "proto/convert/contest.h"

#include <cmath>
#include <string>
#include <utility>

#include "proto/convert/convert.h"
#include "proto/model/text.h"

namespace tactic::convert {
namespace {

using internal::Field;

std::string Item(std::string_view field, int index) {
  return std::string(field) + "[" + std::to_string(index) + "]";
}

Check CheckCount(std::string_view field, int count) {
  if (static_cast<size_t>(count) <= limits::kCandidates) return Ok();
  return internal::OutOfBounds(Field(Field(field), ": count"), count, 0, limits::kCandidates);
}

template <typename Items>
void WriteResults(const std::vector<CandidateResult>& from, Items* to) {
  to->Clear();
  for (const CandidateResult& result : from) {
    auto* added = to->Add();
    added->set_candidate(result.candidate);
    added->set_outcome(static_cast<v1::Outcome>(result.outcome));
    added->set_nanoseconds(result.nanoseconds);
    // May be what a runner's exception said: the message must be sent whatever that holds.
    added->set_detail(ToPrintable(result.detail, limits::kDetailBytes));
  }
}

template <typename Items>
Result<std::vector<CandidateResult>> ReadResults(std::string_view field, const Items& from) {
  if (const Check count = CheckCount(field, from.size()); !count.ok()) return count.error();
  std::vector<CandidateResult> results;
  results.reserve(static_cast<size_t>(from.size()));
  for (int i = 0; i < from.size(); ++i) {
    const Result<Outcome> outcome = FromProto(Item(field, i) + ".outcome", from[i].outcome());
    if (!outcome.ok()) return outcome.error();
    results.push_back({from[i].candidate(), *outcome, from[i].nanoseconds(), from[i].detail()});
  }
  return results;
}

template <typename Message>
void WriteVerdict(const ContestVerdict& from, Message* to) {
  to->mutable_order()->Assign(from.order.begin(), from.order.end());
  if (!from.order.empty()) to->set_reason(static_cast<v1::Reason>(from.reason));
  to->set_tied(from.tied);
  to->clear_outcomes();
  for (const Outcome outcome : from.outcomes) to->add_outcomes(static_cast<v1::Outcome>(outcome));
  to->mutable_low_ns()->Assign(from.low_ns.begin(), from.low_ns.end());
  to->mutable_high_ns()->Assign(from.high_ns.begin(), from.high_ns.end());
}

template <typename Message>
Result<ContestVerdict> ReadVerdict(std::string_view field, const Message& from) {
  const std::string outcomes = std::string(field) + "outcomes";
  if (const Check c = CheckCount(outcomes, from.outcomes_size()); !c.ok()) return c.error();
  ContestVerdict verdict;
  verdict.order.assign(from.order().begin(), from.order().end());
  verdict.tied = from.tied();
  for (int i = 0; i < from.outcomes_size(); ++i) {
    const Result<Outcome> outcome = FromProto(Item(outcomes, i), from.outcomes(i));
    if (!outcome.ok()) return outcome.error();
    verdict.outcomes.push_back(*outcome);
  }
  verdict.low_ns.assign(from.low_ns().begin(), from.low_ns().end());
  verdict.high_ns.assign(from.high_ns().begin(), from.high_ns().end());
  if (verdict.order.empty()) return verdict;
  const Result<Reason> reason = FromProto(std::string(field) + "reason", from.reason());
  if (!reason.ok()) return reason.error();
  verdict.reason = *reason;
  return verdict;
}

}  // namespace

void ToProto(const std::vector<CandidateResult>& from, v1::Observed* to) {
  WriteResults(from, to->mutable_items());
}

void ToProto(const std::vector<CandidateResult>& from, v1::ReportTrialsRequest* to) {
  WriteResults(from, to->mutable_results());
}

void ToProto(const ContestVerdict& from, v1::Finished* to) { WriteVerdict(from, to); }

void ToProto(const ContestVerdict& from, v1::Verdict* to) { WriteVerdict(from, to); }

Result<std::vector<Candidate>> FromProto(
    std::string_view field, const google::protobuf::RepeatedPtrField<v1::Candidate>& from) {
  if (const Check count = CheckCount(field, from.size()); !count.ok()) return count.error();
  std::vector<Candidate> candidates;
  candidates.reserve(static_cast<size_t>(from.size()));
  for (int i = 0; i < from.size(); ++i) {
    Result<Candidate> candidate = FromProto(Item(field, i) + ".", from[i]);
    if (!candidate.ok()) return candidate.error();
    candidates.push_back(*std::move(candidate));
  }
  return candidates;
}

Result<std::vector<CandidateResult>> FromProto(
    std::string_view field, const google::protobuf::RepeatedPtrField<v1::Observed::Item>& from) {
  return ReadResults(field, from);
}

Result<std::vector<CandidateResult>> FromProto(
    std::string_view field, const google::protobuf::RepeatedPtrField<v1::Observation>& from) {
  return ReadResults(field, from);
}

Result<ContestVerdict> FromProto(std::string_view field, const v1::Finished& from) {
  return ReadVerdict(field, from);
}

Result<ContestVerdict> FromProto(std::string_view field, const v1::Verdict& from) {
  return ReadVerdict(field, from);
}

void ToProto(const Neighbour& from, v1::Neighbour* to) {
  to->Clear();
  for (const Neighbour::Ratio& trial : from.trials) {
    ToProto(trial.candidate, to->add_candidates());
    to->add_slower(trial.slower);
  }
}

Result<Neighbour> FromProto(std::string_view field, const v1::Neighbour& from) {
  auto candidates = FromProto(std::string(field) + "candidates", from.candidates());
  if (!candidates.ok()) return candidates.error();
  if (from.slower_size() != from.candidates_size()) {
    return InvalidArgument(
        std::string(field) + "slower: count is " + std::to_string(from.slower_size()) +
        "; it must be that of candidates, " + std::to_string(from.candidates_size()));
  }
  Neighbour neighbour;
  for (int i = 0; i < from.slower_size(); ++i) {
    const double slower = from.slower(i);
    if (!std::isfinite(slower) || slower <= 0) {
      return InvalidArgument(std::string(field) + Item("slower", i) + " is " +
                             std::to_string(slower) + "; it must be finite and above 0");
    }
    neighbour.trials.push_back({std::move((*candidates)[static_cast<size_t>(i)]), slower});
  }
  return neighbour;
}

}  // namespace tactic::convert
