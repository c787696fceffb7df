#include "proto/table/mapped_table.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace tactic::table {
namespace {

Refusal SystemRefusal(const std::string& path, int error) {
  const bool missing = error == ENOENT || error == ENOTDIR;
  return {missing ? Fault::kMissing : Fault::kUnreadable, path + ": " + std::strerror(error)};
}

FileIdentity IdentityOf(const struct stat& status) {
  constexpr int64_t kNanosPerSecond = 1'000'000'000;
  return {status.st_dev, status.st_ino,
          int64_t{status.st_mtim.tv_sec} * kNanosPerSecond + status.st_mtim.tv_nsec,
          static_cast<uint64_t>(status.st_size)};
}

// Closes at its end.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

}  // namespace

std::variant<FileIdentity, Refusal> Identify(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return SystemRefusal(path, errno);
  return IdentityOf(status);
}

MappedTable::Opened MappedTable::Open(const std::string& path) {
  // Not blocking: what has this name may be a pipe.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (file.get() < 0) return SystemRefusal(path, errno);
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return SystemRefusal(path, errno);
  if (!S_ISREG(status.st_mode)) return Refusal{Fault::kForeign, path + ": not a file"};
  const auto bytes = static_cast<size_t>(status.st_size);
  if (bytes == 0) return Refusal{Fault::kDamaged, path + ": damaged: cut short"};
  void* const memory = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file.get(), 0);
  if (memory == MAP_FAILED) return SystemRefusal(path, errno);
  auto parsed = View::Parse({static_cast<const char*>(memory), bytes});
  if (auto* refusal = std::get_if<Refusal>(&parsed)) {
    munmap(memory, bytes);
    refusal->message = path + ": " + refusal->message;
    return std::move(*refusal);
  }
  return std::shared_ptr<const MappedTable>(
      new MappedTable(std::get<View>(parsed), IdentityOf(status), memory));
}

MappedTable::~MappedTable() { munmap(memory_, identity_.bytes); }

}  // namespace tactic::table
