// One contest, measured in this process under one lease.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "client/lease/keeper.h"
#include "client/lease/trial_stream.h"
#include "client/link/retry.h"
#include "runners/timing/contest_plan.h"
#include "runners/timing/device_session.h"
#include "runners/timing/run_race.h"
#include "runners/timing/sampler.h"
#include "tactic/lease.h"

namespace tactic::lease {

// How it went.
struct LeasedResult {
  enum class Kind {
    kCompleted,  // `response` has what the daemon decided.
    kCannotRun,  // The problem cannot be measured at all; `why`.
    kLost,       // The lease ended first; `why`.
    kOutOfTime,
  } kind = Kind::kCompleted;
  v1::CompleteLeaseResponse response;
  std::string why;
};

using Listener = std::function<void(LeaseEvent::Kind, std::string detail)>;

// Announces each candidate before it runs, outside of everything that is timed.
class AnnouncingSampler final : public timing::Sampler {
 public:
  // Both outlive it.
  AnnouncingSampler(timing::Sampler& sampler, TrialStream& stream)
      : sampler_(sampler), stream_(stream) {}
  timing::Observation Screen(int candidate) override;
  std::vector<timing::Observation> Round(std::span<const int> candidates) override;

 private:
  timing::Sampler& sampler_;
  TrialStream& stream_;
};

// Single-threaded. All references outlive it.
class LeasedContest final : private timing::RaceObserver {
 public:
  LeasedContest(v1::Tuning::Stub& stub, const v1::AcquireLeaseResponse::Granted& granted,
                const link::TimeLimit& limit, const Listener& listener);

  // Once. `contest` as far as the program knows it; the rest comes from the grant.
  LeasedResult Run(timing::ContestPlan contest, timing::DeviceSession& session);

 private:
  void Observed(const timing::Race::Step& step,
                std::span<const timing::Observation> observations) override;
  void Progressed(const timing::Race&) override {}
  bool Cancelled() override;
  bool OutOfTime() override { return budget_ && budget_->Over(); }

  LeasedResult Measure(const timing::ContestPlan& contest, timing::DeviceSession& session);
  LeasedResult Complete(const ContestVerdict& verdict);
  LeasedResult GiveUp(LeasedResult::Kind kind, std::string why);
  LeasedResult Lost() const;
  grpc::Status SendEnd(const v1::CompleteLeaseRequest& request,
                       v1::CompleteLeaseResponse& response);

  v1::Tuning::Stub& stub_;
  const v1::AcquireLeaseResponse::Granted& granted_;
  const link::TimeLimit& limit_;
  const Listener& listener_;
  LeaseKeeper keeper_;
  TrialStream stream_;
  const CandidateList* list_ = nullptr;
  std::optional<timing::WallBudget> budget_;
};

}  // namespace tactic::lease
