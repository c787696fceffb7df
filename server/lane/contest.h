// The course of one contest over the lives of its workers: what to tell the next worker, and who is
// to blame when one dies. Pure; not thread-safe.
//
// Blame. The journal names the candidate whose code was running. One hang and it is failed. After a
// crash, or rubbish in the channel, it is a suspect: the next worker runs it before all others, and
// if that kills this worker too it is failed, else it is cleared, for a neighbour may have spoilt
// the memory of the first. Who dies a third time although it passed alone is failed as well.
// Suspects run in the order in which they are listed and each result is sent before the next one
// begins, so while suspects are left the first without a result is the one that was running,
// whatever the journal says: a candidate may have written over it. When the journal names nobody,
// every candidate becomes a suspect, in order to use just that.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/core/contest_record.h"
#include "server/core/lane.h"
#include "server/lane/journal.h"
#include "tactic/v1/worker.pb.h"

namespace tactic {

struct Death {
  enum class Kind { kCrash, kHang, kProtocolError } kind = Kind::kCrash;
  std::string detail;       // "killed by SIGSEGV", without the phase.
  JournalSnapshot journal;  // As the worker left it.
  // Candidates of the first good result after the damage: one of them wrote the rubbish. Empty:
  // none came.
  std::vector<uint32_t> ran_during_damage;
};

class Contest {
 public:
  // `runners`: those of the op that take part. `run` numbers the first worker's run; each next
  // worker's is one more.
  Contest(const ContestSpec& spec, std::vector<RunnerId> runners, uint64_t run,
          uint64_t memory_limit_bytes);

  ContestRecord& record() { return record_; }
  const ContestRecord& record() const { return record_; }
  uint32_t epoch() const { return epoch_; }  // Workers that died so far.

  // Wall time so far, which counts against the policy's budget.
  void SetSpent(double seconds) { spent_seconds_ = seconds; }
  // The work for the next worker. `with_samples` false: failures only, for a list that would not
  // fit into a frame.
  v1::Run NextRun(bool with_samples) const;

  // The worker died: draws the consequences and goes on to the next epoch. True: a candidate, or
  // one of several, was to blame. False: nobody was, which is the lane's concern.
  bool AddDeath(const Death& death);
  // What AddDeath found, for the log.
  const std::string& last_finding() const { return last_finding_; }

  // Not OK: there is no sense in starting another worker. InvalidArgument: the problem itself kills
  // workers. Unavailable: they die of something else.
  absl::Status GoOn() const;
  // As GoOn, but because candidates kill too many workers: a result without a ranking.
  std::optional<std::string> WornOut() const;

  static constexpr int kDeathsOfCandidate = 3;  // Failed at this one, even if cleared in between.
  static constexpr int kBlamedDeaths = 256;
  static constexpr int kUnblamedDeaths = 3;
  static constexpr int kOwnStepDeaths = 2;  // In the list of candidates, or the reference.

 private:
  std::optional<uint32_t> Culprit(const Death& death) const;
  std::optional<uint32_t> FirstUnseenSuspect() const;
  void Convict(uint32_t candidate, const Death& death, std::string_view why);
  void Suspect(uint32_t candidate, const Death& death);
  bool AddUnblamed(const Death& death);
  std::vector<uint32_t> NotFailed(std::optional<uint32_t> first) const;

  ContestSpec spec_;
  uint64_t run_;
  uint64_t memory_limit_bytes_;
  ContestRecord record_;
  uint32_t epoch_ = 0;
  double spent_seconds_ = 0;
  std::vector<uint32_t> suspects_;  // Of the current epoch.
  std::map<uint32_t, int> deaths_;  // By candidate.
  int blamed_ = 0;
  int unblamed_ = 0;
  int own_step_ = 0;
  std::string last_finding_;
};

}  // namespace tactic
