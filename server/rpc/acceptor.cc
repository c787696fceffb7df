#include "server/rpc/acceptor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tactic {
namespace {

Fd OpenSpare() { return Fd(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

Fd AcceptOne(int listening) {
  return Fd(accept4(listening, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

bool OutOfResources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Acceptor>> Acceptor::Start(std::vector<int> listening,
                                                          const Logger& logger, Options options,
                                                          Handler handler) {
  Fd stop(eventfd(0, EFD_CLOEXEC));
  Fd spare = OpenSpare();
  if (!stop.ok() || !spare.ok()) {
    return absl::ResourceExhaustedError(absl::StrCat("no descriptors: ", std::strerror(errno)));
  }
  std::unique_ptr<Acceptor> acceptor(new Acceptor(std::move(listening), logger, options,
                                                  std::move(handler), std::move(stop),
                                                  std::move(spare)));
  acceptor->thread_ = std::thread([raw = acceptor.get()] { raw->Loop(); });
  return acceptor;
}

Acceptor::Acceptor(std::vector<int> listening, const Logger& logger, Options options,
                   Handler handler, Fd stop, Fd spare)
    : listening_(std::move(listening)),
      logger_(logger),
      options_(options),
      handler_(std::move(handler)),
      stop_(std::move(stop)),
      spare_(std::move(spare)) {}

Acceptor::~Acceptor() {
  const uint64_t one = 1;
  // An eventfd takes it unless its counter is full, which one write cannot do.
  static_cast<void>(!write(stop_.get(), &one, sizeof(one)));
  thread_.join();
}

void Acceptor::Loop() {
  std::vector<pollfd> polled;
  for (const int fd : listening_) polled.push_back({fd, POLLIN, 0});
  polled.push_back({stop_.get(), POLLIN, 0});
  while (true) {
    if (poll(polled.data(), polled.size(), -1) < 0) continue;  // Interrupted.
    if (polled.back().revents != 0) return;
    for (const pollfd& ready : polled) {
      if (ready.revents != 0) AcceptFrom(ready.fd);
    }
  }
}

void Acceptor::AcceptFrom(int listening) {
  Fd connection = AcceptOne(listening);
  if (connection.ok()) {
    if (connection.get() >= options_.first_refused_fd) {
      Refuse("too many are open");
    } else {
      handler_(std::move(connection));
    }
    return;
  }
  // All else is about the one connection, which is gone.
  if (OutOfResources(errno)) RefuseWithoutDescriptor(listening);
}

void Acceptor::RefuseWithoutDescriptor(int listening) {
  Refuse(std::strerror(errno));
  spare_.Close();
  AcceptOne(listening).Close();
  spare_ = OpenSpare();
}

void Acceptor::Refuse(const char* why) {
  const int64_t now_s = std::chrono::duration_cast<std::chrono::seconds>(
                            std::chrono::steady_clock::now().time_since_epoch())
                            .count();
  if (now_s == last_warning_s_) return;  // One line a second is enough.
  last_warning_s_ = now_s;
  logger_.Warning("connection_refused", {{"reason", why}});
}

}  // namespace tactic
