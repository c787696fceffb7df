// Messages between this worker and its supervisor, one a frame, over a stream socket.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "proto/wire/frame.h"
#include "tactic/model/result.h"
#include "tactic/v1/worker.pb.h"

namespace tactic {

// Single-threaded. Once the other end is gone, or sent what is no message, it is closed for good.
class Channel {
 public:
  // Owns `fd`, a connected stream socket, blocking.
  explicit Channel(int fd) : fd_(fd) {}
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Waits until the message is handed over. Unavailable: closed. InvalidArgument: too long for a
  // frame; nothing was sent.
  Check Send(const v1::FromWorker& message);
  // Waits for the next message; nullopt: closed.
  std::optional<v1::ToWorker> Receive();
  // Whether the supervisor has cancelled that run, or is gone. Does not wait.
  bool IsCancelled(uint64_t run);

  bool closed() const { return closed_; }
  // Why, if it is not that the other end closed it: it sent what is no message.
  const std::string& problem() const { return problem_; }

 private:
  // Takes in what has arrived. `flags`: of recv(2).
  void Read(int flags);
  void Decode();

  int fd_;
  bool closed_ = false;
  std::string problem_;
  wire::FrameDecoder decoder_;
  std::deque<v1::ToWorker> arrived_;
};

}  // namespace tactic
