#include "runners/worker/channel.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace tactic {

Channel::~Channel() { close(fd_); }

Check Channel::Send(const v1::FromWorker& message) {
  const Result<std::string> frame = wire::EncodeFrame(message.SerializeAsString());
  if (!frame.ok()) return frame.error();
  std::string_view rest = *frame;
  while (!closed_ && !rest.empty()) {
    const ssize_t sent = send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      rest.remove_prefix(static_cast<size_t>(sent));
    } else if (errno != EINTR) {
      closed_ = true;
    }
  }
  if (closed_) return Error{ErrorCode::kUnavailable, "the supervisor is gone"};
  return Ok();
}

void Channel::Read(int flags) {
  std::array<char, 65536> bytes;
  ssize_t received = 0;
  do {
    received = recv(fd_, bytes.data(), bytes.size(), flags);
  } while (received < 0 && errno == EINTR);
  if (received > 0) {
    decoder_.Feed({bytes.data(), static_cast<size_t>(received)});
    Decode();
  } else if (received == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
    closed_ = true;
  }
}

void Channel::Decode() {
  while (true) {
    const auto payload = decoder_.Next();
    if (!payload.ok()) {
      problem_ = payload.error().message;
      closed_ = true;
      return;
    }
    if (!payload->has_value()) return;
    if (!arrived_.emplace_back().ParseFromString(**payload)) {
      problem_ =
          "a frame of " + std::to_string((*payload)->size()) + " bytes is no ToWorker message";
      arrived_.pop_back();
      closed_ = true;
      return;
    }
  }
}

std::optional<v1::ToWorker> Channel::Receive() {
  while (arrived_.empty() && !closed_) Read(0);
  if (closed_) return std::nullopt;  // Nobody waits for an answer to what is left.
  v1::ToWorker message = std::move(arrived_.front());
  arrived_.pop_front();
  return message;
}

bool Channel::IsCancelled(uint64_t run) {
  if (!closed_) Read(MSG_DONTWAIT);
  for (const v1::ToWorker& message : arrived_) {
    if (message.has_cancel() && message.cancel().run() == run) return true;
  }
  return closed_;
}

}  // namespace tactic
