// How the client reaches the daemon: channels, deadlines, retries.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tactic/v1/tuning.grpc.pb.h"

namespace tactic::link {

using Millis = std::chrono::milliseconds;

// `target` as given, or $TACTICD_TARGET, or the daemon's default socket.
std::string ResolveTarget(const std::string& target);
// Daemon and client share a host.
bool IsUnixSocket(std::string_view target);
// The program's name and process id.
std::string DefaultClientName();

// A channel that is nobody else's: keepalive notices a dead daemon, reconnects come within a
// second.
std::shared_ptr<grpc::Channel> NewChannel(const std::string& target);
// A stub over one.
std::unique_ptr<v1::Tuning::Stub> NewStub(const std::string& target);

// Sets a deadline; a negative rest counts as none left.
void SetDeadline(grpc::ClientContext& context, Millis rest);

// The call may succeed when it is made again.
bool IsTransient(const grpc::Status& status);
std::string ToText(const grpc::Status& status);

// Waits between attempts: 100 ms, doubled up to 1 s, each a fifth longer or shorter at random so
// that clients of a restarted daemon do not come all at once. Not thread-safe.
class Backoff {
 public:
  explicit Backoff(uint64_t seed) : random_(seed | 1) {}
  Millis Next();
  void Reset() { next_ = kFirst; }

 private:
  static constexpr Millis kFirst{100};
  static constexpr Millis kLongest{1000};
  Millis next_ = kFirst;
  uint64_t random_;
};

}  // namespace tactic::link
