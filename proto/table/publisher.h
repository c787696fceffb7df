// Puts table files in their place, one after the other.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "tactic/model/result.h"

namespace tactic::table {

// The one that may replace the file at a path, while it lives. Not thread-safe.
class Publisher {
 public:
  // Takes PATH.lock, which stays behind. FailedPrecondition: another one lives, in this process or
  // another; Unavailable: the system does not let us. Both say what to do.
  static Result<Publisher> Open(std::string path);

  ~Publisher();
  Publisher(Publisher&& other) noexcept;
  Publisher& operator=(Publisher&&) = delete;

  // Whoever opens the path sees this file or the one before, whole, whenever the process or the
  // machine stops: it is written as PATH.new, synced, and renamed. Who may read it follows the
  // umask. An Error leaves the one before.
  Check Publish(std::string_view image) const;

  const std::string& path() const { return path_; }

 private:
  Publisher(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::string path_;
  int lock_;
};

}  // namespace tactic::table
