// What the client's threads know of the connection, and waiting for it to change.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "tactic/client.h"

namespace tactic::link {

// Nanoseconds of CLOCK_BOOTTIME: counts suspend, never jumps.
int64_t BootNanos();

// Thread-safe.
class StatusBoard {
 public:
  // `now_ns`: nanoseconds of a clock like that of BootNanos.
  explicit StatusBoard(std::function<int64_t()> now_ns = BootNanos)
      : now_ns_(std::move(now_ns)), made_ns_(now_ns_()) {}

  // A frame came: the daemon is there.
  void Heard();
  // Everything up to `revision` of that store is in the table, which is now as fresh as can be.
  void Reached(const std::string& store_id, uint64_t revision);
  void Failed(std::string error);
  void Connected();
  void CountSent();
  void CountDropped(uint64_t problems);
  void CountReported(uint64_t calls);

  // Fills all but `cache`.
  void Fill(ClientStatistics& statistics) const;
  // Where to resume.
  std::pair<std::string, uint64_t> Position() const;
  bool HearsDaemon() const;  // Within what counts as fresh.
  // Whether no frame came for longer than this; at first, since this was made.
  bool SilentFor(std::chrono::nanoseconds age) const;

  // Waits until the table has a whole snapshot.
  bool WaitUntilReady(std::chrono::milliseconds timeout);
  // Waits until the table holds everything up to `revision` of that store, or until another store
  // answers.
  bool WaitForRevision(const std::string& store_id, uint64_t revision,
                       std::chrono::milliseconds timeout);
  // The same for whichever store is watched.
  bool WaitForRevision(uint64_t revision, std::chrono::milliseconds timeout);

 private:
  bool WaitFor(std::chrono::milliseconds timeout, const std::function<bool()>& holds);

  const std::function<int64_t()> now_ns_;
  const int64_t made_ns_;
  mutable std::mutex mu_;
  std::condition_variable changed_;
  // Guarded by mu_:
  std::string store_id_;
  uint64_t revision_ = 0;
  bool ready_ = false;
  int64_t heard_ns_ = 0;    // 0 = never.
  int64_t reached_ns_ = 0;  // Likewise.
  uint64_t connects_ = 0;
  uint64_t sent_ = 0;
  uint64_t dropped_ = 0;
  uint64_t reported_ = 0;
  std::string error_;
};

}  // namespace tactic::link
