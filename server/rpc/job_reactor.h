// One watcher of a job: the WatchJob call of proto/tactic/v1/tuning.proto.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "server/core/tuner.h"
#include "server/rpc/stream_reactor.h"
#include "tactic/v1/tuning.pb.h"

namespace tactic {

// Sends the job as it is whenever it changed since the last frame, at most once in `interval`; its
// final state at once, and then ends. `tuner` outlives it.
class JobReactor final : public StreamReactor<v1::WatchJobResponse> {
 public:
  JobReactor(StreamRegistry& registry, TaskThread& pump, Tuner& tuner, std::string id,
             std::chrono::milliseconds interval);

 private:
  Step Next(v1::WatchJobResponse& frame, Signals signals) override;
  void Opened() override;
  void Closed() override;

  Tuner& tuner_;
  const std::string id_;
  const std::chrono::milliseconds interval_;
  uint64_t subscription_ = 0;

  // Of Next.
  uint64_t sent_version_ = 0;
  TaskThread::Time next_frame_{};
  bool ended_ = false;  // The final state was sent.
};

}  // namespace tactic
