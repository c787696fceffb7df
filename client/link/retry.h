// Calls that are made again until they succeed or the time is over.
#pragma once

#include <chrono>
#include <random>
#include <thread>

#include "client/link/connection.h"

namespace tactic::link {

// A point in time until which calls are retried.
class TimeLimit {
 public:
  explicit TimeLimit(Millis rest) : end_(std::chrono::steady_clock::now() + rest) {}
  Millis Rest() const {
    return std::chrono::duration_cast<Millis>(end_ - std::chrono::steady_clock::now());
  }
  bool Over() const { return Rest() <= Millis(0); }

 private:
  std::chrono::steady_clock::time_point end_;
};

// Repeats `attempt` while its failure is transient and time is left. The last status.
template <typename Attempt>
grpc::Status Retry(const TimeLimit& limit, Attempt attempt) {
  Backoff backoff(std::random_device{}());
  while (true) {
    const grpc::Status status = attempt();
    if (status.ok() || !IsTransient(status)) return status;
    const Millis wait = backoff.Next();
    if (limit.Rest() <= wait) return status;
    std::this_thread::sleep_for(wait);
  }
}

}  // namespace tactic::link
