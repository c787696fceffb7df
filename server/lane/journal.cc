#include "server/lane/journal.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"

namespace tactic {
namespace {

constexpr size_t kPageBytes = 4096;
static_assert(sizeof(wire::LaunchJournal) <= kPageBytes);

}  // namespace

std::string_view PhaseName(uint32_t phase) {
  switch (static_cast<wire::LaunchPhase>(phase)) {
    case wire::LaunchPhase::kIdle:
      return "between two launches";
    case wire::LaunchPhase::kPrepare:
      return "preparing";
    case wire::LaunchPhase::kValidate:
      return "validating";
    case wire::LaunchPhase::kSample:
      return "sampling";
    case wire::LaunchPhase::kEnumerate:
      return "listing candidates";
    case wire::LaunchPhase::kReference:
      return "computing the reference";
  }
  return "its journal was overwritten";
}

std::optional<uint32_t> CandidateOf(const JournalSnapshot& snapshot, uint32_t candidates) {
  switch (static_cast<wire::LaunchPhase>(snapshot.phase)) {
    case wire::LaunchPhase::kPrepare:
    case wire::LaunchPhase::kValidate:
    case wire::LaunchPhase::kSample:
    case wire::LaunchPhase::kIdle:
      if (snapshot.candidate < candidates) return snapshot.candidate;
      break;
    default:
      break;
  }
  return std::nullopt;
}

JournalSnapshot JournalFollower::Follow(JournalSnapshot read) {
  const bool known = read.phase <= static_cast<uint32_t>(wire::LaunchPhase::kReference);
  if (!known || read.sequence < highest_) {
    read.phase = kOverwritten;
  } else {
    highest_ = read.sequence;
  }
  return read;
}

absl::StatusOr<JournalPage> JournalPage::Create() {
  Fd fd(memfd_create("tactic-journal", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.ok()) return absl::ErrnoToStatus(errno, "cannot make the launch journal");
  if (ftruncate(fd.get(), kPageBytes) != 0 ||
      fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return absl::ErrnoToStatus(errno, "cannot size the launch journal");
  }
  // The rest of a fresh page is right as it is: idle, no deadline.
  const uint32_t nobody = wire::kNoCandidate;
  if (pwrite(fd.get(), &nobody, sizeof nobody, offsetof(wire::LaunchJournal, candidate)) !=
      sizeof nobody) {
    return absl::ErrnoToStatus(errno, "cannot write the launch journal");
  }
  void* page = mmap(nullptr, kPageBytes, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (page == MAP_FAILED) return absl::ErrnoToStatus(errno, "cannot map the launch journal");
  return JournalPage(std::move(fd), static_cast<const wire::LaunchJournal*>(page));
}

JournalPage::JournalPage(JournalPage&& other) noexcept
    : fd_(std::move(other.fd_)), page_(std::exchange(other.page_, nullptr)) {}

JournalPage::~JournalPage() {
  if (page_ != nullptr) munmap(const_cast<wire::LaunchJournal*>(page_), kPageBytes);
}

JournalSnapshot JournalPage::Read() const {
  JournalSnapshot snapshot;
  // The sequence first: a step that begins in between is then seen as the next one, not as an
  // overdue one.
  snapshot.sequence = page_->sequence.load(std::memory_order_acquire);
  snapshot.deadline_ns = page_->deadline_ns.load(std::memory_order_relaxed);
  snapshot.candidate = page_->candidate.load(std::memory_order_relaxed);
  snapshot.phase = page_->phase.load(std::memory_order_relaxed);
  return snapshot;
}

}  // namespace tactic
