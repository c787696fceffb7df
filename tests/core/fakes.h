// The Tuner's edges, driven by hand.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/core/clock.h"
#include "server/core/lane.h"
#include "server/core/store.h"

namespace tactic::testing {

// Thread-safe. Both clocks move together.
class FakeClock final : public Clock {
 public:
  int64_t NowNanos() const override;
  int64_t UnixMillis() const override;
  void Advance(int64_t ms);

 private:
  mutable std::mutex mu_;
  int64_t ms_ = 0;
};

// A host lane that knows gemm (runners host_blocked and openblas). Run waits until the test says
// what it finds. Thread-safe.
class FakeLane final : public Lane {
 public:
  explicit FakeLane(std::string name = "host");

  LaneInfo Info() const override;
  absl::StatusOr<ContestResult> Run(
      const ContestSpec& spec, std::stop_token stop,
      absl::FunctionRef<void(const ContestProgress&)> progress) override;

  void ChangeInfo(const std::function<void(LaneInfo&)>& change);

  // Waits for the next call of Run that was not awaited yet.
  ContestSpec AwaitRun();
  // Ends the running (or the next) call of Run with this.
  void Answer(absl::StatusOr<ContestResult> result);
  // Makes the running (or the next) call of Run report this.
  void Report(const ContestProgress& progress);
  // From now on every Run finds GoodResult at once.
  void AnswerAll();
  // From now on Run does not notice that it should stop; for races between stop and result.
  void IgnoreStop();

  size_t runs() const;

 private:
  mutable std::mutex mu_;
  std::condition_variable_any changed_;
  LaneInfo info_;
  std::deque<ContestSpec> started_;
  std::deque<absl::StatusOr<ContestResult>> answers_;
  std::deque<ContestProgress> reports_;
  bool answer_all_ = false;
  bool ignore_stop_ = false;
  size_t runs_ = 0;
};

// A result that ranks SampleCandidate(1) and the default of openblas.
ContestResult GoodResult();

// What a store does when told to fail: nothing, or the change, and in both cases an error.
enum class Fault { kNone, kRefuse, kStoreAndFail };

// Passes everything on, except for faults. Thread-safe.
class FaultyStore final : public Store {
 public:
  explicit FaultyStore(Store& store) : store_(store) {}

  // Each holds until it is set again.
  void FailPutContest(Fault fault);
  void FailPutJob(Fault fault);
  void FailUpdateJobItem(Fault fault);
  void FailLoadDecisions(Fault fault);
  void FailPutBan(Fault fault);
  void FailLoadBans(Fault fault);
  // From now on this many bans more are damaged.
  void DamageBans(uint64_t count);

  StoreInfo Info() const override { return store_.Info(); }
  absl::StatusOr<std::optional<Decision>> PutContest(const Key& key,
                                                     const std::optional<Decision>& decision,
                                                     const Evidence& evidence) override;
  // Fails as PutContest does.
  absl::StatusOr<std::vector<std::optional<Decision>>> AddContests(
      const std::vector<StoredContest>& contests) override;
  absl::StatusOr<bool> HasContest(const StoredContest& contest) override {
    return store_.HasContest(contest);
  }
  absl::StatusOr<std::optional<StoredContest>> NextContest(uint64_t after,
                                                           uint64_t& damaged) override {
    return store_.NextContest(after, damaged);
  }
  absl::StatusOr<std::vector<Decision>> LoadDecisions() override;
  absl::StatusOr<Decision> FindDecision(uint64_t id) override { return store_.FindDecision(id); }
  absl::StatusOr<Evidence> LoadEvidence(uint64_t id) override { return store_.LoadEvidence(id); }
  absl::Status PutJob(const Job& job) override;
  absl::Status UpdateJobItem(const Job& job, size_t index) override;
  absl::StatusOr<std::vector<Job>> LoadJobs() override { return store_.LoadJobs(); }
  absl::Status DeleteJobsEndedBefore(int64_t unix_ms) override {
    return store_.DeleteJobsEndedBefore(unix_ms);
  }
  absl::Status AddMisses(const std::vector<MissedCall>& misses) override {
    return store_.AddMisses(misses);
  }
  absl::StatusOr<std::vector<MissedCall>> LoadMisses() override { return store_.LoadMisses(); }
  absl::Status PutBan(const Ban& ban) override;
  absl::StatusOr<bool> RemoveBan(const Ban& ban) override { return store_.RemoveBan(ban); }
  absl::StatusOr<std::vector<Ban>> LoadBans(uint64_t& damaged) override;

 private:
  void Set(Fault& which, Fault fault);
  Fault Get(const Fault& which) const;

  Store& store_;
  mutable std::mutex mu_;
  Fault put_contest_ = Fault::kNone;
  Fault put_job_ = Fault::kNone;
  Fault update_job_item_ = Fault::kNone;
  Fault load_decisions_ = Fault::kNone;
  Fault put_ban_ = Fault::kNone;
  Fault load_bans_ = Fault::kNone;
  uint64_t damaged_bans_ = 0;
};

}  // namespace tactic::testing
