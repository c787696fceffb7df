#include "proto/table/keeper.h"

#include <algorithm>
#include <utility>

namespace tactic::table {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Clock::duration kShortestRest = std::chrono::milliseconds(250);
constexpr Clock::duration kRestAfterFailure = std::chrono::seconds(5);
constexpr int kRestsOfItsWork = 20;

}  // namespace

Keeper::Keeper(Publisher publisher, Hooks hooks)
    : publisher_(std::move(publisher)), hooks_(std::move(hooks)), thread_([this] { Loop(); }) {}

Keeper::~Keeper() {
  {
    const std::lock_guard lock(mu_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Keeper::Changed() {
  {
    const std::lock_guard lock(mu_);
    changed_ = true;
  }
  wake_.notify_all();
}

void Keeper::Loop() {
  std::unique_lock lock(mu_);
  while (true) {
    wake_.wait(lock, [this] { return changed_ || stopping_; });
    if (!changed_) return;
    changed_ = false;
    lock.unlock();
    Publish();
    lock.lock();
    wake_.wait_for(lock, rest_, [this] { return stopping_; });
  }
}

void Keeper::Publish() {
  const Clock::time_point start = Clock::now();
  const Result<std::string> image = hooks_.image();
  const Check published = image.ok() ? publisher_.Publish(*image) : Check(image.error());
  if (published.ok()) {
    rest_ = std::max(kShortestRest, kRestsOfItsWork * (Clock::now() - start));
    return;
  }
  rest_ = kRestAfterFailure;
  hooks_.failed(published.error().message);
  const std::lock_guard lock(mu_);
  changed_ = !stopping_;
}

}  // namespace tactic::table
