#include "server/rpc/render.h"

#include "proto/convert/convert.h"

namespace tactic {
namespace {

// The enumerators have the same numbers on both sides.
static_assert(static_cast<int>(JobState::kQueued) == v1::JOB_STATE_QUEUED &&
              static_cast<int>(JobState::kRunning) == v1::JOB_STATE_RUNNING &&
              static_cast<int>(JobState::kDone) == v1::JOB_STATE_DONE &&
              static_cast<int>(JobState::kCancelled) == v1::JOB_STATE_CANCELLED &&
              static_cast<int>(JobState::kExpired) == v1::JOB_STATE_EXPIRED &&
              static_cast<int>(JobState::kFailed) == v1::JOB_STATE_FAILED);
static_assert(static_cast<int>(ContestState::kQueued) == v1::CONTEST_STATE_QUEUED &&
              static_cast<int>(ContestState::kRunning) == v1::CONTEST_STATE_RUNNING &&
              static_cast<int>(ContestState::kDecided) == v1::CONTEST_STATE_DECIDED &&
              static_cast<int>(ContestState::kFailed) == v1::CONTEST_STATE_FAILED &&
              static_cast<int>(ContestState::kAbandoned) == v1::CONTEST_STATE_ABANDONED);
static_assert(static_cast<int>(LaneState::kStarting) == v1::LANE_STATE_STARTING &&
              static_cast<int>(LaneState::kReady) == v1::LANE_STATE_READY &&
              static_cast<int>(LaneState::kBusy) == v1::LANE_STATE_BUSY &&
              static_cast<int>(LaneState::kQuarantined) == v1::LANE_STATE_QUARANTINED);

void Render(const JobItem& item, v1::Contest* to) {
  convert::ToProto(item.key.problem, to->mutable_problem());
  to->set_state(static_cast<v1::ContestState>(item.state));
  to->set_decision_id(item.decision_id);
  to->set_already_decided(item.already_decided);
  to->set_message(item.message);
  to->set_fingerprint(ToHex(item.fingerprint));
  if (!item.verification) return;
  const Verification& found = *item.verification;
  v1::Verification* verification = to->mutable_verification();
  verification->set_decision_id(found.decision_id);
  verification->set_drift(found.drift);
  verification->set_regret(found.regret);
  verification->set_regret_error(found.regret_error);
  verification->set_superseded(found.superseded);
  verification->set_pick_failed(found.pick_failed);
}

void Render(const JobView::Running& running, v1::Progress* to) {
  const ContestProgress& progress = running.progress;
  to->set_contest(static_cast<uint32_t>(running.item));
  to->set_lane(progress.lane);
  to->set_phase(progress.phase);
  to->set_candidates(progress.candidates);
  to->set_screened(progress.screened);
  to->set_remaining(progress.remaining);
  to->set_failed(progress.failed);
  if (progress.best) convert::ToProto(*progress.best, to->mutable_best());
  to->set_best_ns(progress.best_ns);
  to->set_default_ns(progress.default_ns);
  to->set_elapsed_seconds(progress.elapsed_seconds);
  to->set_contest_seconds_left(progress.seconds_left);
  to->set_worker_restarts(progress.worker_restarts);
}

void Count(const Job& job, v1::Job* to) {
  uint32_t ended = 0;
  uint32_t measured = 0;
  uint32_t failed = 0;
  for (const JobItem& item : job.items) {
    if (!IsTerminal(item.state)) continue;
    ++ended;
    if (item.state == ContestState::kFailed) ++failed;
    // An abandoned one was not measured to its end.
    if (!item.already_decided && item.state != ContestState::kAbandoned) ++measured;
  }
  to->set_contests_total(static_cast<uint32_t>(job.items.size()));
  to->set_contests_ended(ended);
  to->set_contests_measured(measured);
  to->set_contests_failed(failed);
}

}  // namespace

void RenderSummary(const JobView& view, v1::Job* to) {
  const Job& job = *view.job;
  to->set_id(job.id);
  to->set_state(static_cast<v1::JobState>(job.state));
  to->set_message(job.message);
  to->set_client(job.client);
  to->set_verify(job.verify);
  to->set_created_unix_ms(job.created_unix_ms);
  to->set_seconds_left(view.seconds_left);
  for (const JobView::Running& running : view.running) Render(running, to->add_running());
  Count(job, to);
  if (!job.items.empty()) convert::ToProto(job.items[0].key.policy, to->mutable_policy());
}

void Render(const JobView& view, v1::Job* to) {
  RenderSummary(view, to);
  for (const JobItem& item : view.job->items) Render(item, to->add_contests());
}

void Render(const LaneInfo& lane, v1::Lane* to) {
  to->set_name(lane.name);
  to->set_state(static_cast<v1::LaneState>(lane.state));
  to->set_message(lane.message);
  to->set_driver(lane.driver);
  to->set_runtime(lane.runtime);
  to->set_worker_restarts(lane.worker_restarts);
  to->set_contests(lane.contests);
  if (lane.ops.empty()) return;  // It has not told its device yet.
  convert::ToProto(lane.device, to->mutable_device());
  if (lane.self_check) convert::ToProto(*lane.self_check, to->mutable_self_check());
  for (const std::string& seen : lane.disturbances) to->add_disturbances(seen);
  for (const OpInfo& op : lane.ops) {
    v1::OpInfo* info = to->add_ops();
    convert::ToProto(op.schema, info->mutable_schema());
    for (const RunnerId& runner : op.runners) convert::ToProto(runner, info->add_runners());
    for (const Component& component : op.components) {
      convert::ToProto(component, info->add_components());
    }
  }
}

void Render(const Evidence& evidence, v1::Evidence* to) {
  for (const Trial& trial : evidence.trials) convert::ToProto(trial, to->add_trials());
  to->set_worker_restarts(evidence.worker_restarts);
  to->set_seconds(evidence.seconds);
  for (const Disturbance& seen : evidence.disturbances) {
    convert::ToProto(seen, to->add_disturbances());
  }
}

void Render(const MissView& miss, v1::Miss* to) {
  const MissedCall& call = miss.call;
  convert::ToProto(call.key.problem, to->mutable_problem());
  convert::ToProto(call.key.policy, to->mutable_policy());
  for (const std::vector<int64_t>& shape : call.shapes) {
    to->add_shapes()->mutable_dims()->Assign(shape.begin(), shape.end());
  }
  to->set_count(call.count);
  to->set_first_unix_ms(call.first_unix_ms);
  to->set_last_unix_ms(call.last_unix_ms);
  to->set_decision_id(miss.decision == nullptr ? 0 : miss.decision->id);
  to->set_fingerprint(ToHex(FingerprintOf(call.key)));
}

}  // namespace tactic
