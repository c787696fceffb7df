// Where the daemon listens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/os/fd.h"
#include "server/rpc/file_lock.h"

namespace tactic {

struct ListenAddress {
  std::string path;  // Of a unix socket; empty: TCP.
  std::string host;  // A loopback address in numbers.
  uint16_t port = 0;

  bool is_unix() const { return !path.empty(); }
};
std::string ToText(const ListenAddress& address);  // "unix:/run/x.sock", "[::1]:50051"

// "unix:/path", "127.0.0.1:port", "localhost:port", "[::1]:port"; port 0 lets the system choose.
// InvalidArgument for all else: TCP has no authentication here, so only this host may come in.
absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text);

// One address, first reserved, then listened at. A unix socket is one daemon's by the lock
// "<path>.lock", held for the life of this: two processes can bind one path, and the second would
// take it from the first without either noticing.
class Listener {
 public:
  // Unix: makes the directory (0750) if it is not there, and takes the lock. AlreadyExists: another
  // daemon has it.
  static absl::StatusOr<Listener> Reserve(ListenAddress address);
  Listener(Listener&&) noexcept = default;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  // Unix: removes the socket that a killed daemon left behind; the new one is for this user and
  // group (0660). AlreadyExists: the TCP port is in use. FailedPrecondition: something that is no
  // socket is in the way.
  absl::Status Listen();
  // Refuses connections from now on; the lock stays.
  void Close();

  int fd() const { return fd_.get(); }
  const ListenAddress& address() const { return address_; }  // With the port that was chosen.

 private:
  Listener(ListenAddress address, std::optional<FileLock> lock)
      : address_(std::move(address)), lock_(std::move(lock)) {}
  absl::Status ListenUnix();
  absl::Status ListenTcp();

  ListenAddress address_;
  std::optional<FileLock> lock_;
  Fd fd_;
};

}  // namespace tactic
