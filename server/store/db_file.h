// The database as a file: what must hold before SQLite may touch it, and how files appear whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tactic {

// The file system's type (statfs f_type) under a directory.
using FilesystemType = std::function<absl::StatusOr<int64_t>(const std::filesystem::path&)>;
absl::StatusOr<int64_t> FilesystemTypeOf(const std::filesystem::path& directory);

// FailedPrecondition for the network and user-space file systems, where locks and fsync do not hold
// what SQLite needs. Others that this code has no experience with are reported to `log`.
absl::Status CheckFilesystem(const std::filesystem::path& directory, const FilesystemType& type_of,
                             const std::function<void(const std::string&)>& log);

// Whether there is a database at `file`, judged without SQLite and without changing anything.
// FailedPrecondition: a symbolic link, not a file, or a database of another program. DataLoss: it
// has no SQLite header, is empty (never so since it was made), or only its log is there.
absl::StatusOr<bool> CheckDatabaseFile(const std::filesystem::path& file);

// Which file a path names. nullopt: none.
struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};
std::optional<FileIdentity> IdentityOf(const std::filesystem::path& file);

// Renames, so that after a power cut `to` is there complete or not at all.
absl::Status MoveIntoPlace(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace tactic
