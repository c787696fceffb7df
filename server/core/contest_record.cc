#include "server/core/contest_record.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/core/escape.h"

namespace tactic {
namespace {

constexpr double kLongestNs = 1e13;  // Of one launch: nearly three hours.

absl::Status Wrong(const std::string& message) { return absl::InvalidArgumentError(message); }

bool IsTime(double ns) { return std::isfinite(ns) && ns > 0 && ns < kLongestNs; }

// Middle value; the mean of the two middle ones of an even number; 0 for none.
double Median(const std::vector<Sample>& samples) {
  if (samples.empty()) return 0;
  std::vector<double> times;
  times.reserve(samples.size());
  for (const Sample& sample : samples) times.push_back(sample.nanoseconds);
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  if (times.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(times.begin(), middle)) / 2;
}

}  // namespace

absl::Status ContestRecord::AddCandidates(const std::vector<Candidate>& candidates) {
  const size_t count = candidates.size();
  if (count == 0 || count > limits::kCandidates) {
    return Wrong(absl::StrCat("candidates: count ", count, " is outside 1..", limits::kCandidates));
  }
  std::vector<Trial> trials(count);
  std::set<Candidate> seen;
  for (size_t i = 0; i < count; ++i) {
    const std::string field = absl::StrCat("candidates[", i, "]");
    const Candidate& candidate = candidates[i];
    if (std::count(runners_.begin(), runners_.end(), candidate.runner) == 0) {
      return Wrong(
          absl::StrCat(field, ".runner: '", candidate.runner.name, "' is not one of this contest"));
    }
    if (!seen.insert(candidate).second) {
      return Wrong(absl::StrCat(field, ": '", ToText(candidate), "' is there twice"));
    }
    trials[i].candidate = candidate;
  }
  if (!candidates[0].tactic.empty()) {
    return Wrong(absl::StrCat("candidates[0]: '", ToText(candidates[0]),
                              "' is not the default of a runner"));
  }
  if (trials_.empty()) {
    trials_ = std::move(trials);
    seen_in_.assign(count, 0);
    Reject();
    return absl::OkStatus();
  }
  const auto same = [](const Trial& a, const Trial& b) { return a.candidate == b.candidate; };
  if (!std::equal(trials.begin(), trials.end(), trials_.begin(), trials_.end(), same)) {
    return Wrong(absl::StrCat("candidates: a list of ", count, " that differs from the ", size(),
                              " of the worker before"));
  }
  return absl::OkStatus();
}

absl::Status ContestRecord::CheckResult(const CandidateResult& result) const {
  if (result.candidate >= size()) {
    return Wrong(absl::StrCat("results.candidate: ", result.candidate, " is not below ", size()));
  }
  if (IsValid(result.outcome) && !IsTime(result.nanoseconds)) {
    return Wrong(absl::StrCat("results.nanoseconds: ", result.nanoseconds,
                              " is no time; above 0 and below ", kLongestNs));
  }
  return absl::OkStatus();
}

absl::Status ContestRecord::AddResults(const std::vector<CandidateResult>& results, uint32_t round,
                                       uint32_t epoch) {
  if (results.size() > trials_.size() + 1) {
    return Wrong(absl::StrCat("results: count ", results.size(), " is over ", size() + 1));
  }
  if (samples_ + results.size() > kSamples) {
    return Wrong(absl::StrCat("results: over ", kSamples, " samples in one contest"));
  }
  for (const CandidateResult& result : results) {
    if (absl::Status status = CheckResult(result); !status.ok()) return status;
  }
  for (const CandidateResult& result : results) {
    Trial& trial = trials_[result.candidate];
    seen_in_[result.candidate] = epoch + 1;
    if (!IsValid(trial.outcome)) continue;
    if (!IsValid(result.outcome)) {
      Fail(result.candidate, result.outcome, result.detail);
      continue;
    }
    if (!result.detail.empty()) trial.detail = Escape(result.detail, kDetailBytes);
    const bool control = !trial.samples.empty() && trial.samples.back().epoch == epoch &&
                         trial.samples.back().round == round;
    if (control) continue;
    trial.samples.push_back({epoch, round, static_cast<float>(result.nanoseconds)});
    ++samples_;
  }
  return absl::OkStatus();
}

void ContestRecord::AddDisturbance(Disturbance seen) {
  if (disturbances_.size() == limits::kDisturbances) return;
  seen.cause = Escape(seen.cause, kDetailBytes);
  disturbances_.push_back(std::move(seen));
}

void ContestRecord::Fail(uint32_t candidate, Outcome outcome, std::string_view detail) {
  trials_[candidate].outcome = outcome;
  trials_[candidate].detail = Escape(detail, kDetailBytes);
}

void ContestRecord::TakeOver(const ContestRecord& earlier) {
  std::map<Candidate, const Trial*> known;
  for (const Trial& trial : earlier.trials_) known.emplace(trial.candidate, &trial);
  for (Trial& trial : trials_) {
    const auto found = known.find(trial.candidate);
    if (found == known.end()) continue;
    trial = *found->second;
    samples_ += trial.samples.size();
  }
  Reject();
}

void ContestRecord::Reject() {
  for (uint32_t i = 0; i < size(); ++i) {
    const Ban* ban = bans_.Find(trials_[i].candidate);
    if (ban != nullptr) Fail(i, Outcome::kRejected, WhyBanned(*ban));
  }
}

bool ContestRecord::SeenIn(uint32_t epoch, uint32_t candidate) const {
  return seen_in_[candidate] == epoch + 1;
}

uint32_t ContestRecord::failures() const {
  return static_cast<uint32_t>(std::count_if(
      trials_.begin(), trials_.end(), [](const Trial& trial) { return IsFailure(trial.outcome); }));
}

absl::Status ContestRecord::CheckVerdict(const ContestVerdict& verdict) const {
  const size_t count = size();
  if (verdict.outcomes.size() != count || verdict.low_ns.size() != count ||
      verdict.high_ns.size() != count) {
    return Wrong(absl::StrCat("verdict: ", verdict.outcomes.size(), " outcomes, ",
                              verdict.low_ns.size(), " low_ns and ", verdict.high_ns.size(),
                              " high_ns for ", count, " candidates"));
  }
  for (size_t i = 0; i < count; ++i) {
    const double low = verdict.low_ns[i], high = verdict.high_ns[i];
    if (!(low >= 0 && high >= low && high < kLongestNs)) {
      return Wrong(absl::StrCat("low_ns[", i, "], high_ns[", i, "]: ", low, ", ", high,
                                " is no interval of times"));
    }
  }
  std::set<uint32_t> seen;
  for (const uint32_t i : verdict.order) {
    if (i >= size() || !seen.insert(i).second) {
      return Wrong(absl::StrCat("order: ", i, " is there twice or not below ", size()));
    }
    if (failed(i) || trials_[i].samples.empty() || !IsValid(verdict.outcomes[i])) {
      return Wrong(absl::StrCat("order: candidate ", i, " failed or was never measured"));
    }
  }
  if (verdict.tied <= size()) return absl::OkStatus();
  return Wrong(absl::StrCat("tied: ", verdict.tied, " is over ", size()));
}

absl::Status ContestRecord::AddVerdict(const ContestVerdict& verdict) {
  if (absl::Status status = CheckVerdict(verdict); !status.ok()) return status;
  for (uint32_t i = 0; i < size(); ++i) {
    if (!failed(i)) trials_[i].outcome = verdict.outcomes[i];
  }
  verdict_ = verdict;
  return absl::OkStatus();
}

std::string ContestRecord::FailureText() const {
  std::map<Outcome, int> kinds;
  const Trial* first = nullptr;
  for (const Trial& trial : trials_) {
    if (IsValid(trial.outcome)) continue;
    ++kinds[trial.outcome];
    if (first == nullptr && IsFailure(trial.outcome)) first = &trial;
  }
  std::string text = absl::StrCat("none of ", size(), " candidates is valid: ");
  const char* separator = "";
  for (const auto& [outcome, count] : kinds) {
    absl::StrAppend(&text, separator, count, " ", std::string(Name(outcome)));
    separator = ", ";
  }
  if (first == nullptr) return absl::StrCat(text, "none was measured");
  return absl::StrCat(text, "; first: ", ToText(first->candidate), ": ", first->detail);
}

ContestResult ContestRecord::ToResult() const {
  ContestResult result;
  result.reason = verdict_.reason;
  result.tied = verdict_.tied;
  result.evidence.trials = trials_;
  result.evidence.disturbances = disturbances_;
  for (Trial& trial : result.evidence.trials) trial.median_ns = Median(trial.samples);
  const std::vector<Trial>& trials = result.evidence.trials;
  if (IsValid(trials[0].outcome)) result.default_ns = trials[0].median_ns;
  std::set<RunnerId> ranked;
  for (const uint32_t i : verdict_.order) {
    if (!ranked.insert(trials[i].candidate.runner).second) continue;
    const double median = trials[i].median_ns;
    result.ranking.push_back({trials[i].candidate, median, std::min(verdict_.low_ns[i], median),
                              std::max(verdict_.high_ns[i], median)});
  }
  if (verdict_.order.empty()) result.failure = FailureText();
  return result;
}

}  // namespace tactic
