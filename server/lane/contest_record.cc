#include "server/lane/contest_record.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/convert/convert.h"
#include "server/lane/output_log.h"

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

absl::Status ContestRecord::AddCandidates(const v1::Candidates& message) {
  const auto count = static_cast<size_t>(message.candidates_size());
  if (count == 0 || count > limits::kCandidates) {
    return Wrong(absl::StrCat("candidates: count ", count, " is outside 1..", limits::kCandidates));
  }
  std::vector<Trial> trials(count);
  std::set<Candidate> seen;
  for (size_t i = 0; i < count; ++i) {
    const std::string field = absl::StrCat("candidates[", i, "]");
    Result<Candidate> candidate =
        convert::FromProto(field + ".", message.candidates(static_cast<int>(i)));
    if (!candidate.ok()) return Wrong(candidate.error().message);
    if (std::count(runners_.begin(), runners_.end(), candidate->runner) == 0) {
      return Wrong(absl::StrCat(field, ".runner: '", candidate->runner.name,
                                "' is not one of this contest"));
    }
    if (!seen.insert(*candidate).second) {
      return Wrong(absl::StrCat(field, ": '", ToText(*candidate), "' is there twice"));
    }
    trials[i].candidate = *std::move(candidate);
  }
  if (!trials[0].candidate.tactic.empty()) {
    return Wrong(absl::StrCat("candidates[0]: '", ToText(trials[0].candidate),
                              "' is not the default of a runner"));
  }
  if (trials_.empty()) {
    trials_ = std::move(trials);
    seen_in_.assign(count, 0);
    return absl::OkStatus();
  }
  const auto same = [](const Trial& a, const Trial& b) { return a.candidate == b.candidate; };
  if (!std::equal(trials.begin(), trials.end(), trials_.begin(), trials_.end(), same)) {
    return Wrong(absl::StrCat("candidates: a list of ", count, " that differs from the ", size(),
                              " of the worker before"));
  }
  return absl::OkStatus();
}

absl::Status ContestRecord::CheckItem(const v1::Observed::Item& item) const {
  if (item.candidate() >= size()) {
    return Wrong(absl::StrCat("items.candidate: ", item.candidate(), " is not below ", size()));
  }
  const Result<Outcome> outcome = convert::FromProto("items.outcome", item.outcome());
  if (!outcome.ok()) return Wrong(outcome.error().message);
  if (IsValid(*outcome) && !IsTime(item.nanoseconds())) {
    return Wrong(absl::StrCat("items.nanoseconds: ", item.nanoseconds(),
                              " is no time; above 0 and below ", kLongestNs));
  }
  return absl::OkStatus();
}

absl::Status ContestRecord::AddObserved(const v1::Observed& message, uint32_t epoch) {
  if (static_cast<size_t>(message.items_size()) > trials_.size()) {
    return Wrong(absl::StrCat("items: count ", message.items_size(), " is over ", size()));
  }
  if (samples_ + static_cast<size_t>(message.items_size()) > kSamples) {
    return Wrong(absl::StrCat("items: over ", kSamples, " samples in one contest"));
  }
  for (const v1::Observed::Item& item : message.items()) {
    if (absl::Status status = CheckItem(item); !status.ok()) return status;
  }
  for (const v1::Observed::Item& item : message.items()) {
    Trial& trial = trials_[item.candidate()];
    seen_in_[item.candidate()] = epoch + 1;
    if (!IsValid(trial.outcome)) continue;
    const auto outcome = static_cast<Outcome>(item.outcome());
    if (!IsValid(outcome)) {
      Fail(item.candidate(), outcome, item.detail());
      continue;
    }
    trial.samples.push_back({epoch, message.round(), static_cast<float>(item.nanoseconds())});
    ++samples_;
  }
  return absl::OkStatus();
}

void ContestRecord::Fail(uint32_t candidate, Outcome outcome, std::string detail) {
  trials_[candidate].outcome = outcome;
  trials_[candidate].detail = Escape(detail, kDetailBytes);
}

bool ContestRecord::SeenIn(uint32_t epoch, uint32_t candidate) const {
  return seen_in_[candidate] == epoch + 1;
}

uint32_t ContestRecord::failures() const {
  return static_cast<uint32_t>(std::count_if(
      trials_.begin(), trials_.end(), [](const Trial& trial) { return !IsValid(trial.outcome); }));
}

absl::Status ContestRecord::CheckVerdict(const v1::Finished& message) const {
  const int count = static_cast<int>(size());
  if (message.outcomes_size() != count || message.low_ns_size() != count ||
      message.high_ns_size() != count) {
    return Wrong(absl::StrCat("finished: ", message.outcomes_size(), " outcomes, ",
                              message.low_ns_size(), " low_ns and ", message.high_ns_size(),
                              " high_ns for ", count, " candidates"));
  }
  for (int i = 0; i < count; ++i) {
    const Result<Outcome> outcome =
        convert::FromProto(absl::StrCat("outcomes[", i, "]"), message.outcomes(i));
    if (!outcome.ok()) return Wrong(outcome.error().message);
    const double low = message.low_ns(i), high = message.high_ns(i);
    if (!(low >= 0 && high >= low && high < kLongestNs)) {
      return Wrong(absl::StrCat("low_ns[", i, "], high_ns[", i, "]: ", low, ", ", high,
                                " is no interval of times"));
    }
  }
  std::set<uint32_t> seen;
  for (const uint32_t i : message.order()) {
    if (i >= size() || !seen.insert(i).second) {
      return Wrong(absl::StrCat("order: ", i, " is there twice or not below ", size()));
    }
    if (failed(i) || trials_[i].samples.empty() ||
        !IsValid(static_cast<Outcome>(message.outcomes(static_cast<int>(i))))) {
      return Wrong(absl::StrCat("order: candidate ", i, " failed or was never measured"));
    }
  }
  if (message.tied() > size()) {
    return Wrong(absl::StrCat("tied: ", message.tied(), " is over ", size()));
  }
  if (message.order().empty()) return absl::OkStatus();
  const Result<Reason> reason = convert::FromProto("reason", message.reason());
  return reason.ok() ? absl::OkStatus() : Wrong(reason.error().message);
}

absl::Status ContestRecord::AddFinished(const v1::Finished& message) {
  if (absl::Status status = CheckVerdict(message); !status.ok()) return status;
  for (uint32_t i = 0; i < size(); ++i) {
    if (!failed(i))
      trials_[i].outcome = static_cast<Outcome>(message.outcomes(static_cast<int>(i)));
  }
  order_.assign(message.order().begin(), message.order().end());
  low_ns_.assign(message.low_ns().begin(), message.low_ns().end());
  high_ns_.assign(message.high_ns().begin(), message.high_ns().end());
  tied_ = message.tied();
  if (!order_.empty()) reason_ = static_cast<Reason>(message.reason());
  return absl::OkStatus();
}

std::string ContestRecord::FailureText() const {
  std::map<Outcome, int> kinds;
  const Trial* first = nullptr;
  for (const Trial& trial : trials_) {
    if (IsValid(trial.outcome)) continue;
    ++kinds[trial.outcome];
    if (first == nullptr) first = &trial;
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
  result.reason = reason_;
  result.tied = tied_;
  result.evidence.trials = trials_;
  for (Trial& trial : result.evidence.trials) trial.median_ns = Median(trial.samples);
  const std::vector<Trial>& trials = result.evidence.trials;
  if (!failed(0)) result.default_ns = trials[0].median_ns;
  std::set<RunnerId> ranked;
  for (const uint32_t i : order_) {
    if (!ranked.insert(trials[i].candidate.runner).second) continue;
    const double median = trials[i].median_ns;
    result.ranking.push_back(
        {trials[i].candidate, median, std::min(low_ns_[i], median), std::max(high_ns_[i], median)});
  }
  if (order_.empty()) result.failure = FailureText();
  return result;
}

}  // namespace tactic
