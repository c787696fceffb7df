#include "proto/table/publisher.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace tactic::table {
namespace {

Error SystemError(const std::string& path) {
  return {ErrorCode::kUnavailable, path + ": " + std::strerror(errno)};
}

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

// So that the name survives a power cut; not every file system can, and the file is good either
// way.
void SyncDirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  static_cast<void>(fsync(fd));
  close(fd);
}

}  // namespace

Result<Publisher> Publisher::Open(std::string path) {
  const std::string lock_path = path + ".lock";
  const int lock = open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (lock < 0) return SystemError(lock_path);
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const bool taken = errno == EWOULDBLOCK;
    const Error error = SystemError(lock_path);
    close(lock);
    if (!taken) return error;
    return Error{ErrorCode::kFailedPrecondition,
                 path + ": another process keeps this table file; end it, or name another file"};
  }
  return Publisher(std::move(path), lock);
}

Publisher::Publisher(Publisher&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

Publisher::~Publisher() {
  if (lock_ >= 0) close(lock_);
}

Check Publisher::Publish(std::string_view image) const {
  const std::string fresh = path_ + ".new";
  // One that a killed process left may be of another user's making: never written to.
  unlink(fresh.c_str());
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return SystemError(fresh);
  const bool written = WriteAll(fd, image) && fsync(fd) == 0;
  Error error = SystemError(fresh);
  close(fd);
  if (written && rename(fresh.c_str(), path_.c_str()) != 0) {
    error = SystemError(path_);
  } else if (written) {
    SyncDirectoryOf(path_);
    return Ok();
  }
  unlink(fresh.c_str());
  return error;
}

}  // namespace tactic::table
