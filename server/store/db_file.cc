#include "server/store/db_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/core/status_macros.h"
#include "server/store/schema.h"

namespace tactic {
namespace {

struct NamedType {
  int64_t type;
  const char* name;
};

// From linux/magic.h and the file systems' own sources.
constexpr NamedType kLocal[] = {
    {0xef53, "ext2/3/4"},      {0x58465342, "xfs"},   {0x9123683e, "btrfs"},
    {0xf2f52010, "f2fs"},      {0x2fc12fc1, "zfs"},   {0xca451a4e, "bcachefs"},
    {0x794c7630, "overlayfs"}, {0x01021994, "tmpfs"}, {0x3153464a, "jfs"},
};
constexpr NamedType kRemote[] = {
    {0x6969, "NFS"},        {0x517b, "SMB"},      {0xff534d42, "CIFS"},   {0xfe534d42, "SMB2"},
    {0x65735546, "FUSE"},   {0x01021997, "9p"},   {0x0bd00bd0, "Lustre"}, {0x47504653, "GPFS"},
    {0x00c36400, "CephFS"}, {0x5346414f, "AFS"},  {0x6b414653, "kAFS"},   {0x73757245, "Coda"},
    {0x19830326, "BeeGFS"}, {0x01161970, "GFS2"}, {0x7461636f, "OCFS2"},  {0x786f4256, "vboxsf"},
    {0xaad7aaea, "PanFS"},
};

template <size_t n>
const char* NameOf(const NamedType (&types)[n], int64_t type) {
  const auto* end = types + n;
  const auto* it = std::find_if(types, end, [&](const NamedType& t) { return t.type == type; });
  return it == end ? nullptr : it->name;
}

absl::Status SystemError(const std::filesystem::path& path, const char* doing) {
  const int error = errno;
  const std::string text = absl::StrCat(path.string(), ": ", doing, ": ", std::strerror(error));
  if (error == ENOSPC || error == EDQUOT) return absl::ResourceExhaustedError(text);
  if (error == EIO) return absl::UnavailableError(text);
  return absl::FailedPreconditionError(text);
}

absl::Status SyncPath(const std::filesystem::path& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return SystemError(path, "opening to sync");
  const int rc = fsync(fd);
  const absl::Status status = rc == 0 ? absl::OkStatus() : SystemError(path, "syncing");
  close(fd);
  return status;
}

absl::Status Damaged(const std::filesystem::path& file, const std::string& why) {
  return absl::DataLossError(
      absl::StrCat("sqlite:", file.string(), ": ", why,
                   ". Nothing was changed. Restore a copy, or move the file away together with its "
                   "-wal file to start empty"));
}

// The database header's fields: offsets and big-endian form are SQLite's documented file format.
absl::Status CheckHeader(const std::filesystem::path& file) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  constexpr size_t kApplicationIdOffset = 68;
  std::array<char, 100> header{};
  std::ifstream in(file, std::ios::binary);
  if (!in.is_open()) return SystemError(file, "opening");
  in.read(header.data(), header.size());
  if (in.gcount() < static_cast<std::streamsize>(header.size()) ||
      std::string_view(header.data(), kMagic.size()) != kMagic) {
    return Damaged(file, "not a SQLite database, or its header is damaged");
  }
  int64_t id = 0;
  for (size_t i = 0; i < 4; ++i) {
    id = id << 8 | static_cast<unsigned char>(header[kApplicationIdOffset + i]);
  }
  if (id == kApplicationId) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "sqlite:%s: a database of another program (application id 0x%08x, ours is 0x%08x). Nothing "
      "was changed. Name another file or state directory",
      file.string(), id, kApplicationId));
}

bool HasBytes(const std::filesystem::path& file) {
  std::error_code ec;
  const auto size = std::filesystem::file_size(file, ec);
  return !ec && size > 0;
}

}  // namespace

absl::StatusOr<int64_t> FilesystemTypeOf(const std::filesystem::path& directory) {
  struct statfs info {};
  if (statfs(directory.c_str(), &info) != 0) return SystemError(directory, "statfs");
  return static_cast<int64_t>(static_cast<uint32_t>(info.f_type));
}

absl::Status CheckFilesystem(const std::filesystem::path& directory, const FilesystemType& type_of,
                             const std::function<void(const std::string&)>& log) {
  ASSIGN_OR_RETURN(const int64_t type, type_of(directory));
  if (const char* name = NameOf(kRemote, type); name != nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat(directory.string(), " is on ", name,
                     ", where file locks and fsync cannot be relied on. Put the state directory on "
                     "a local disk"));
  }
  if (NameOf(kLocal, type) == nullptr) {
    log(absl::StrFormat("%s is on a file system of unknown type 0x%x; it must be a local disk",
                        directory.string(), type));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> CheckDatabaseFile(const std::filesystem::path& file) {
  struct stat info {};
  if (lstat(file.c_str(), &info) != 0) {
    if (errno != ENOENT) return SystemError(file, "looking");
    for (const char* suffix : {"-wal", "-journal"}) {
      if (HasBytes(file.string() + suffix)) {
        return Damaged(file, absl::StrCat("missing, but its log ", file.filename().string(), suffix,
                                          " is there: the database was removed without it"));
      }
    }
    return false;
  }
  if (S_ISLNK(info.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "sqlite:", file.string(), ": a symbolic link, which is not followed. Name the real file"));
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat("sqlite:", file.string(), ": not a file"));
  }
  if (info.st_size == 0) return Damaged(file, "empty: its content is gone");
  RETURN_IF_ERROR(CheckHeader(file));
  return true;
}

std::optional<FileIdentity> IdentityOf(const std::filesystem::path& file) {
  struct stat info {};
  if (lstat(file.c_str(), &info) != 0) return std::nullopt;
  return FileIdentity{info.st_dev, info.st_ino};
}

absl::Status MoveIntoPlace(const std::filesystem::path& from, const std::filesystem::path& to) {
  RETURN_IF_ERROR(SyncPath(from, O_RDWR));
  if (rename(from.c_str(), to.c_str()) != 0) return SystemError(to, "renaming into place");
  return SyncPath(to.parent_path(), O_RDONLY | O_DIRECTORY);
}

}  // namespace tactic
