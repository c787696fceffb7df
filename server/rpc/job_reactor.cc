#include "server/rpc/job_reactor.h"

#include <utility>

#include "server/rpc/grpc_status.h"
#include "server/rpc/render.h"

namespace tactic {

using std::chrono::steady_clock;

JobReactor::JobReactor(StreamRegistry& registry, TaskThread& pump, Tuner& tuner, std::string id,
                       std::chrono::milliseconds interval)
    : StreamReactor(registry, pump), tuner_(tuner), id_(std::move(id)), interval_(interval) {}

void JobReactor::Opened() {
  subscription_ = tuner_.Subscribe(id_, [stream = weak()] { PokeSoon(stream); });
}

void JobReactor::Closed() { tuner_.Unsubscribe(subscription_); }

JobReactor::Step JobReactor::Next(v1::WatchJobResponse& frame, Signals signals) {
  if (signals.cancelled) return Step::Finish(grpc::Status::CANCELLED);
  if (ended_) return Step::Finish(grpc::Status::OK);
  const absl::StatusOr<JobView> view = tuner_.GetJob(id_);
  if (!view.ok()) return Step::Finish(ToGrpcStatus(view.status()));
  ended_ = IsTerminal(view->job->state);
  if (!ended_) {
    if (signals.draining) {
      return Step::Finish({grpc::StatusCode::UNAVAILABLE,
                           "the daemon is stopping; the job goes on when it is back"});
    }
    if (view->version == sent_version_) return Step::Wait();
    const TaskThread::Time now = steady_clock::now();
    if (now < next_frame_) {
      PokeAt(next_frame_);
      return Step::Wait();
    }
    next_frame_ = now + interval_;
  }
  sent_version_ = view->version;
  Render(*view, frame.mutable_job());
  return Step::Write();
}

}  // namespace tactic
