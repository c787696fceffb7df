// A directory of its own for one test.
#pragma once

#include <filesystem>
#include <string_view>

namespace tactic::testing {

// Makes an empty directory under the system's temporary directory, short enough for a unix socket's
// path, and removes it with all that is in it at the end. Throws std::system_error when it cannot
// be made.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace tactic::testing
