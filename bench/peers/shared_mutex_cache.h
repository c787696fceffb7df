// How most programs keep tuned answers: the peer that choose_one_bench compares with.
#pragma once

#include <bit>
#include <cstdint>
#include <shared_mutex>
#include <string>
#include <unordered_map>

namespace tactic::bench {

// A string as the key, under a lock that readers share. Find is thread-safe.
class SharedMutexCache {
 public:
  void Put(const std::string& op, int64_t m, int64_t k, int64_t n, int value) {
    answers_[KeyOf(op, m, k, n)] = value;
  }
  int Find(const std::string& op, int64_t m, int64_t k, int64_t n) const {
    const std::string key = KeyOf(op, m, k, n);
    std::shared_lock lock(mu_);
    const auto found = answers_.find(key);
    return found == answers_.end() ? -1 : found->second;
  }

 private:
  static std::string KeyOf(const std::string& op, int64_t m, int64_t k, int64_t n) {
    const auto bucket = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(m)));
    return op + ":" + std::to_string(bucket) + "," + std::to_string(k) + ";" + std::to_string(k) +
           "," + std::to_string(n) + ";" + std::to_string(n);
  }

  mutable std::shared_mutex mu_;
  std::unordered_map<std::string, int> answers_;
};

}  // namespace tactic::bench
