// The daemon's side of the launch journal (proto/wire/launch_journal.h): one page of memory that
// the worker writes and the daemon only reads. Its content is untrusted.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "proto/wire/launch_journal.h"
#include "server/os/fd.h"

namespace tactic {

// What the page said at one moment. No field is checked.
struct JournalSnapshot {
  uint64_t sequence = 0;
  uint64_t deadline_ns = 0;
  uint32_t candidate = wire::kNoCandidate;
  uint32_t phase = 0;
};

std::string_view PhaseName(uint32_t phase);  // "sampling"

// The candidate whose code was running, or, in an idle worker, ran last, if the page names one of
// the `candidates` there are.
std::optional<uint32_t> CandidateOf(const JournalSnapshot& snapshot, uint32_t candidates);

// Follows the journal of one worker and notices when a candidate has written over it: the sequence
// then goes backwards, or the phase is none there is. Pure.
class JournalFollower {
 public:
  // `read` as it is, or with the phase kOverwritten.
  JournalSnapshot Follow(JournalSnapshot read);
  // The worker has said something that it can say only after a step: from now a page of zeros is
  // not a fresh one.
  void SawStep() { highest_ = std::max<uint64_t>(highest_, 1); }

  static constexpr uint32_t kOverwritten = 0xffffffff;

 private:
  uint64_t highest_ = 0;
};

class JournalPage {
 public:
  // A fresh page, idle. Its size is sealed: whoever has the descriptor cannot take memory away
  // from under the reader.
  static absl::StatusOr<JournalPage> Create();
  JournalPage(JournalPage&& other) noexcept;
  JournalPage& operator=(JournalPage&&) = delete;
  ~JournalPage();

  int fd() const { return fd_.get(); }  // For the child.
  JournalSnapshot Read() const;

 private:
  JournalPage(Fd fd, const wire::LaunchJournal* page) : fd_(std::move(fd)), page_(page) {}

  Fd fd_;
  const wire::LaunchJournal* page_ = nullptr;
};

}  // namespace tactic
