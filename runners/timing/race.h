// The race: which candidates to sample next, when to stop, and what to decide. Pure: no clock, no
// I/O, no threads; the same observations and seed give the same steps and the same verdict.
// docs/measurement.md explains the statistics.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runners/timing/paired.h"
#include "runners/timing/sampler.h"
#include "runners/timing/search.h"
#include "tactic/model/decision.h"

namespace tactic::timing {

// Units and reasons. Ratios are to the leader's time; what is expected or risked is in log units
// (0.001 = 0.1 %). docs/measurement.md says how each was chosen, and shows what it matters.
struct RaceOptions {
  double first_cut = 1.5;   // Out after the screening pass.
  double round_cut = 1.15;  // Out after the first round, if the screening sample agrees.
  // From `min_rounds` on: out once giving it up is expected to lose less than this.
  double drop_risk = 0.0001;
  // The race ends once no other candidate is expected to gain more than this over the leader.
  double end_risk = 0.001;
  double zone = 0.002;  // Indifference: a difference under this is not worth leaving the default.
  double sigmas = 3.0;  // How sure before a difference is called clear, in standard errors.
  // A stored answer is replaced only by what is faster by more than this, and so surely: a change
  // costs every program that runs with it.
  double incumbent_zone = 0.005;
  double incumbent_sigmas = 2.0;
  int incumbent_rounds = 12;  // Before that many the incumbent is not dropped.
  // Rounds near in time are alike (clock, heat, what runs beside): the error of a mean of them is
  // so many times that of independent ones,
  double dependence = 2.0;
  // and never less than this in up to `floor_rounds` rounds; in more, less by the root of how many
  // times more. Candidates drift apart for so long, and a few rounds cannot see it.
  double error_floor = 0.02;
  int floor_rounds = 10;
  double single_error = 0.05;  // The deviation of one ratio while too few tell it.
  double pooled_rounds = 8;    // Weight of all candidates' spread in that of each.
  int min_rounds = 3;    // No statistics, and no end, before this many: each time that is reported
                         // rests on a few samples.
  int full_rounds = 12;  // Rounds of all survivors before only `finalists` go on.
  int finalists = 8;
  int final_rounds = 48;  // Further rounds, in palindromic order (ABBA): a bound, seldom reached.
  int control_every = 2;  // Every so many final rounds sample the leader twice (A/A); 0 = never.
  double slow_ns = 5e6;   // A leader slower than this gets a quarter of the rounds: its samples are
                          // long and steady.
  double budget_ns = 0;  // Stop and decide on the best so far once sampling has cost this much; 0 =
                         // no limit.
  double audit_share = 0.05;  // Of the candidates to be skipped, so many are measured all the same.
  int searched = 300;         // With a search: so many candidates are screened.
};

struct RaceInput {
  int candidates = 0;
  // The default and the incumbent are spared the cuts: only a failure, or rounds that show one to
  // be clearly slower, take it out. Screened early, whatever the budget.
  int default_candidate = 0;
  std::optional<int> incumbent;  // The stored pick, if it is among the candidates.
  std::vector<int> first;        // Screened first, in this order: priors. The rest follow by index.
  // What priors show hopeless: not measured, except a sample of them (RaceOptions.audit_share). If
  // one of that sample would have survived the screening pass, all are measured. The default, the
  // incumbent and those in `first` are never skipped.
  std::vector<int> hopeless;
  // Makes a search: not all candidates are screened then, but those in `first`, the incumbent, the
  // default, and those that it proposes, up to RaceOptions.searched in all. `hopeless` is not read.
  std::function<std::unique_ptr<Search>()> search;
  std::vector<uint64_t>
      tie_rank;  // Fixed order among equals: lower wins. One per candidate; stable across contests.
  uint64_t seed = 0;
  uint32_t epoch = 0;  // Of the samples to come. Earlier ones may be restored.
};

struct Verdict {
  int pick = -1;  // -1: no valid candidate.
  Reason reason = Reason::kClear;
  int tied = 0;  // Candidates that are not clearly slower than the leader, itself included.
  std::vector<int> order;  // Every valid candidate: the pick, then by time.
  // The leader against itself (A/A): what the noise alone made of equal candidates.
  Comparison control;
};

// `observation`, but a time that is not a positive, finite number becomes a failure that says so.
Observation Checked(Observation observation);

class Race {
 public:
  Race(RaceInput input, RaceOptions options);

  // What to do next. kScreen: screen `candidates` (one). kRound: one sample of each, in order; one
  // candidate may stand there twice (the A/A control). kDone: nothing. Ends after a bounded number
  // of calls, whatever is added.
  struct Step {
    enum class Kind { kScreen, kRound, kDone } kind = Kind::kDone;
    uint32_t round = 0;
    std::vector<int> candidates;
  };
  Step Next();
  // What came of the last step. A round with a failed candidate drops that candidate and keeps the
  // others. A time that is not a positive number is a failure. Observations of candidates outside
  // the step are ignored.
  void Add(const Step& step, std::span<const Observation> observations);
  // A trial from an earlier worker process of the same contest: failures stay failures, samples
  // stay evidence, and a valid candidate is screened again (its new process must be warmed up).
  // Before the first Next().
  void Restore(int candidate, const Trial& trial);
  // The time allowed for the whole is over, whatever RaceOptions.budget_ns says: only the default
  // and the incumbent are still screened, then the best so far is the answer.
  void EndBudget() { budget_ended_ = true; }

  Verdict Decide() const;
  // All that is known of candidate i; `candidate` itself is left empty.
  Trial TrialOf(int i) const;
  // 95 % interval of candidate i's median, {0,0} without samples.
  std::pair<double, double> Interval(int i) const;
  std::optional<int> Leader() const;
  double MedianOf(int i) const;  // 0 = no sample.

  enum class Phase { kScreening, kRacing, kFinals, kDone };
  Phase phase() const { return phase_; }
  int Remaining() const;  // Candidates neither failed nor eliminated.
  int Screened() const;   // Screening steps begun.
  int Failed() const;
  // At most about this much sampling is left, by what the last steps cost; 0 = not known yet.
  double ExpectedLeftNs() const;

 private:
  struct Entry {
    Outcome outcome = Outcome::kMeasured;
    std::string detail;
    bool screened = false;  // In this process.
    bool eliminated = false;
    std::vector<Sample> samples;  // In order of (epoch, round).
    double screen_ns = 0;
    bool valid() const { return IsValid(outcome); }
    bool open() const { return screened && !eliminated && valid(); }
  };

  void OrderScreening();
  bool Carried(int i) const { return i == input_.default_candidate || input_.incumbent == i; }
  bool OutOfBudget() const {
    return budget_ended_ || (options_.budget_ns > 0 && spent_ns_ >= options_.budget_ns);
  }
  std::optional<int> NextToScreen();
  // Adds to the screening; false: nothing is to be added.
  bool AddSearched();
  bool AddSkipped();
  bool AuditFailed() const;
  double BestScreened() const;  // 0: nobody is open.
  void Absorb(const Step& step, const Observation& raw);
  void Shuffle();
  std::vector<int> WithControl() const;
  void AfterScreening();
  void AfterRound(bool someone_failed);
  void ApplyScreenCut();
  bool IsOut(int i, int leader, const Comparison& comparison) const;
  bool IncumbentIsSlower(const Comparison& comparison) const;
  bool IncumbentIsClear(const Comparison& comparison) const;
  bool IsSettled(const std::vector<int>& who, const std::vector<Comparison>& comparisons) const;
  void KeepFinalists();
  int RoundsInPhase() const;
  std::vector<int> Where(bool (*holds)(const Entry&)) const;
  std::vector<int> Contenders() const;
  // Each of `who` against `leader`, in the same order, and the leader against itself.
  struct Comparisons {
    std::vector<Comparison> to_leader;
    Comparison control;
  };
  Comparisons CompareAll(const std::vector<int>& who, int leader) const;
  double ErrorFloor(size_t rounds) const;
  int LeaderOf(const std::vector<int>& who) const;
  // Not clearly slower than the leader.
  bool InsideNoise(const Comparison& comparison) const;
  // Fills pick and reason. `to_leader` is by candidate.
  void Pick(const std::vector<int>& who, const std::vector<Comparison>& to_leader, int leader,
            Verdict& verdict) const;

  RaceInput input_;
  std::unique_ptr<Search> search_;  // nullptr: all are screened.
  RaceOptions options_;
  std::mt19937_64 random_;
  std::vector<Entry> entries_;
  std::vector<int> screening_;  // The order of the screening pass.
  std::vector<int> audited_;    // Of these, the hopeless that are measured all the same.
  std::vector<int> skipped_;    // The other hopeless ones, until they are needed.
  size_t next_screen_ = 0;
  Phase phase_ = Phase::kScreening;
  uint32_t round_ = 0;           // Rounds begun.
  int phase_rounds_ = 0;         // Of these in this phase.
  bool settled_ = false;         // More rounds would change nothing that matters.
  std::vector<int> order_;       // Of the last round, without the control.
  std::vector<double> control_;  // ln(second / first) of the leader, of rounds that had it twice.
  bool budget_ended_ = false;
  double spent_ns_ = 0;
  double last_cost_ns_ = 0;  // Of the last step.
};

}  // namespace tactic::timing
