#include "client/link/watch_stream.h"

#include <grpc/support/time.h>

#include <algorithm>

#include "client/link/retry.h"

namespace tactic::link {
namespace {

// Monotonic: a wall clock that jumps ends no stream.
gpr_timespec After(Millis wait) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_millis(wait.count(), GPR_TIMESPAN));
}

}  // namespace

WatchStream::WatchStream(v1::Tuning::Stub& stub, grpc::ClientContext& context,
                         const v1::WatchRequest& request)
    : context_(context), reader_(stub.PrepareAsyncWatch(&context, request, &queue_)) {
  reader_->StartCall(nullptr);
}

WatchStream::~WatchStream() {
  if (!finished_) Finish();
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

WatchStream::Outcome WatchStream::Await(Millis limit) {
  void* tag = nullptr;
  bool ok = false;
  const auto status = queue_.AsyncNext(&tag, &ok, After(limit));
  if (status == grpc::CompletionQueue::GOT_EVENT) return ok ? Outcome::kDone : Outcome::kFailed;
  context_.TryCancel();
  queue_.Next(&tag, &ok);
  return ok ? Outcome::kDone : Outcome::kLate;  // It may have come just now.
}

WatchStream::Event WatchStream::Next(v1::WatchResponse& frame, Millis limit) {
  if (ended_) return Event::kEnd;
  const TimeLimit whole(limit);
  Outcome outcome = Outcome::kDone;
  if (!opened_) {
    opened_ = true;
    outcome = Await(limit);
  }
  if (outcome == Outcome::kDone) {
    reader_->Read(&frame, nullptr);
    outcome = Await(std::max(whole.Rest(), Millis(0)));
  }
  if (outcome == Outcome::kDone) return Event::kFrame;
  ended_ = true;
  return outcome == Outcome::kLate ? Event::kSilent : Event::kEnd;
}

grpc::Status WatchStream::Finish() {
  void* tag = nullptr;
  bool ok = false;
  finished_ = true;
  if (!ended_) context_.TryCancel();
  if (!opened_) queue_.Next(&tag, &ok);
  grpc::Status status;
  reader_->Finish(&status, nullptr);
  queue_.Next(&tag, &ok);
  return status;
}

}  // namespace tactic::link
