// The daemon's end of one running worker: messages in and out, and what it prints. All that comes
// in is untrusted, and no amount of it makes the daemon hold more than a few MiB. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/wire/frame.h"
#include "server/lane/output_log.h"
#include "server/lane/process.h"
#include "tactic/v1/worker.pb.h"

namespace tactic {

class Link {
 public:
  Link(std::shared_ptr<Process> process, OutputLog::Sink sink)
      : process_(std::move(process)), output_(std::move(sink)) {}

  Process& process() { return *process_; }
  OutputLog& output() { return output_; }

  // Puts the message in line; Wait sends it. InvalidArgument: too large for a frame.
  absl::Status Send(const v1::ToWorker& message);

  // Waits until bytes come, the worker ends or `wake_fd` is readable, at most `limit`, and moves
  // what can be moved without waiting.
  void Wait(absl::Duration limit, int wake_fd);
  // The worker ended and all that it had sent has been read.
  bool ended() const { return ended_; }

  // The next message; nullopt: none is whole yet. DataLoss: the stream is damaged, for good.
  absl::StatusOr<std::optional<v1::FromWorker>> Next();
  // Of the messages that Next has given and will give.
  uint64_t bytes_received() const { return bytes_received_; }

  // After damage and the worker's end: whole messages among the bytes after the damage.
  std::vector<v1::FromWorker> Salvage();

 private:
  void ReadChannel();
  void ReadOutput();
  void Flush();

  static constexpr size_t kReadBytes = size_t{256} << 10;  // At a time, of each descriptor.

  std::shared_ptr<Process> process_;
  OutputLog output_;
  wire::FrameDecoder decoder_;
  std::string recent_;  // From `decoded_` on what the decoder holds, kept for Salvage.
  size_t decoded_ = 0;
  std::string outgoing_;
  uint64_t bytes_received_ = 0;
  bool channel_open_ = true;
  bool output_open_ = true;
  bool ended_ = false;
};

// Whole frames anywhere in `bytes`, in order; a bounded number of attempts.
std::vector<std::string> FindFrames(std::string_view bytes);

}  // namespace tactic
