#include "client/cache/table_source.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <utility>
#include <variant>

namespace tactic::cache_internal {
namespace {

ErrorCode CodeOf(table::Fault fault) {
  switch (fault) {
    case table::Fault::kMissing:
      return ErrorCode::kNotFound;
    case table::Fault::kUnreadable:
      return ErrorCode::kUnavailable;
    case table::Fault::kForeign:
      return ErrorCode::kInvalidArgument;
    case table::Fault::kNewer:
      return ErrorCode::kFailedPrecondition;
    case table::Fault::kDamaged:
      break;
  }
  return ErrorCode::kDataLoss;
}

}  // namespace

std::shared_ptr<const table::MappedTable> TableSource::Look() {
  const auto now = table::Identify(path_);
  if (const auto* refusal = std::get_if<table::Refusal>(&now)) {
    // Another look at the same nothing tells no more.
    if (!refusal_ || refusal_->fault != refusal->fault) Refuse(*refusal);
    seen_.reset();
    return nullptr;
  }
  const auto& identity = std::get<table::FileIdentity>(now);
  if (seen_ == identity) return nullptr;
  seen_ = identity;
  auto opened = table::MappedTable::Open(path_);
  if (auto* refusal = std::get_if<table::Refusal>(&opened)) {
    Refuse(std::move(*refusal));
    return nullptr;
  }
  refusal_.reset();
  ++counts_.opened;
  auto file = std::get<std::shared_ptr<const table::MappedTable>>(std::move(opened));
  seen_ = file->identity();  // It may have been replaced since.
  return file;
}

void TableSource::Refuse(table::Refusal refusal) {
  switch (refusal.fault) {
    case table::Fault::kMissing:
      ++counts_.missing;
      break;
    case table::Fault::kUnreadable:
      ++counts_.unreadable;
      break;
    case table::Fault::kForeign:
      ++counts_.foreign;
      break;
    case table::Fault::kNewer:
      ++counts_.newer;
      break;
    case table::Fault::kDamaged:
      ++counts_.damaged;
      break;
  }
  refusal_ = std::move(refusal);
}

Check TableSource::Status() const {
  if (!refusal_) return Ok();
  return Error{CodeOf(refusal_->fault), refusal_->message};
}

void TableSource::Fill(TableStatistics& statistics) const {
  statistics.opened = counts_.opened;
  statistics.missing = counts_.missing;
  statistics.unreadable = counts_.unreadable;
  statistics.foreign = counts_.foreign;
  statistics.newer = counts_.newer;
  statistics.damaged = counts_.damaged;
}

TableFollower::TableFollower(std::chrono::milliseconds every, std::function<void()> look)
    : process_(getpid()), shared_(std::make_unique<Shared>()) {
  // Signals are for the program's own threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([shared = shared_.get(), every, look = std::move(look)] {
    std::unique_lock lock(shared->mu);
    while (!shared->wake.wait_for(lock, every, [shared] { return shared->stopping; })) {
      lock.unlock();
      look();
      lock.lock();
    }
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TableFollower::~TableFollower() {
  if (getpid() != process_) {
    thread_.detach();
    static_cast<void>(shared_.release());  // The thread may have held its lock.
    return;
  }
  {
    const std::lock_guard lock(shared_->mu);
    shared_->stopping = true;
  }
  shared_->wake.notify_all();
  thread_.join();
}

}  // namespace tactic::cache_internal
