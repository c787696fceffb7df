// One open Watch call, read with a limit to the wait for each frame.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>

#include "client/link/connection.h"
#include "tactic/v1/tuning.grpc.pb.h"

namespace tactic::link {

// For one thread; needs no other. Another one may cancel `context` at any time.
class WatchStream {
 public:
  // Opens the stream. `context`, which is of no other call, outlives it.
  WatchStream(v1::Tuning::Stub& stub, grpc::ClientContext& context,
              const v1::WatchRequest& request);
  ~WatchStream();  // Cancels what has not ended.
  WatchStream(const WatchStream&) = delete;
  WatchStream& operator=(const WatchStream&) = delete;

  enum class Event {
    kFrame,   // `frame` is the next one.
    kSilent,  // None came in time. A peer may be there and hang: the call is cancelled.
    kEnd,     // There are no more; Finish says why.
  };
  Event Next(v1::WatchResponse& frame, Millis limit);

  // How the call ended; CANCELLED if it goes on: it is cancelled. Once.
  grpc::Status Finish();

 private:
  enum class Outcome { kDone, kFailed, kLate };
  // Waits for the operation that was begun last; in the end it has ended. kLate: it was cancelled.
  Outcome Await(Millis limit);

  grpc::ClientContext& context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReader<v1::WatchResponse>> reader_;
  bool opened_ = false;  // The request went out.
  bool ended_ = false;   // There is nothing more to read.
  bool finished_ = false;
};

}  // namespace tactic::link
