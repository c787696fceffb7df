#include "client/link/status_board.h"

#include <time.h>

#include <algorithm>

namespace tactic::link {
namespace {

constexpr int64_t kFreshNanos = 15'000'000'000;
constexpr int64_t kStaleNanos = 60'000'000'000;

}  // namespace

int64_t BootNanos() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void StatusBoard::Heard() {
  std::lock_guard lock(mu_);
  heard_ns_ = now_ns_();
}

void StatusBoard::Reached(const std::string& store_id, uint64_t revision) {
  std::lock_guard lock(mu_);
  store_id_ = store_id;
  revision_ = revision;
  ready_ = true;
  reached_ns_ = now_ns_();
  error_.clear();
  changed_.notify_all();
}

void StatusBoard::Failed(std::string error) {
  std::lock_guard lock(mu_);
  error_ = std::move(error);
}

void StatusBoard::Connected() {
  std::lock_guard lock(mu_);
  ++connects_;
}

void StatusBoard::CountSent() {
  std::lock_guard lock(mu_);
  ++sent_;
}

void StatusBoard::CountDropped(uint64_t problems) {
  std::lock_guard lock(mu_);
  dropped_ += problems;
}

void StatusBoard::CountReported(uint64_t calls) {
  std::lock_guard lock(mu_);
  reported_ += calls;
}

void StatusBoard::Fill(ClientStatistics& statistics) const {
  std::lock_guard lock(mu_);
  statistics.store_id = store_id_;
  statistics.revision = revision_;
  statistics.connects = connects_;
  statistics.requests_sent = sent_;
  statistics.requests_dropped = dropped_;
  statistics.misses_reported = reported_;
  statistics.last_error = error_;
  const int64_t age = now_ns_() - reached_ns_;
  statistics.freshness = reached_ns_ == 0 || age > kStaleNanos ? Freshness::kOffline
                         : age > kFreshNanos                   ? Freshness::kStale
                                                               : Freshness::kFresh;
}

std::pair<std::string, uint64_t> StatusBoard::Position() const {
  std::lock_guard lock(mu_);
  return {store_id_, revision_};
}

bool StatusBoard::HearsDaemon() const {
  std::lock_guard lock(mu_);
  return heard_ns_ != 0 && now_ns_() - heard_ns_ <= kFreshNanos;
}

bool StatusBoard::SilentFor(std::chrono::nanoseconds age) const {
  std::lock_guard lock(mu_);
  return now_ns_() - std::max(heard_ns_, made_ns_) > age.count();
}

bool StatusBoard::WaitFor(std::chrono::milliseconds timeout, const std::function<bool()>& holds) {
  std::unique_lock lock(mu_);
  return changed_.wait_for(lock, timeout, holds);
}

bool StatusBoard::WaitUntilReady(std::chrono::milliseconds timeout) {
  return WaitFor(timeout, [this] { return ready_; });
}

bool StatusBoard::WaitForRevision(const std::string& store_id, uint64_t revision,
                                  std::chrono::milliseconds timeout) {
  return WaitFor(timeout, [&] { return store_id_ == store_id && revision_ >= revision; });
}

bool StatusBoard::WaitForRevision(uint64_t revision, std::chrono::milliseconds timeout) {
  return WaitFor(timeout, [&] { return ready_ && revision_ >= revision; });
}

}  // namespace tactic::link
