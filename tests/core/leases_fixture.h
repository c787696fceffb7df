// Leases over a Tuner with one lane, with a clock that is moved by hand.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "server/core/leases.h"
#include "tests/core/tuner_fixture.h"
#include "tests/support/contest_samples.h"

namespace tactic::testing {

inline constexpr int64_t kTtlMs = 1000;
inline constexpr auto kFenced = absl::StatusCode::kFailedPrecondition;
inline constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// A key of an op that the daemon does not know, on the device of its lane.
inline Key OwnKey(int64_t m = 16) {
  Key key = SampleKey();
  key.problem = GemmProblem(m);
  key.problem.op = "own";
  key.environment.components = {{"runner:r", "1"}};
  return key;
}

// The same on a device that is no lane's.
inline Key ElsewhereKey() {
  Key key = OwnKey();
  key.environment.device.arch = "sm_90";
  return key;
}

class LeasesTest : public TunerTest {
 protected:
  LeasesTest() { Open(); }
  ~LeasesTest() override {
    StopLane();
    leases_.reset();
  }

  void Open(LeaseOptions options = {.epoch = "run-1", .ttl_ms = kTtlMs}) {
    leases_ = std::make_unique<Leases>(*tuner_, *catalog_, clock_, std::move(options));
  }

  absl::StatusOr<uint64_t> TryEnter(const Key& key, std::string client, bool again = false) {
    return leases_->Enter({key, std::move(client), "", again}, [this] {
      const std::lock_guard lock(mu_);
      ++wakes_;
      woken_.notify_all();
    });
  }
  // The grant, as soon as it comes.
  LeaseGrant AwaitGrant(uint64_t ticket) {
    while (true) {
      std::unique_lock lock(mu_);
      const int seen = wakes_;
      lock.unlock();
      const LeaseState state = leases_->Look(ticket);
      if (const auto* grant = std::get_if<LeaseGrant>(&state)) return *grant;
      lock.lock();
      woken_.wait(lock, [&] { return wakes_ != seen; });
    }
  }
  uint64_t Enter(const Key& key, std::string client, bool again = false) {
    const auto ticket = TryEnter(key, std::move(client), again);
    EXPECT_THAT(ticket, IsOk());
    return ticket.value_or(0);
  }
  // Acquires a lease that is free.
  LeaseGrant Acquire(const Key& key, std::string client, bool again = false) {
    const uint64_t ticket = Enter(key, std::move(client), again);
    LeaseGrant grant = Granted(ticket);
    leases_->Leave(ticket, true);
    return grant;
  }
  LeaseGrant Granted(uint64_t ticket) {
    const LeaseState state = leases_->Look(ticket);
    EXPECT_TRUE(std::holds_alternative<LeaseGrant>(state)) << Why(ticket);
    return std::holds_alternative<LeaseGrant>(state) ? std::get<LeaseGrant>(state) : LeaseGrant();
  }
  std::string Why(uint64_t ticket) {
    const LeaseState state = leases_->Look(ticket);
    const auto* waiting = std::get_if<LeaseWaiting>(&state);
    return waiting == nullptr ? "" : waiting->reason;
  }
  absl::Status List(const LeaseGrant& grant, int count = 3) {
    return leases_->Report({.token = grant.token, .candidates = CandidateList(count)});
  }
  absl::Status Launch(const LeaseGrant& grant, uint32_t candidate) {
    return leases_->Report({.token = grant.token, .launching = candidate});
  }
  absl::Status Tell(const LeaseGrant& grant, const std::vector<Item>& items) {
    return leases_->Report({.token = grant.token, .results = Results(items)});
  }
  DecisionPtr Standing(const Key& key) { return catalog_->Find(FingerprintOf(key)); }

  std::unique_ptr<Leases> leases_;
  std::mutex mu_;
  std::condition_variable woken_;
  int wakes_ = 0;
};

}  // namespace tactic::testing
