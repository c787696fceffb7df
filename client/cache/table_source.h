// Where a cache's table file comes from: the file that has a path now, each time that it is another
// one.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "proto/table/mapped_table.h"
#include "tactic/model/result.h"
#include "tactic/statistics.h"

namespace tactic::cache_internal {

// Not thread-safe.
class TableSource {
 public:
  explicit TableSource(std::string path) : path_(std::move(path)) {}

  // The file, if it is another one than at the last look and can be read. A file that cannot is
  // counted once.
  std::shared_ptr<const table::MappedTable> Look();

  // Why the file that has the path now is not read; Ok: it is.
  Check Status() const;
  // Fills what is of files.
  void Fill(TableStatistics& statistics) const;

 private:
  void Refuse(table::Refusal refusal);

  const std::string path_;
  std::optional<table::FileIdentity> seen_;  // At the last look.
  std::optional<table::Refusal> refusal_;    // Of the last look.
  TableStatistics counts_;
};

// Calls `look` every so often on a thread of its own, from construction to destruction.
class TableFollower {
 public:
  TableFollower(std::chrono::milliseconds every, std::function<void()> look);
  // In a child of fork, which does not have the thread, nothing is waited for.
  ~TableFollower();
  TableFollower(const TableFollower&) = delete;
  TableFollower& operator=(const TableFollower&) = delete;

 private:
  struct Shared {
    std::mutex mu;
    std::condition_variable wake;
    bool stopping = false;  // Guarded by mu.
  };

  const int process_;
  std::unique_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace tactic::cache_internal
