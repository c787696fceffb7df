#include "runners/timing/race.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runners/timing/permute.h"
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
  if (input_.search) search_ = input_.search();
  OrderScreening();
}

void Race::OrderScreening() {
  std::vector<int> wanted = input_.first;
  if (input_.incumbent) wanted.push_back(*input_.incumbent);
  wanted.push_back(input_.default_candidate);
  std::vector<bool> hopeless(entries_.size());
  for (int i : input_.hopeless) {
    if (i >= 0 && i < input_.candidates) hopeless[i] = true;
  }
  for (int i : wanted) {
    if (i >= 0 && i < input_.candidates) hopeless[i] = false;
  }
  const int listed = search_ == nullptr ? input_.candidates : 0;  // The rest is the search's.
  for (int i = 0; i < listed; ++i) (hopeless[i] ? skipped_ : wanted).push_back(i);
  Permute(skipped_, random_);
  const double audits = std::ceil(options_.audit_share * static_cast<double>(skipped_.size()));
  const auto kept = skipped_.size() - std::min(skipped_.size(), static_cast<size_t>(audits));
  audited_.assign(skipped_.begin() + static_cast<std::ptrdiff_t>(kept), skipped_.end());
  skipped_.resize(kept);
  wanted.insert(wanted.end(), audited_.begin(), audited_.end());
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
  if (IsFailure(trial.outcome)) {
    entry.outcome = trial.outcome;
    entry.detail = trial.detail;
    if (search_ != nullptr) search_->Tell(candidate, std::nullopt);  // Takes nobody's place.
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
  Step step{Step::Kind::kRound, ++round_, WithControl()};
  ++phase_rounds_;
  return step;
}

std::optional<int> Race::NextToScreen() {
  while (true) {
    while (next_screen_ < screening_.size()) {
      const int candidate = screening_[next_screen_++];
      if (!entries_[candidate].valid()) continue;
      if (OutOfBudget() && !Carried(candidate)) continue;
      return candidate;
    }
    if (!AddSearched() && !AddSkipped()) return std::nullopt;
  }
}

bool Race::AddSearched() {
  if (search_ == nullptr || OutOfBudget()) return false;
  if (screening_.size() >= static_cast<size_t>(std::max(options_.searched, 1))) return false;
  const std::optional<int> candidate = search_->Next();
  if (candidate) screening_.push_back(*candidate);
  return candidate.has_value();
}

bool Race::AddSkipped() {
  if (skipped_.empty() || !AuditFailed()) return false;
  screening_.insert(screening_.end(), skipped_.begin(), skipped_.end());
  skipped_.clear();
  return true;
}

// Whether what was to be skipped must be measured after all.
bool Race::AuditFailed() const {
  const double best = BestScreened();
  return best == 0 || std::any_of(audited_.begin(), audited_.end(), [&](int i) {
           return entries_[i].open() && entries_[i].screen_ns <= best * options_.first_cut;
         });
}

double Race::BestScreened() const {
  double best = 0;
  for (const Entry& entry : entries_) {
    if (entry.open() && (best == 0 || entry.screen_ns < best)) best = entry.screen_ns;
  }
  return best;
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
  Permute(order_, random_);
}

// The order, with the leader a second time in the mirrored place now and then.
std::vector<int> Race::WithControl() const {
  std::vector<int> order = order_;
  const bool due = phase_ == Phase::kFinals && options_.control_every > 0 &&
                   phase_rounds_ % options_.control_every == 0 && order.size() > 1;
  if (!due) return order;
  const int leader = LeaderOf(order);
  const auto at = std::find(order.begin(), order.end(), leader);
  order.insert(order.end() - (at - order.begin()), leader);
  return order;
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
  if (!entry.valid()) return;
  if (search_ != nullptr && step.kind == Step::Kind::kScreen) {
    const bool valid = IsValid(observation.outcome);
    search_->Tell(observation.candidate,
                  valid ? std::optional(observation.nanoseconds) : std::nullopt);
  }
  if (!IsValid(observation.outcome)) {
    entry.outcome = observation.outcome;
    entry.detail = observation.detail;
    return;
  }
  if (!observation.detail.empty()) entry.detail = observation.detail;  // A remark.
  const Sample sample{input_.epoch, step.round, static_cast<float>(observation.nanoseconds)};
  const bool repeated = !entry.samples.empty() && entry.samples.back().epoch == sample.epoch &&
                        entry.samples.back().round == sample.round;
  if (repeated) {
    const bool control =
        std::count(step.candidates.begin(), step.candidates.end(), observation.candidate) > 1;
    if (control)
      control_.push_back(std::log(sample.nanoseconds / entry.samples.back().nanoseconds));
    return;
  }
  entry.samples.push_back(sample);
  if (step.kind == Step::Kind::kScreen) {
    entry.screened = true;
    entry.screen_ns = observation.nanoseconds;
  }
}

void Race::AfterScreening() {
  phase_ = Phase::kRacing;
  for (int i = 0; i < input_.candidates; ++i) {
    Entry& entry = entries_[i];
    if (entry.screened || !entry.valid()) continue;
    if (!entry.samples.empty()) {
      entry.eliminated = true;
      continue;
    }
    const bool skipped = std::find(skipped_.begin(), skipped_.end(), i) != skipped_.end();
    entry.outcome = Outcome::kNotMeasured;
    entry.detail = skipped         ? "neighbouring decisions show it far slower"
                   : OutOfBudget() ? "the budget ended first"
                                   : "the search did not come to it";
  }
  ApplyScreenCut();
}

void Race::ApplyScreenCut() {
  const double best = BestScreened();
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
  const auto comparisons = CompareAll(open, leader).to_leader;
  for (size_t k = 0; k < open.size(); ++k) {
    if (open[k] != leader) entries_[open[k]].eliminated = IsOut(open[k], leader, comparisons[k]);
  }
  settled_ = round_ >= static_cast<uint32_t>(options_.min_rounds) && IsSettled(open, comparisons);
}

bool Race::IsOut(int i, int leader, const Comparison& comparison) const {
  // Of many equals one is ahead by luck: to call the stored pick slower takes more.
  if (input_.incumbent == i) {
    return comparison.rounds >= options_.incumbent_rounds && IncumbentIsSlower(comparison);
  }
  if (comparison.rounds >= options_.min_rounds) {
    // The default is the answer also when it is a little slower.
    const double handicap = i == input_.default_candidate ? std::log1p(options_.zone) : 0;
    return comparison.ExpectedGain(handicap) < options_.drop_risk;
  }
  // One interruption can spoil one sample, seldom both.
  const double cut = std::log(options_.round_cut);
  return comparison.rounds == 1 && !Carried(i) && comparison.difference > cut &&
         std::log(entries_[i].screen_ns / entries_[leader].screen_ns) > cut;
}

bool Race::IncumbentIsSlower(const Comparison& comparison) const {
  return comparison.Low(options_.incumbent_sigmas) > std::log1p(options_.incumbent_zone);
}

// Whether it is known if the incumbent stays, as far as the rounds that are left could tell.
bool Race::IncumbentIsClear(const Comparison& comparison) const {
  return comparison.rounds >= options_.incumbent_rounds &&
         comparison.difference <= std::log1p(options_.incumbent_zone);
}

// Whether more rounds would change nothing that matters.
bool Race::IsSettled(const std::vector<int>& who,
                     const std::vector<Comparison>& comparisons) const {
  for (size_t k = 0; k < who.size(); ++k) {
    const Comparison& comparison = comparisons[k];
    if (!entries_[who[k]].open()) continue;
    if (comparison.ExpectedGain() > options_.end_risk) return false;
    if (input_.incumbent == who[k] && !IncumbentIsClear(comparison)) return false;
  }
  return true;
}

void Race::KeepFinalists() {
  phase_ = Phase::kFinals;
  phase_rounds_ = 0;
  const auto open = Where([](const Entry& entry) { return entry.open(); });
  if (open.size() <= static_cast<size_t>(options_.finalists)) return;
  const auto comparisons = CompareAll(open, LeaderOf(open)).to_leader;
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
  return Where([](const Entry& entry) { return entry.valid() && !entry.samples.empty(); });
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
  trial.outcome = entry.eliminated && entry.valid() ? Outcome::kEliminated : entry.outcome;
  trial.detail = entry.detail;
  trial.median_ns = MedianOf(i);
  trial.samples = entry.samples;
  return trial;
}

int Race::Remaining() const {
  const auto remaining =
      Where([](const Entry& entry) { return entry.valid() && !entry.eliminated; });
  return static_cast<int>(remaining.size());
}

int Race::Screened() const { return static_cast<int>(next_screen_); }

int Race::Failed() const {
  return static_cast<int>(std::count_if(entries_.begin(), entries_.end(), [](const Entry& entry) {
    return IsFailure(entry.outcome);
  }));
}

double Race::ExpectedLeftNs() const {
  double left = 0;
  if (phase_ == Phase::kScreening && next_screen_ > 0) {
    const double each = spent_ns_ / static_cast<double>(next_screen_);
    const auto searched = static_cast<size_t>(std::clamp(options_.searched, 0, input_.candidates));
    const size_t all = std::max(screening_.size(), search_ == nullptr ? size_t{0} : searched);
    left = each * static_cast<double>(all - next_screen_);
  } else if (phase_ == Phase::kRacing || phase_ == Phase::kFinals) {
    left = last_cost_ns_ * std::max(RoundsInPhase() - phase_rounds_, 0);
  }
  const double budget_left = options_.budget_ns - spent_ns_;
  return options_.budget_ns > 0 ? std::clamp(budget_left, 0.0, left) : left;
}

}  // namespace tactic::timing
