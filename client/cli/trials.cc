#include "client/cli/trials.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "client/cli/format.h"

namespace tactic::cli {
namespace {

constexpr size_t kPictureColumns = 40;
constexpr size_t kLeastPictureColumns = 16;

// The samples of the rounds; of the screening pass only if there are no others, since its one
// launch may have met a cold code cache.
std::vector<double> TimesOf(const Trial& trial) {
  std::vector<double> rounds;
  std::vector<double> screening;
  for (const Sample& sample : trial.samples) {
    (sample.round > 0 ? rounds : screening).push_back(sample.nanoseconds);
  }
  return rounds.empty() ? screening : rounds;
}

LogAxis AxisOver(const std::vector<std::vector<double>>& times, size_t width) {
  LogAxis axis{0, 0, width};
  for (const auto& of_trial : times) {
    for (const double time : of_trial) {
      if (axis.low == 0 || time < axis.low) axis.low = time;
      axis.high = std::max(axis.high, time);
    }
  }
  return axis;
}

std::string LeftOut(size_t count) {
  return count == 0 ? "" : "… and " + std::to_string(count) + " more; --all shows them\n";
}

std::string ValidText(const std::vector<const Trial*>& valid, const TrialTableOptions& options) {
  const size_t shown = options.limit == 0 ? valid.size() : std::min(valid.size(), options.limit);
  std::vector<std::vector<double>> times;
  for (size_t i = 0; i < shown; ++i) times.push_back(TimesOf(*valid[i]));
  const size_t room = options.width == 0 ? kPictureColumns : options.width / 3;
  const LogAxis axis = AxisOver(times, std::clamp(room, kLeastPictureColumns, kPictureColumns));
  using Align = Table::Align;
  Table table({{"#", Align::kRight},
               {"candidate", Align::kLeft, true},
               {"median", Align::kRight},
               {"of best", Align::kRight},
               {"n", Align::kRight},
               {DrawAxis(axis)}});
  for (size_t i = 0; i < shown; ++i) {
    const Trial& trial = *valid[i];
    table.Add({std::to_string(i + 1), ToText(trial.candidate), FormatNanoseconds(trial.median_ns),
               FormatSpeedup(trial.median_ns, valid.front()->median_ns),
               std::to_string(times[i].size()), DrawSpread(SpreadOf(times[i]), axis)});
  }
  return table.Render(options.width) + LeftOut(valid.size() - shown);
}

std::string FailedText(const std::vector<const Trial*>& failed, const TrialTableOptions& options) {
  const size_t shown = options.limit == 0 ? failed.size() : std::min(failed.size(), options.limit);
  Table table(
      {{"failed"}, {"candidate", Table::Align::kLeft, true}, {"why", Table::Align::kLeft, true}});
  for (size_t i = 0; i < shown; ++i) {
    table.Add(
        {std::string(Name(failed[i]->outcome)), ToText(failed[i]->candidate), failed[i]->detail});
  }
  return table.Render(options.width) + LeftOut(failed.size() - shown);
}

}  // namespace

std::string TrialsText(const std::vector<Trial>& trials, const TrialTableOptions& options) {
  std::vector<const Trial*> valid;
  std::vector<const Trial*> failed;
  for (const Trial& trial : trials) {
    if (IsValid(trial.outcome)) valid.push_back(&trial);
    if (IsFailure(trial.outcome)) failed.push_back(&trial);
  }
  const size_t not_measured = trials.size() - valid.size() - failed.size();
  std::stable_sort(valid.begin(), valid.end(),
                   [](const Trial* a, const Trial* b) { return a->median_ns < b->median_ns; });
  std::stable_sort(failed.begin(), failed.end(), [](const Trial* a, const Trial* b) {
    return std::tie(a->outcome, a->candidate) < std::tie(b->outcome, b->candidate);
  });
  std::string text =
      Plural(trials.size(), "candidate") + ", " + std::to_string(failed.size()) + " failed" +
      (not_measured > 0 ? ", " + std::to_string(not_measured) + " not measured" : "") + "\n";
  if (!valid.empty()) text += "\n" + ValidText(valid, options);
  if (!failed.empty()) text += "\n" + FailedText(failed, options);
  return text;
}

}  // namespace tactic::cli
