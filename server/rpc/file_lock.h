// A lock that the kernel lets go of when its holder dies.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "server/os/fd.h"

namespace tactic {

// Holds `path`, which contains the holder's process id, for people. The file stays when the lock is
// gone: removing it would let two processes lock two files of one name.
class FileLock {
 public:
  // AlreadyExists: another process holds it; the message says which. PermissionDenied: the file
  // cannot be made.
  static absl::StatusOr<FileLock> Acquire(const std::string& path);

 private:
  explicit FileLock(Fd fd) : fd_(std::move(fd)) {}

  Fd fd_;
};

}  // namespace tactic
