#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>

namespace tactic {

// Rows that were left out because they are damaged: each is counted and logged once.
class Damage {
 public:
  explicit Damage(std::function<void(const std::string&)> log) : log_(std::move(log)) {}

  // `consequence`: what it means, and what to do; for the log.
  void Found(const std::string& table, int64_t rowid,
             const std::string& consequence = "what it held is tuned again when it is asked for");
  uint64_t rows() const { return rows_.size(); }

 private:
  std::function<void(const std::string&)> log_;
  std::set<std::pair<std::string, int64_t>> rows_;
};

}  // namespace tactic
