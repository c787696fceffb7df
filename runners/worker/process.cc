#include "runners/worker/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "proto/wire/sanitized.h"

namespace tactic {
namespace {

Error Refused(const char* what) {
  return {ErrorCode::kFailedPrecondition,
          std::string(what) + " was refused: " + std::strerror(errno)};
}

Check DieWithParent() {
  const pid_t parent = getppid();
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return Refused("PR_SET_PDEATHSIG");
  // It may have died just before; if before that, the channel says so.
  if (getppid() != parent) return Error{ErrorCode::kFailedPrecondition, "the parent is dead"};
  return Ok();
}

void ResetSignals() {
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);  // Fails where it must.
  signal(SIGINT, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

Check LowerLimit(decltype(RLIMIT_CORE) resource, rlim_t bound, const char* name) {
  rlimit limit = {};
  if (getrlimit(resource, &limit) != 0) return Refused(name);
  limit.rlim_cur = std::min(limit.rlim_cur, bound);
  limit.rlim_max = std::min(limit.rlim_max, bound);
  if (setrlimit(resource, &limit) != 0) return Refused(name);
  return Ok();
}

Check RedirectStandardStreams() {
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0 || dup2(null, STDIN_FILENO) < 0) return Refused("opening /dev/null");
  if (null != STDIN_FILENO) close(null);
  if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return Refused("redirecting standard output");
  return Ok();
}

}  // namespace

Check PrepareProcess(uint64_t memory_bytes) {
  if (const Check check = DieWithParent(); !check.ok()) return check;
  ResetSignals();
  // One byte, not none: a limit of 0 still runs a core handler that core_pattern pipes to.
  if (const Check check = LowerLimit(RLIMIT_CORE, 1, "RLIMIT_CORE"); !check.ok()) return check;
  if (memory_bytes > 0 && !wire::kSanitized) {
    const Check check = LowerLimit(RLIMIT_DATA, memory_bytes, "RLIMIT_DATA");
    if (!check.ok()) return check;
  }
  return RedirectStandardStreams();
}

uint64_t DefaultMemoryCeiling() {
  if (wire::kSanitized) return 0;
  const auto pages = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES));
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGE_SIZE)) / 4 * 3;
}

}  // namespace tactic
