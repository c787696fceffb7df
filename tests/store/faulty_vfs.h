// A file system for SQLite that fails, or is photographed, at a chosen operation. It stands on the
// system's one, without its shared-memory methods (which a store in exclusive mode does not need)
// and without real syncs (which only a power cut would tell apart; see synced()).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

struct sqlite3_vfs;

namespace tactic::testing {

// One thread. Outlives the stores that use it.
class FaultyVfs {
 public:
  FaultyVfs();
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  const std::string& name() const { return name_; }

  // The n-th write, sync, truncation or removal from now on returns `code`; a write leaves half of
  // itself. `for_ever`: so do all after it.
  void FailAt(int n, int code, bool for_ever);
  bool failed() const { return failed_; }

  // Called before each such operation.
  void OnOperation(std::function<void()> hook) { hook_ = std::move(hook); }
  // What a power cut would leave of each open file, by path: its content when it was synced last.
  const std::map<std::string, std::string>& synced() const { return synced_; }

 private:
  friend struct FaultyFile;
  // 0, or the code to fail with.
  int Next();

  const std::string name_;
  std::unique_ptr<sqlite3_vfs> vfs_;
  std::function<void()> hook_ = [] {};
  std::map<std::string, std::string> synced_;
  int countdown_ = 0;
  int code_ = 0;
  bool for_ever_ = false;
  bool failed_ = false;
};

}  // namespace tactic::testing
