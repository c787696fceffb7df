#include "server/lane/link.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "absl/strings/str_cat.h"

namespace tactic {
namespace {

constexpr size_t kSalvageBytes = size_t{1} << 20;  // Looked at after damage.
constexpr size_t kSalvageFrame = size_t{64} << 10;
constexpr int kSalvageAttempts = 256;

int Milliseconds(absl::Duration limit) {
  // Rounded up, so that a wait ends after what it waits for, not just before.
  return static_cast<int>(
      std::max<int64_t>(0, absl::ToInt64Milliseconds(limit + absl::Microseconds(999))));
}

// Appends what `fd` has ready, at most `limit` bytes. False: no more will ever come.
bool ReadReady(int fd, size_t limit, std::string& to) {
  std::array<char, 16384> buffer;
  for (size_t total = 0; total < limit;) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    to.append(buffer.data(), static_cast<size_t>(got));
    total += static_cast<size_t>(got);
  }
  return true;
}

}  // namespace

std::vector<std::string> FindFrames(std::string_view bytes) {
  static constexpr std::string_view kMagic = "TCTF";
  std::vector<std::string> frames;
  int attempts = 0;
  for (size_t at = bytes.find(kMagic); at != std::string_view::npos && attempts < kSalvageAttempts;
       ++attempts) {
    wire::FrameDecoder decoder;
    decoder.Feed(bytes.substr(at, kSalvageFrame));
    Result<std::optional<std::string>> payload = decoder.Next();
    size_t skip = 1;
    if (payload.ok() && payload->has_value()) {
      skip = wire::kFrameHeaderBytes + (*payload)->size();
      frames.push_back(**std::move(payload));
    }
    at = bytes.find(kMagic, at + skip);
  }
  return frames;
}

absl::Status Link::Send(const v1::ToWorker& message) {
  Result<std::string> frame = wire::EncodeFrame(message.SerializeAsString());
  if (!frame.ok()) return absl::InvalidArgumentError(frame.error().message);
  outgoing_ += *frame;
  return absl::OkStatus();
}

void Link::Flush() {
  while (!outgoing_.empty()) {
    const ssize_t sent =
        send(process_->channel(), outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) {
      outgoing_.clear();  // The worker is gone, or going: pidfd tells.
      return;
    }
    outgoing_.erase(0, static_cast<size_t>(sent));
  }
}

void Link::ReadChannel() {
  std::string bytes;
  channel_open_ = ReadReady(process_->channel(), kReadBytes, bytes);
  bytes_received_ += bytes.size();
  decoder_.Feed(bytes);
  recent_.erase(0, decoded_);
  decoded_ = 0;
  recent_ += bytes;
}

void Link::ReadOutput() {
  std::string bytes;
  output_open_ = ReadReady(process_->output(), kReadBytes, bytes);
  output_.Feed(bytes);
}

void Link::Wait(absl::Duration limit, int wake_fd) {
  Flush();
  const short channel_events = static_cast<short>(POLLIN | (outgoing_.empty() ? 0 : POLLOUT));
  std::array<pollfd, 4> fds = {{{channel_open_ ? process_->channel() : -1, channel_events, 0},
                                {output_open_ ? process_->output() : -1, POLLIN, 0},
                                {process_->pidfd(), POLLIN, 0},
                                {wake_fd, POLLIN, 0}}};
  if (poll(fds.data(), fds.size(), Milliseconds(limit)) < 0) return;
  Flush();
  const bool process_ended = fds[2].revents != 0;
  if (fds[0].revents != 0) ReadChannel();
  if (fds[1].revents != 0) ReadOutput();
  if (!process_ended) return;
  // What it sent before its end is still in the socket: read on until that is through. Bounded,
  // since a process that it left behind may go on writing.
  const uint64_t stop_at = bytes_received_ + wire::kMaxFramePayload;
  for (uint64_t before = bytes_received_ - 1;
       channel_open_ && bytes_received_ != before && bytes_received_ < stop_at;) {
    before = bytes_received_;
    ReadChannel();
  }
  if (output_open_) ReadOutput();
  ended_ = true;
}

absl::StatusOr<std::optional<v1::FromWorker>> Link::Next() {
  Result<std::optional<std::string>> payload = decoder_.Next();
  if (!payload.ok()) return absl::DataLossError(payload.error().message);
  if (!payload->has_value()) return std::optional<v1::FromWorker>();
  decoded_ += wire::kFrameHeaderBytes + (*payload)->size();
  v1::FromWorker message;
  if (!message.ParseFromString(**payload) ||
      message.message_case() == v1::FromWorker::MESSAGE_NOT_SET) {
    return absl::DataLossError("frame: no message of this protocol");
  }
  return std::optional<v1::FromWorker>(std::move(message));
}

std::vector<v1::FromWorker> Link::Salvage() {
  std::vector<v1::FromWorker> messages;
  for (const std::string& frame :
       FindFrames(std::string_view(recent_).substr(decoded_, kSalvageBytes))) {
    v1::FromWorker message;
    if (message.ParseFromString(frame) &&
        message.message_case() != v1::FromWorker::MESSAGE_NOT_SET) {
      messages.push_back(std::move(message));
    }
  }
  return messages;
}

}  // namespace tactic
