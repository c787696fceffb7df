#include "server/rpc/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/core/status_macros.h"

namespace tactic {
namespace {

constexpr int kBacklog = 128;
constexpr mode_t kDirectoryMode = 0750;
constexpr mode_t kSocketMode = 0660;
constexpr size_t kMaxPath = sizeof(sockaddr_un::sun_path) - 1;

absl::Status Refuse(std::string_view text, const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat("listen: '", std::string(text), "' ", why));
}

absl::Status SystemError(const ListenAddress& address, const char* doing) {
  const int error = errno;
  const std::string text =
      absl::StrCat("listen: ", ToText(address), ": ", doing, ": ", std::strerror(error));
  if (error == EADDRINUSE) return absl::AlreadyExistsError(text);
  if (error == EACCES || error == EPERM || error == EROFS) return absl::PermissionDeniedError(text);
  return absl::FailedPreconditionError(text);
}

absl::StatusOr<ListenAddress> ParseUnix(std::string_view text, std::string_view path) {
  if (!path.starts_with('/')) return Refuse(text, "must have an absolute path: unix:/path");
  if (path.size() > kMaxPath) {
    return Refuse(text, absl::StrCat("has a path of ", path.size(), " bytes; a socket's may have ",
                                     kMaxPath));
  }
  if (path.find('\0') != std::string_view::npos) return Refuse(text, "has a zero byte in its path");
  ListenAddress address;
  address.path = std::string(path);
  return address;
}

// Every component that is missing, so that none is open to others.
absl::Status MakeDirectory(const ListenAddress& address) {
  const std::filesystem::path directory = std::filesystem::path(address.path).parent_path();
  std::filesystem::path made;
  for (const std::filesystem::path& component : directory) {
    made /= component;
    if (mkdir(made.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
      std::error_code ignored;
      if (std::filesystem::is_directory(made, ignored)) continue;
      return SystemError(address, absl::StrCat("making ", made.string()).c_str());
    }
  }
  return absl::OkStatus();
}

sockaddr_in6 Address6(const ListenAddress& address) {
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_port = htons(address.port);
  to.sin6_addr = in6addr_loopback;
  return to;
}

sockaddr_in Address4(const ListenAddress& address) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(address.port);
  inet_pton(AF_INET, address.host.c_str(), &to.sin_addr);
  return to;
}

uint16_t PortOf(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                           : reinterpret_cast<sockaddr_in&>(bound).sin_port);
}

}  // namespace

std::string ToText(const ListenAddress& address) {
  if (address.is_unix()) return absl::StrCat("unix:", address.path);
  const bool six = address.host.find(':') != std::string::npos;
  return absl::StrCat(six ? "[" : "", address.host, six ? "]" : "", ":", address.port);
}

absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  if (text.starts_with(kUnix)) return ParseUnix(text, text.substr(kUnix.size()));
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return Refuse(text,
                  "is no address; must be unix:/path, 127.0.0.1:port, localhost:port or "
                  "[::1]:port");
  }
  ListenAddress address;
  const std::string_view port = text.substr(colon + 1);
  const char* const port_end = port.data() + port.size();
  const auto [end, error] = std::from_chars(port.data(), port_end, address.port);
  if (error != std::errc() || end != port_end) {
    return Refuse(text, "has no port of 0 .. 65535 after its last colon");
  }
  const std::string host(text.substr(0, colon));
  in_addr four{};
  if (host == "localhost") {
    address.host = "127.0.0.1";
  } else if (host == "[::1]") {
    address.host = "::1";
  } else if (inet_pton(AF_INET, host.c_str(), &four) == 1 && ntohl(four.s_addr) >> 24 == 127) {
    address.host = host;
  } else {
    return Refuse(text,
                  "is not of this host alone. TCP is not authenticated here, so only 127.0.0.1, "
                  "localhost and [::1] are taken; use unix:/path, or forward a port");
  }
  return address;
}

absl::StatusOr<Listener> Listener::Reserve(ListenAddress address) {
  if (!address.is_unix()) return Listener(std::move(address), std::nullopt);
  RETURN_IF_ERROR(MakeDirectory(address));
  ASSIGN_OR_RETURN(FileLock lock, FileLock::Acquire(address.path + ".lock"));
  return Listener(std::move(address), std::move(lock));
}

Listener::~Listener() { Close(); }

absl::Status Listener::Listen() { return address_.is_unix() ? ListenUnix() : ListenTcp(); }

absl::Status Listener::ListenUnix() {
  struct stat there {};
  if (lstat(address_.path.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode)) {
      return absl::FailedPreconditionError(
          absl::StrCat("listen: ", address_.path,
                       " is there and is no socket; remove it, or choose another path"));
    }
    if (unlink(address_.path.c_str()) != 0) return SystemError(address_, "removing a stale socket");
  }
  Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.ok()) return SystemError(address_, "socket");
  // Nobody else can connect between bind and chmod: the socket takes its mode from the descriptor.
  if (fchmod(fd.get(), S_IRUSR | S_IWUSR) != 0) return SystemError(address_, "fchmod");
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.path.data(), address_.path.size());
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0) {
    return SystemError(address_, "bind");
  }
  fd_ = std::move(fd);
  if (chmod(address_.path.c_str(), kSocketMode) != 0) return SystemError(address_, "chmod");
  if (listen(fd_.get(), kBacklog) != 0) return SystemError(address_, "listen");
  return absl::OkStatus();
}

absl::Status Listener::ListenTcp() {
  const bool six = address_.host.find(':') != std::string::npos;
  Fd fd(socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.ok()) return SystemError(address_, "socket");
  // A port in TIME_WAIT may be taken again; one that is listened at may not.
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in6 to6 = Address6(address_);
  sockaddr_in to4 = Address4(address_);
  const int bound = six ? bind(fd.get(), reinterpret_cast<sockaddr*>(&to6), sizeof(to6))
                        : bind(fd.get(), reinterpret_cast<sockaddr*>(&to4), sizeof(to4));
  if (bound != 0) return SystemError(address_, "bind");
  if (listen(fd.get(), kBacklog) != 0) return SystemError(address_, "listen");
  address_.port = PortOf(fd.get());
  fd_ = std::move(fd);
  return absl::OkStatus();
}

void Listener::Close() {
  if (!fd_.ok()) return;
  fd_.Close();
  // With the lock held, so it is ours.
  if (address_.is_unix()) unlink(address_.path.c_str());
}

}  // namespace tactic
