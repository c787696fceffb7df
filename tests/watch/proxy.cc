#include "tests/watch/proxy.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tactic::testing {
namespace {

constexpr size_t kMostBuffered = 64 << 10;  // Then the side that sends has to wait.

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  return address;
}

int NewSocket() { return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

int ConnectTo(const std::string& path) {
  const int fd = NewSocket();
  const sockaddr_un address = AddressOf(path);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
  close(fd);
  return -1;
}

// Sends what can be sent now. False: the peer is gone.
bool Flush(int fd, std::string& pending) {
  if (pending.empty()) return true;
  const ssize_t sent = send(fd, pending.data(), pending.size(), MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN || errno == EINTR;
  pending.erase(0, static_cast<size_t>(sent));
  return true;
}

// Reads what is there now. -1: the peer is gone; 0: nothing.
ssize_t ReadSome(int fd, std::array<char, 4096>& buffer) {
  const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
  if (got > 0) return got;
  return got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

}  // namespace

Proxy::Proxy(const std::string& listen_path, std::string daemon_path)
    : daemon_path_(std::move(daemon_path)),
      listening_(NewSocket()),
      wake_(eventfd(0, EFD_CLOEXEC)) {
  const sockaddr_un address = AddressOf(listen_path);
  EXPECT_EQ(bind(listening_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0)
      << listen_path << ": " << std::strerror(errno);
  EXPECT_EQ(listen(listening_, SOMAXCONN), 0);
  thread_ = std::thread([this] { Loop(); });
}

Proxy::~Proxy() {
  {
    std::lock_guard lock(mu_);
    stopping_ = true;
  }
  Wake();
  thread_.join();
  for (Connection& connection : connections_) Close(connection);
  close(listening_);
  close(wake_);
}

void Proxy::Wake() const {
  const uint64_t one = 1;
  EXPECT_EQ(write(wake_, &one, sizeof(one)), static_cast<ssize_t>(sizeof(one)));
}

void Proxy::Plan(std::deque<Spoil> faults) {
  std::lock_guard lock(mu_);
  plan_ = std::move(faults);
}

size_t Proxy::faults() const {
  std::lock_guard lock(mu_);
  return faults_;
}

size_t Proxy::connections() const {
  std::lock_guard lock(mu_);
  return connected_;
}

uint64_t Proxy::daemon_bytes() const {
  std::lock_guard lock(mu_);
  return daemon_bytes_;
}

void Proxy::CutAll() {
  std::unique_lock lock(mu_);
  cut_all_ = true;
  Wake();
  cut_.wait(lock, [this] { return !cut_all_; });
}

void Proxy::Release() {
  {
    std::lock_guard lock(mu_);
    for (Connection& connection : connections_) {
      if (connection.fault.kind != Spoil::Kind::kHold) continue;
      connection.has_fault = false;
      connection.to_client += std::exchange(connection.held, "");
    }
  }
  Wake();
}

void Proxy::Accept() {
  const int client = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (client < 0) return;
  Connection connection;
  connection.client = client;
  connection.daemon = ConnectTo(daemon_path_);
  if (connection.daemon < 0) {
    Close(connection);
    return;
  }
  ++connected_;
  if (!plan_.empty()) {
    connection.has_fault = true;
    connection.fault = plan_.front();
    plan_.pop_front();
  }
  connections_.push_back(std::move(connection));
}

void Proxy::Close(Connection& connection) {
  if (connection.client >= 0) close(connection.client);
  if (connection.daemon >= 0) close(connection.daemon);
}

bool Proxy::StopsReading(const Connection& connection) const {
  const bool held =
      connection.has_fault && connection.faulty && connection.fault.kind == Spoil::Kind::kHold;
  return held || connection.to_client.size() >= kMostBuffered;
}

// Byte by byte: a fault may be at any.
bool Proxy::TakeFromDaemon(Connection& connection, const char* data, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    const Spoil& fault = connection.fault;
    const FrameCounter& counter = connection.counter;
    const bool there = counter.frames() > fault.frames ||
                       (counter.frames() == fault.frames && counter.bytes() >= fault.bytes);
    if (connection.has_fault && there && !std::exchange(connection.faulty, true)) ++faults_;
    if (connection.has_fault && connection.faulty) {
      if (fault.kind == Spoil::Kind::kCut) return false;
      if (fault.kind == Spoil::Kind::kHold) connection.held.push_back(data[i]);
      continue;
    }
    connection.counter.Take(data[i]);
    connection.to_client.push_back(data[i]);
  }
  return true;
}

bool Proxy::Serve(Connection& connection, short client_events, short daemon_events) {
  std::array<char, 4096> buffer{};
  if ((client_events & (POLLIN | POLLHUP | POLLERR)) != 0) {
    const ssize_t got = ReadSome(connection.client, buffer);
    if (got < 0) return false;
    connection.to_daemon.append(buffer.data(), static_cast<size_t>(got));
  }
  bool alive = true;
  if ((daemon_events & (POLLIN | POLLHUP | POLLERR)) != 0) {
    const ssize_t got = ReadSome(connection.daemon, buffer);
    if (got < 0) return false;
    daemon_bytes_ += static_cast<uint64_t>(got);
    alive = TakeFromDaemon(connection, buffer.data(), static_cast<size_t>(got));
  }
  return Flush(connection.client, connection.to_client) &&
         Flush(connection.daemon, connection.to_daemon) && alive;
}

void Proxy::Loop() {
  while (true) {
    std::vector<pollfd> polled = {{listening_, POLLIN, 0}, {wake_, POLLIN, 0}};
    {
      std::lock_guard lock(mu_);
      if (stopping_) return;
      for (const Connection& c : connections_) {
        const bool reads = !StopsReading(c);
        const auto out = [](bool pending) { return pending ? POLLOUT : 0; };
        const int client =
            (c.to_daemon.size() < kMostBuffered ? POLLIN : 0) | out(!c.to_client.empty());
        const int daemon = (reads ? POLLIN : 0) | out(!c.to_daemon.empty());
        polled.push_back({c.client, static_cast<short>(client), 0});
        // Of one that is held, not even the end is noticed.
        polled.push_back({daemon == 0 ? -1 : c.daemon, static_cast<short>(daemon), 0});
      }
    }
    if (poll(polled.data(), polled.size(), -1) < 0) continue;
    std::lock_guard lock(mu_);
    uint64_t woken = 0;
    if (polled[1].revents != 0) static_cast<void>(!read(wake_, &woken, sizeof(woken)));
    size_t next = 2;
    for (auto c = connections_.begin(); c != connections_.end(); next += 2) {
      const bool alive = !cut_all_ && Serve(*c, polled[next].revents, polled[next + 1].revents);
      if (!alive) Close(*c);
      c = alive ? std::next(c) : connections_.erase(c);
    }
    if (std::exchange(cut_all_, false)) cut_.notify_all();
    if (polled[0].revents != 0) Accept();
  }
}

}  // namespace tactic::testing
