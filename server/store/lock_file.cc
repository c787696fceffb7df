#include "server/store/lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tactic {
namespace {

// Three lines of "name value".
struct Content {
  std::string pid;
  std::string store_id;
  std::optional<uint64_t> revision;
};

Content ReadContent(int fd) {
  std::array<char, 256> buffer{};
  const ssize_t n = pread(fd, buffer.data(), buffer.size(), 0);
  std::istringstream in(std::string(buffer.data(), n > 0 ? static_cast<size_t>(n) : 0));
  Content content;
  std::string name;
  while (in >> name) {
    if (name == "pid") {
      in >> content.pid;
    } else if (name == "store") {
      in >> content.store_id;
    } else if (uint64_t revision = 0; name == "revision" && in >> revision) {
      content.revision = revision;
    }
  }
  return content;
}

// Fixed width, so that a new mark overwrites the old one in place.
void WriteContent(int fd, const LockFile::Mark& mark) {
  const std::string text =
      absl::StrFormat("pid %10d\nstore %-36s\nrevision %020d\n", getpid(),
                      mark.store_id.empty() ? "-" : mark.store_id, mark.revision);
  const ssize_t n = pwrite(fd, text.data(), text.size(), 0);
  static_cast<void>(n);  // Harmless if it fails: see Note.
}

}  // namespace

absl::StatusOr<std::unique_ptr<LockFile>> LockFile::Acquire(const std::filesystem::path& database) {
  const std::string path = database.string() + ".lock";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": cannot open the lock file: ", std::strerror(errno),
                     ". Check that the directory exists and that this user may write to it"));
  }
  const bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
  const int error = errno;
  const Content content = ReadContent(fd);
  if (!locked) {
    close(fd);
    if (error != EWOULDBLOCK) {
      return absl::FailedPreconditionError(absl::StrCat(path, ": flock: ", std::strerror(error)));
    }
    return absl::FailedPreconditionError(absl::StrCat(
        database.string(), " is in use by ",
        content.pid.empty() ? "another process" : absl::StrCat("process ", content.pid), " (", path,
        " is locked). Stop it, or name another state directory"));
  }
  std::optional<Mark> found;
  if (!content.store_id.empty() && content.revision) {
    found = Mark{content.store_id, *content.revision};
  }
  WriteContent(fd, found.value_or(Mark{}));
  return std::unique_ptr<LockFile>(new LockFile(fd, std::move(found)));
}

// The file stays: removing it would let two processes lock two files of one name.
LockFile::~LockFile() { close(fd_); }

void LockFile::Note(const Mark& mark) { WriteContent(fd_, mark); }

}  // namespace tactic
