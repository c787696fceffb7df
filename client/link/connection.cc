#include "client/link/connection.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "proto/wire/default_socket.h"

namespace tactic::link {
namespace {

// Above what the server sends in one frame (about 1 MiB, or one job's 4096 problems).
constexpr int kMaxMessageBytes = 64 << 20;
constexpr Millis kConnecting{100};

// A channel that is destroyed while it connects leaves a descriptor behind, for good (gRPC 1.51.1).
void AwaitConnected(grpc::Channel& channel) {
  const auto limit = std::chrono::system_clock::now() + kConnecting;
  while (channel.GetState(false) == GRPC_CHANNEL_CONNECTING) {
    if (!channel.WaitForStateChange(GRPC_CHANNEL_CONNECTING, limit)) return;
  }
}

}  // namespace

std::string ResolveTarget(const std::string& target) {
  if (!target.empty()) return target;
  const char* from_environment = std::getenv("TACTICD_TARGET");
  if (from_environment != nullptr && from_environment[0] != '\0') return from_environment;
  return "unix:" + wire::DefaultSocketPath();
}

bool IsUnixSocket(std::string_view target) { return target.starts_with("unix"); }

std::string DefaultClientName() {
  return std::string(program_invocation_short_name) + ":" + std::to_string(getpid());
}

std::shared_ptr<grpc::Channel> NewChannel(const std::string& target) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  auto channel = grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
  grpc::Channel* const raw = channel.get();
  return {raw, [channel = std::move(channel)](grpc::Channel*) { AwaitConnected(*channel); }};
}

std::unique_ptr<v1::Tuning::Stub> NewStub(const std::string& target) {
  return v1::Tuning::NewStub(NewChannel(target));
}

void SetDeadline(grpc::ClientContext& context, Millis rest) {
  context.set_deadline(std::chrono::system_clock::now() + std::max(rest, Millis(0)));
}

bool IsTransient(const grpc::Status& status) {
  const auto code = status.error_code();
  return code == grpc::StatusCode::UNAVAILABLE || code == grpc::StatusCode::DEADLINE_EXCEEDED ||
         code == grpc::StatusCode::RESOURCE_EXHAUSTED || code == grpc::StatusCode::CANCELLED;
}

std::string ToText(const grpc::Status& status) {
  if (!status.error_message().empty()) return status.error_message();
  return "gRPC status " + std::to_string(status.error_code());
}

Millis Backoff::Next() {
  // xorshift64: plenty for jitter.
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  const int64_t fifth = next_.count() / 5;
  const int64_t jitter =
      static_cast<int64_t>(random_ % static_cast<uint64_t>(2 * fifth + 1)) - fifth;
  const Millis wait = next_ + Millis(jitter);
  next_ = std::min(next_ * 2, kLongest);
  return wait;
}

}  // namespace tactic::link
