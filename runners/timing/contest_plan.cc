#include "runners/timing/contest_plan.h"

#include <algorithm>
#include <utility>

#include "runners/timing/priors.h"

namespace tactic::timing {

namespace {

// More are searched, not screened one by one.
constexpr size_t kScreenAll = 1000;

// Several times the rounds, and a smaller risk to drop whom more rounds would favour.
RaceOptions Thorough(RaceOptions options) {
  constexpr int kTimes = 4;
  options.min_rounds *= kTimes;
  options.full_rounds *= kTimes;
  options.final_rounds *= kTimes;
  options.incumbent_rounds *= kTimes;
  options.drop_risk /= kTimes;
  options.end_risk /= kTimes;
  return options;
}

}  // namespace

WallBudget::WallBudget(const ContestPlan& contest)
    : has_limit_(contest.policy.budget_ms > 0),
      end_(std::chrono::steady_clock::now() + std::chrono::milliseconds(contest.policy.budget_ms) -
           std::chrono::milliseconds(static_cast<int64_t>(1e3 * contest.spent_seconds))) {}

std::vector<Observation> RejectionsOf(const ContestPlan& contest, const CandidateList& list) {
  std::vector<Observation> rejections;
  for (size_t i = 0; i < list.candidates.size(); ++i) {
    const Ban* ban = contest.bans.Find(list.candidates[i]);
    if (ban == nullptr) continue;
    rejections.push_back({static_cast<int>(i), Outcome::kRejected, 0, WhyBanned(*ban)});
  }
  return rejections;
}

Race MakeRace(const ContestPlan& contest, const CandidateList& list) {
  RaceInput input;
  input.candidates = static_cast<int>(list.candidates.size());
  if (contest.incumbent) input.incumbent = list.Find(*contest.incumbent);
  for (const Candidate& candidate : contest.first) {
    if (const auto index = list.Find(candidate)) input.first.push_back(*index);
  }
  const Priors priors = PriorsFrom(contest.neighbours, list.candidates, {});
  input.first.insert(input.first.end(), priors.first.begin(), priors.first.end());
  if (!contest.thorough) input.hopeless = priors.hopeless;
  if (list.candidates.size() > kScreenAll) {
    input.search = [&] {
      return MakeSearch(SearchStrategy::kModel, list.candidates, contest.seed);
    };
  }
  input.tie_rank = TieRanks(list.candidates);
  input.seed = contest.seed;
  input.epoch = contest.epoch;
  RaceOptions options;
  options.budget_ns = 1e6 * contest.policy.budget_ms;
  options.min_rounds = std::max(options.min_rounds, 2 * contest.cycle_rounds);
  if (contest.thorough) options = Thorough(options);
  Race race(std::move(input), options);
  for (const Trial& trial : contest.earlier) {
    if (const auto index = list.Find(trial.candidate)) race.Restore(*index, trial);
  }
  for (const Observation& banned : RejectionsOf(contest, list)) {
    race.Restore(banned.candidate, {.outcome = banned.outcome, .detail = banned.detail});
  }
  return race;
}

Result<std::unique_ptr<Sampler>> MakeSampler(const ContestPlan& contest, const CandidateList& list,
                                             DeviceSession& session, LaunchObserver& observer) {
  std::vector<SamplerCandidate> candidates;
  for (size_t i = 0; i < list.candidates.size(); ++i) {
    candidates.push_back({list.runners[i], list.candidates[i].tactic});
  }
  return session.MakeSampler({*contest.entry->op, contest.problem, std::move(candidates),
                              contest.policy, contest.memory_bytes},
                             observer);
}

std::vector<CandidateResult> ResultsOf(std::span<const Observation> observations) {
  std::vector<CandidateResult> results;
  for (const Observation& observation : observations) {
    results.push_back({static_cast<uint32_t>(observation.candidate), observation.outcome,
                       observation.nanoseconds, observation.detail});
  }
  return results;
}

ContestVerdict VerdictOf(const Race& race, size_t candidates) {
  const Verdict decided = race.Decide();
  ContestVerdict verdict;
  verdict.order.assign(decided.order.begin(), decided.order.end());
  verdict.reason = decided.reason;
  verdict.tied = static_cast<uint32_t>(decided.tied);
  for (size_t i = 0; i < candidates; ++i) {
    const int candidate = static_cast<int>(i);
    verdict.outcomes.push_back(race.TrialOf(candidate).outcome);
    const auto [low, high] = race.Interval(candidate);
    verdict.low_ns.push_back(low);
    verdict.high_ns.push_back(high);
  }
  return verdict;
}

}  // namespace tactic::timing
