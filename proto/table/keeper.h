// Keeps a table file up to date: many changes in a row become one file.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "proto/table/publisher.h"
#include "tactic/model/result.h"

namespace tactic::table {

// A thread from construction to destruction. Thread-safe.
class Keeper {
 public:
  struct Hooks {
    // The file as it should be now. Called on the thread.
    std::function<Result<std::string>()> image;
    // Each time that a file could not be made or published; the one before stays, and it is tried
    // again after a while. Called on the thread.
    std::function<void(const std::string& why)> failed;
  };

  Keeper(Publisher publisher, Hooks hooks);
  // Publishes first what has changed.
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // There is something new. Short, and never waits for the file: it comes at once after a rest, and
  // at the latest once the rest after the last one is over: a quarter of a second, or twenty times
  // as long as that one took, so that a large table that changes all the time takes a twentieth of
  // one processor.
  void Changed();

  const std::string& path() const { return publisher_.path(); }

 private:
  void Loop();
  void Publish();

  const Publisher publisher_;
  const Hooks hooks_;
  std::mutex mu_;
  std::condition_variable wake_;
  bool changed_ = false;   // Guarded by mu_.
  bool stopping_ = false;  // Likewise.
  // Of the thread.
  std::chrono::steady_clock::duration rest_{0};
  std::thread thread_;  // Last: uses all the others.
};

}  // namespace tactic::table
