// A process that chooses from a table file, with no gRPC in it; for the end-to-end tests. Argument:
// the file. Reads commands from standard input, one a line, and answers each with a line:
//   wait REVISION    waits for a file of it     -> "yes" or "no"
//   choose M N K     ChooseOne of gemm          -> "hit <decision>" or "miss"
//   start M N K      has a thread choose without end -> "started"
//   stop             ends it    -> "<calls> calls, <misses> misses"
// Ends with its input.
#include <atomic>
#include <chrono>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

#include "tactic/cache.h"
#include "tactic/host_runners.h"
#include "tactic/sdk/runner.h"

namespace tactic::e2e {
namespace {

constexpr std::chrono::seconds kPatience(50);

class TableReader {
 public:
  explicit TableReader(const std::string& path) {
    RegisterHostRunners(registry_);
    OpSpec spec;
    spec.op = "gemm";
    spec.inputs = {{}, {}};
    for (const auto& runner : registry_.Find("gemm")->runners) {
      spec.runners.push_back(runner->Id());
    }
    gemm_.emplace(cache_.Register(spec).value());
    // There may be no file yet.
    static_cast<void>(cache_.OpenTable(path, {.look_every = std::chrono::milliseconds(2)}));
  }

  std::string Answer(const std::string& line) {
    std::istringstream words(line);
    std::string command;
    int64_t first = 0, n = 0, k = 0;
    words >> command >> first >> n >> k;
    if (command == "wait") {
      return cache_.WaitForTable(static_cast<uint64_t>(first), kPatience) ? "yes" : "no";
    }
    if (command == "choose") {
      const Choice choice = gemm_->ChooseOne({{first, k}, {k, n}});
      return choice.hit ? "hit " + std::to_string(choice.decision_id) : "miss";
    }
    if (command == "start") return Start(first, n, k);
    if (command == "stop") return Stop();
    return "unknown command";
  }

 private:
  std::string Start(int64_t m, int64_t n, int64_t k) {
    stop_ = false;
    calls_ = misses_ = 0;
    choosing_ = std::thread([this, m, n, k] {
      while (!stop_.load()) {
        misses_ += gemm_->ChooseOne({{m, k}, {k, n}}).hit ? 0 : 1;
        ++calls_;
      }
    });
    return "started";
  }

  std::string Stop() {
    stop_ = true;
    choosing_.join();
    return std::to_string(calls_) + " calls, " + std::to_string(misses_) + " misses";
  }

  sdk::Registry registry_;
  Cache cache_;
  std::optional<OpHandle> gemm_;
  std::thread choosing_;
  std::atomic<bool> stop_{false};
  uint64_t calls_ = 0;
  uint64_t misses_ = 0;
};

}  // namespace
}  // namespace tactic::e2e

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  tactic::e2e::TableReader reader(argv[1]);
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << reader.Answer(line) << std::endl;
  }
}
