#include "runners/timing/race.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runners/timing/statistics.h"

namespace tactic::timing {
namespace {

std::vector<double> Times(std::span<const Sample> samples) {
  std::vector<double> times;
  times.reserve(samples.size());
  for (const Sample& sample : samples) times.push_back(sample.nanoseconds);
  return times;
}

// Kept as a float, so it must be one.
bool IsTime(double nanoseconds) {
  const auto stored = static_cast<float>(nanoseconds);
  return std::isfinite(stored) && stored > 0;
}

}  // namespace

Observation Checked(Observation observation) {
  if (!IsValid(observation.outcome) || IsTime(observation.nanoseconds)) return observation;
  observation.outcome = Outcome::kRejected;
  observation.detail = "took " + std::to_string(observation.nanoseconds) +
                       " ns by its timer, which is not a time; it must be finite and above 0";
  observation.nanoseconds = 0;
  return observation;
}

Race::Race(RaceInput input, RaceOptions options)
    : input_(std::move(input)), options_(options), random_(input_.seed) {
  input_.candidates = std::max(input_.candidates, 0);
  const auto count = static_cast<size_t>(input_.candidates);
  options_.min_rounds = std::max(options_.min_rounds, 3);
  options_.finalists = std::max(options_.finalists, 1);
  entries_.resize(count);
  for (size_t i = input_.tie_rank.size(); i < count; ++i) input_.tie_rank.push_back(i);
  OrderScreening();
}

void Race::OrderScreening() {
  std::vector<int> wanted = input_.first;
  if (input_.incumbent) wanted.push_back(*input_.incumbent);
  wanted.push_back(input_.default_candidate);
  for (int i = 0; i < input_.candidates; ++i) wanted.push_back(i);
  std::vector<bool> taken(entries_.size());
  for (int i : wanted) {
    if (i < 0 || i >= input_.candidates || taken[i]) continue;
    taken[i] = true;
    screening_.push_back(i);
  }
}

void Race::Restore(int candidate, const Trial& trial) {
  if (candidate < 0 || candidate >= input_.candidates) return;
  Entry& entry = entries_[candidate];
  if (!IsValid(trial.outcome)) {
    entry.outcome = trial.outcome;
    entry.detail = trial.detail;
  }
  std::copy_if(trial.samples.begin(), trial.samples.end(), std::back_inserter(entry.samples),
               [](const Sample& sample) { return IsTime(sample.nanoseconds); });
  std::stable_sort(entry.samples.begin(), entry.samples.end(),
                   [](const Sample& a, const Sample& b) {
                     return std::pair(a.epoch, a.round) < std::pair(b.epoch, b.round);
                   });
}

// What comes next.

Race::Step Race::Next() {
  if (phase_ == Phase::kScreening) {
    if (const auto candidate = NextToScreen()) return {Step::Kind::kScreen, 0, {*candidate}};
    AfterScreening();
  }
  const auto open = Where([](const Entry& entry) { return entry.open(); }).size();
  if (phase_ == Phase::kRacing &&
      (phase_rounds_ >= RoundsInPhase() || open <= static_cast<size_t>(options_.finalists))) {
    KeepFinalists();
  }
  const bool finished = phase_ == Phase::kFinals && phase_rounds_ >= RoundsInPhase();
  if (finished || settled_ || open == 0 || OutOfBudget()) phase_ = Phase::kDone;
  if (phase_ == Phase::kDone) return {};
  Shuffle();
  ++phase_rounds_;
  return {Step::Kind::kRound, ++round_, order_};
}

std::optional<int> Race::NextToScreen() {
  while (next_screen_ < screening_.size()) {
    const int candidate = screening_[next_screen_++];
    if (entries_[candidate].failed()) continue;
    if (OutOfBudget() && !Carried(candidate)) continue;
    return candidate;
  }
  return std::nullopt;
}

// A fresh random order; in the finals every second round is the last one reversed, so that what a
// candidate leaves behind for its successor, and slow drift, cancel out.
void Race::Shuffle() {
  if (phase_ == Phase::kFinals && phase_rounds_ % 2 == 1) {
    std::erase_if(order_, [this](int i) { return !entries_[i].open(); });
    std::reverse(order_.begin(), order_.end());
    return;
  }
  order_ = Where([](const Entry& entry) { return entry.open(); });
  for (size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[random_() % i]);
}

int Race::RoundsInPhase() const {
  const int rounds = phase_ == Phase::kRacing ? options_.full_rounds : options_.final_rounds;
  const auto leader = Leader();
  const bool slow = leader && MedianOf(*leader) > options_.slow_ns;
  return slow ? std::max(options_.min_rounds, rounds / 4) : rounds;
}

// What came of it.

void Race::Add(const Step& step, std::span<const Observation> observations) {
  const int failed_before = Failed();
  last_cost_ns_ = 0;
  for (const Observation& observation : observations) {
    if (std::count(step.candidates.begin(), step.candidates.end(), observation.candidate) > 0) {
      Absorb(step, observation);
    }
  }
  spent_ns_ += last_cost_ns_;
  if (step.kind == Step::Kind::kRound) AfterRound(Failed() > failed_before);
}

void Race::Absorb(const Step& step, const Observation& raw) {
  const Observation observation = Checked(raw);
  Entry& entry = entries_[observation.candidate];
  if (std::isfinite(observation.cost_ns)) last_cost_ns_ += std::max(observation.cost_ns, 0.0);
  if (entry.failed()) return;
  if (!IsValid(observation.outcome)) {
    entry.outcome = observation.outcome;
    entry.detail = observation.detail;
    return;
  }
  const Sample sample{input_.epoch, step.round, static_cast<float>(observation.nanoseconds)};
  const bool repeated = !entry.samples.empty() && entry.samples.back().epoch == sample.epoch &&
                        entry.samples.back().round == sample.round;
  if (repeated) return;
  entry.samples.push_back(sample);
  if (step.kind == Step::Kind::kScreen) {
    entry.screened = true;
    entry.screen_ns = observation.nanoseconds;
  }
}

void Race::AfterScreening() {
  phase_ = Phase::kRacing;
  for (Entry& entry : entries_) {
    if (entry.screened || entry.failed()) continue;
    if (entry.samples.empty()) {
      entry.outcome = Outcome::kRejected;
      entry.detail = OutOfBudget() ? "not measured: the budget ended first" : "not measured";
    } else {
      entry.eliminated = true;
    }
  }
  ApplyScreenCut();
}

void Race::ApplyScreenCut() {
  double best = 0;
  for (const Entry& entry : entries_) {
    if (entry.open() && (best == 0 || entry.screen_ns < best)) best = entry.screen_ns;
  }
  for (int i = 0; i < input_.candidates; ++i) {
    Entry& entry = entries_[i];
    if (Carried(i) || !entry.open()) continue;
    entry.eliminated = entry.screen_ns > best * options_.first_cut;
  }
}

void Race::AfterRound(bool someone_failed) {
  if (someone_failed) {
    // Who was dropped may have been dropped for being slower than the one that failed.
    for (Entry& entry : entries_) entry.eliminated = entry.eliminated && !entry.screened;
    ApplyScreenCut();
    phase_rounds_ = 0;
  }
  const auto open = Where([](const Entry& entry) { return entry.open(); });
  if (open.empty()) return;
  const int leader = LeaderOf(open);
  const auto comparisons = CompareAll(open, leader);
  settled_ = round_ >= static_cast<uint32_t>(options_.min_rounds);
  for (size_t k = 0; k < open.size(); ++k) {
    if (open[k] == leader) continue;
    if (IsOut(open[k], leader, comparisons[k])) {
      entries_[open[k]].eliminated = true;
      continue;
    }
    const double zone = std::log1p(options_.zone);
    settled_ = settled_ && comparisons[k].High(options_.sigmas) < zone &&
               comparisons[k].Low(options_.sigmas) > -zone;
  }
}

bool Race::IsOut(int i, int leader, const Comparison& comparison) const {
  // Of many equals one is ahead by luck: to call the stored pick slower takes more.
  const int enough = input_.incumbent == i ? 4 * options_.min_rounds : options_.min_rounds;
  if (comparison.rounds >= enough) {
    return comparison.Low(options_.sigmas) > std::log1p(options_.zone);
  }
  // One interruption can spoil one sample, seldom both.
  const double cut = std::log(options_.round_cut);
  return comparison.rounds == 1 && !Carried(i) && comparison.difference > cut &&
         std::log(entries_[i].screen_ns / entries_[leader].screen_ns) > cut;
}

void Race::KeepFinalists() {
  phase_ = Phase::kFinals;
  phase_rounds_ = 0;
  const auto open = Where([](const Entry& entry) { return entry.open(); });
  if (open.size() <= static_cast<size_t>(options_.finalists)) return;
  const auto comparisons = CompareAll(open, LeaderOf(open));
  std::vector<size_t> by_time(open.size());
  std::iota(by_time.begin(), by_time.end(), size_t{0});
  std::stable_sort(by_time.begin(), by_time.end(), [&](size_t a, size_t b) {
    return comparisons[a].difference < comparisons[b].difference;
  });
  for (size_t k = options_.finalists; k < by_time.size(); ++k) {
    const int i = open[by_time[k]];
    entries_[i].eliminated = !Carried(i);
  }
}

// Statistics over what is there.

std::vector<int> Race::Where(bool (*holds)(const Entry&)) const {
  std::vector<int> found;
  for (int i = 0; i < input_.candidates; ++i) {
    if (holds(entries_[i])) found.push_back(i);
  }
  return found;
}

// Among whom the decision is: who is still open; if nobody is, whoever was ever measured.
std::vector<int> Race::Contenders() const {
  auto open = Where([](const Entry& entry) { return entry.open(); });
  if (!open.empty()) return open;
  return Where([](const Entry& entry) { return !entry.failed() && !entry.samples.empty(); });
}

std::vector<Comparison> Race::CompareAll(const std::vector<int>& who, int leader) const {
  std::vector<std::vector<double>> ratios;
  std::vector<double> spreads;
  for (int i : who) {
    ratios.push_back(LogRatios(entries_[i].samples, entries_[leader].samples));
    if (i != leader && ratios.back().size() >= 3) spreads.push_back(Spread(ratios.back()));
  }
  // A few ratios that happen to lie close must not look certain: none is believed to be steadier
  // than the median one.
  const double common = spreads.empty() ? 0 : Median(spreads);
  std::vector<Comparison> comparisons;
  for (size_t k = 0; k < who.size(); ++k) {
    if (who[k] == leader) {
      comparisons.push_back({0, 0, static_cast<int>(ratios[k].size())});
    } else if (ratios[k].size() >= 3) {
      comparisons.push_back(
          Summarise(ratios[k], std::max(Spread(ratios[k]), common), options_.error_floor));
    } else if (!ratios[k].empty()) {
      comparisons.push_back(Summarise(ratios[k], options_.single_error, options_.error_floor));
    } else {
      const double ratio = MedianOf(who[k]) / MedianOf(leader);
      comparisons.push_back({std::log(ratio), options_.single_error, 0});
    }
  }
  return comparisons;
}

// The least median, then whoever beats that one within rounds.
int Race::LeaderOf(const std::vector<int>& who) const {
  int leader = *std::min_element(who.begin(), who.end(),
                                 [this](int a, int b) { return MedianOf(a) < MedianOf(b); });
  constexpr int kPasses = 4;  // Ratios need not be transitive: do not go round in circles.
  for (int pass = 0; pass < kPasses; ++pass) {
    const auto comparisons = CompareAll(who, leader);
    const auto best = std::min_element(
        comparisons.begin(), comparisons.end(),
        [](const Comparison& a, const Comparison& b) { return a.difference < b.difference; });
    if (best->difference >= 0) break;
    leader = who[static_cast<size_t>(best - comparisons.begin())];
  }
  return leader;
}

std::optional<int> Race::Leader() const {
  const auto contenders = Contenders();
  if (contenders.empty()) return std::nullopt;
  return LeaderOf(contenders);
}

double Race::MedianOf(int i) const {
  return entries_[i].samples.empty() ? 0 : Median(Times(entries_[i].samples));
}

std::pair<double, double> Race::Interval(int i) const {
  return MedianInterval(Times(entries_[i].samples));
}

Trial Race::TrialOf(int i) const {
  const Entry& entry = entries_[i];
  Trial trial;
  trial.outcome = entry.eliminated && !entry.failed() ? Outcome::kEliminated : entry.outcome;
  trial.detail = entry.detail;
  trial.median_ns = MedianOf(i);
  trial.samples = entry.samples;
  return trial;
}

int Race::Remaining() const {
  const auto remaining =
      Where([](const Entry& entry) { return !entry.failed() && !entry.eliminated; });
  return static_cast<int>(remaining.size());
}

int Race::Screened() const { return static_cast<int>(next_screen_); }

int Race::Failed() const {
  return static_cast<int>(
      std::count_if(entries_.begin(), entries_.end(), [](const Entry& e) { return e.failed(); }));
}

double Race::ExpectedLeftNs() const {
  double left = 0;
  if (phase_ == Phase::kScreening && next_screen_ > 0) {
    const double each = spent_ns_ / static_cast<double>(next_screen_);
    left = each * static_cast<double>(screening_.size() - next_screen_);
  } else if (phase_ == Phase::kRacing || phase_ == Phase::kFinals) {
    left = last_cost_ns_ * std::max(RoundsInPhase() - phase_rounds_, 0);
  }
  const double budget_left = options_.budget_ns - spent_ns_;
  return options_.budget_ns > 0 ? std::clamp(budget_left, 0.0, left) : left;
}

}  // namespace tactic::timing
