// Writes the launch journal (proto/wire/launch_journal.h).
#pragma once

#include <cstdint>

#include "proto/wire/launch_journal.h"
#include "tactic/model/result.h"

namespace tactic {

// One writer. Must outlive whatever runs candidates; the page stays mapped until then.
class Journal {
 public:
  // Maps the page behind `fd` and keeps `fd` out of child processes. InvalidArgument: not a file of
  // at least the journal's size that can be written.
  static Result<Journal> Open(int fd);
  Journal(Journal&& other) noexcept : page_(other.page_) { other.page_ = nullptr; }
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // From now this runs, and is overdue after so many seconds. `sequence` is written last: who sees
  // the new sequence sees the rest.
  void Begin(uint32_t candidate, wire::LaunchPhase phase, double deadline_seconds);
  // Back in our own code. The candidate stays: should the process die now, it is the one that
  // spoilt something.
  void Idle();

 private:
  explicit Journal(wire::LaunchJournal* page) : page_(page) {}
  void Write(wire::LaunchPhase phase, uint64_t deadline_ns);

  wire::LaunchJournal* page_;
  // Kept here, since a candidate may write over the page.
  uint32_t candidate_ = wire::kNoCandidate;
  uint64_t sequence_ = 0;
};

}  // namespace tactic
