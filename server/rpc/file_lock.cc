#include "server/rpc/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace tactic {
namespace {

constexpr mode_t kMode = 0640;

std::string Holder(int fd) {
  std::array<char, 32> text{};
  const ssize_t n = pread(fd, text.data(), text.size(), 0);
  const std::string pid(text.data(), n > 0 ? static_cast<size_t>(n) : 0);
  return std::string(absl::StripAsciiWhitespace(pid));
}

}  // namespace

absl::StatusOr<FileLock> FileLock::Acquire(const std::string& path) {
  Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kMode));
  if (!fd.ok()) {
    return absl::PermissionDeniedError(
        absl::StrCat(path, ": cannot open the lock file: ", std::strerror(errno),
                     "; check that its directory is there and that this user may write to it"));
  }
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return absl::PermissionDeniedError(
          absl::StrCat(path, ": cannot lock: ", std::strerror(errno)));
    }
    const std::string holder = Holder(fd.get());
    return absl::AlreadyExistsError(
        absl::StrCat("another tacticd runs here: ", holder.empty() ? "a process" : "process ",
                     holder, " holds ", path));
  }
  const std::string pid = absl::StrCat(getpid(), "\n");
  const bool noted = ftruncate(fd.get(), 0) == 0 && pwrite(fd.get(), pid.data(), pid.size(), 0) ==
                                                        static_cast<ssize_t>(pid.size());
  static_cast<void>(noted);  // For people only; the lock is what counts.
  return FileLock(std::move(fd));
}

}  // namespace tactic
