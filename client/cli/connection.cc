#include "client/cli/connection.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "client/cli/format.h"

namespace tactic::cli {
namespace {

using Clock = std::chrono::system_clock;

Clock::time_point After(std::chrono::nanoseconds timeout) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(timeout);
}

// Why nobody answers at a unix socket, in the system's words; empty if somebody does, or if the
// target is none.
std::string SocketTrouble(const std::string& target) {
  if (!target.starts_with("unix:")) return "";
  const std::string path = target.substr(target.starts_with("unix://") ? 7 : 5);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return "the path has " + std::to_string(path.size()) + " bytes; a socket's has at most " +
           std::to_string(sizeof(address.sun_path) - 1);
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int rc = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  const int error = rc == 0 ? 0 : errno;
  close(fd);
  return error == 0 ? "" : std::strerror(error);
}

Error Unreachable(const std::string& target, const std::string& why) {
  return {ErrorCode::kUnavailable, "no daemon answers at " + target +
                                       (why.empty() ? "" : ": " + why) +
                                       "\nStart one with `tacticd`, or say where it listens with "
                                       "--target or $TACTICD_TARGET."};
}

// True once the channel is connected; false when the attempt failed or `timeout` passed.
bool Reach(grpc::Channel& channel, std::chrono::nanoseconds timeout) {
  const Clock::time_point deadline = After(timeout);
  grpc_connectivity_state state = channel.GetState(true);
  while (state != GRPC_CHANNEL_READY) {
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE || state == GRPC_CHANNEL_SHUTDOWN) return false;
    if (!channel.WaitForStateChange(state, deadline)) return false;
    state = channel.GetState(true);
  }
  return true;
}

}  // namespace

Connection::Connection(std::string target, std::chrono::nanoseconds timeout,
                       std::shared_ptr<grpc::Channel> channel)
    : target_(std::move(target)),
      timeout_(timeout),
      channel_(std::move(channel)),
      stub_(v1::Tuning::NewStub(channel_)),
      admin_(v1::Admin::NewStub(channel_)),
      groups_(v1::Groups::NewStub(channel_)) {}

Result<Connection> Connection::Open(const std::string& target, std::chrono::nanoseconds timeout) {
  if (const std::string trouble = SocketTrouble(target); !trouble.empty()) {
    return Unreachable(target, trouble);
  }
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // A daemon that hangs ends the streams of it.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetMaxReceiveMessageSize(64 << 20);  // A decision's evidence can be large.
  auto channel = grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
  if (!Reach(*channel, timeout)) return Unreachable(target, "");
  return Connection(target, timeout, std::move(channel));
}

std::unique_ptr<grpc::ClientContext> Connection::Context() const {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(After(timeout_));
  return context;
}

bool Connection::Lost(const grpc::Status& status) const {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE &&
         channel_->GetState(false) != GRPC_CHANNEL_READY;
}

bool Connection::WaitUntilBack(std::chrono::nanoseconds patience) {
  return channel_->WaitForConnected(After(patience));
}

Error Connection::ErrorOf(const grpc::Status& status) const {
  const std::string message = Printable(status.error_message());
  switch (status.error_code()) {
    case grpc::StatusCode::NOT_FOUND:
      return {ErrorCode::kNotFound, message};
    case grpc::StatusCode::INVALID_ARGUMENT:
      return InvalidArgument(message);
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return {ErrorCode::kUnavailable,
              "the daemon at " + target_ + " did not answer within " +
                  FormatSeconds(std::chrono::duration<double>(timeout_).count()) +
                  "; allow more with --timeout"};
    case grpc::StatusCode::UNAVAILABLE:
      if (Lost(status)) return Unreachable(target_, message);
      return {ErrorCode::kFailedPrecondition, "the daemon cannot serve this now: " + message};
    default:
      return {ErrorCode::kFailedPrecondition, "the daemon refused: " + message};
  }
}

}  // namespace tactic::cli
