#include "runners/worker/journal.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace tactic {

Result<Journal> Journal::Open(int fd) {
  struct stat status = {};
  if (fstat(fd, &status) != 0) {
    return InvalidArgument("--journal-fd is " + std::to_string(fd) +
                           ", which is not an open descriptor");
  }
  if (status.st_size < static_cast<off_t>(sizeof(wire::LaunchJournal))) {
    return InvalidArgument("--journal-fd is a file of " + std::to_string(status.st_size) +
                           " bytes; the journal needs " +
                           std::to_string(sizeof(wire::LaunchJournal)));
  }
  void* page =
      mmap(nullptr, sizeof(wire::LaunchJournal), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) {
    return InvalidArgument("--journal-fd cannot be mapped for writing: " +
                           std::string(std::strerror(errno)));
  }
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  return Journal(static_cast<wire::LaunchJournal*>(page));
}

Journal::~Journal() {
  if (page_ != nullptr) munmap(page_, sizeof(wire::LaunchJournal));
}

void Journal::Begin(uint32_t candidate, wire::LaunchPhase phase, double deadline_seconds) {
  timespec now = {};
  clock_gettime(CLOCK_BOOTTIME, &now);
  const double now_ns = 1e9 * static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec);
  candidate_ = candidate;
  Write(phase, static_cast<uint64_t>(now_ns + 1e9 * deadline_seconds));
}

void Journal::Idle() { Write(wire::LaunchPhase::kIdle, 0); }

void Journal::Write(wire::LaunchPhase phase, uint64_t deadline_ns) {
  page_->deadline_ns.store(deadline_ns, std::memory_order_release);
  page_->candidate.store(candidate_, std::memory_order_release);
  page_->phase.store(static_cast<uint32_t>(phase), std::memory_order_release);
  page_->sequence.store(++sequence_, std::memory_order_release);
}

}  // namespace tactic
