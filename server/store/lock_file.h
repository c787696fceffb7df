// One daemon per database: a lock file beside it, held while the store is open. It also remembers
// how far the store had come, so that a database that lost its newest changes (its log removed, an
// older copy put back) is noticed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace tactic {

class LockFile {
 public:
  // Takes "<database>.lock". FailedPrecondition: another process (named if known) holds it, or it
  // cannot be made.
  static absl::StatusOr<std::unique_ptr<LockFile>> Acquire(const std::filesystem::path& database);
  ~LockFile();
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

  struct Mark {
    std::string store_id;
    uint64_t revision = 0;
  };
  // What the last holder noted last. Survives its kill; after a power cut it may be older.
  const std::optional<Mark>& found() const { return found_; }
  // Not synced, and a failure is harmless: the mark is a safeguard, not the truth.
  void Note(const Mark& mark);

 private:
  LockFile(int fd, std::optional<Mark> found) : fd_(fd), found_(std::move(found)) {}

  const int fd_;
  const std::optional<Mark> found_;
};

}  // namespace tactic
