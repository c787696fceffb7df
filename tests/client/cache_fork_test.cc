// A process forks while its threads choose, change the table and read statistics: the child has
// the one thread that forked, and the cache works in it.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "proto/wire/sanitized.h"
#include "tactic/cache.h"
#include "tests/client/gemm_op.h"

namespace tactic {
namespace {

using testing::DecisionFor;
using testing::Environments;
using testing::GemmOf;
using testing::GemmSpec;

constexpr int kForks = 300;

// Sanitizers guard their allocator and their list of threads with locks that a child of fork never
// gets back (compiler-rt 14): there, no thread that allocates may run at the fork.
constexpr bool kOthersMayAllocate = !wire::kSanitized;

// Ends with 0 if all is well. Must end: a lock that was held at the fork would be held for ever.
int UseInChild(Cache& cache, const OpHandle& op) {
  if (!op.ChooseOne({{1, 64}, {64, 32}}).hit) return 1;
  cache.Apply({DecisionFor(GemmOf(8), 1'000'000, 1'000'000)});
  if (op.ChooseOne({{8, 64}, {64, 32}}).decision_id != 1'000'000) return 2;
  if (!cache.Register(GemmSpec({testing::kOpenBlas})).ok()) return 3;
  if (cache.Statistics().decisions == 0) return 4;
  cache.ByOp();
  if (!cache.Prime().ok()) return 5;
  cache.DrainMisses(1);
  cache.ForgetMisses();
  std::thread another([&] { op.ChooseOne({{1, 64}, {64, 32}}); });
  another.join();
  return 0;
}

TEST(CacheForkTest, TheChildHasAWorkingCache) {
  Cache cache;
  cache.SetEnvironments(Environments());
  const OpHandle op = cache.Register(GemmSpec()).value();
  cache.Replace({DecisionFor(GemmOf(1), 1, 1)});
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    while (!stop) op.ChooseOne({{1000, 64}, {64, 32}});
  });
  if (kOthersMayAllocate) {
    threads.emplace_back([&] {
      for (uint64_t revision = 2; !stop; ++revision) {
        cache.Apply({DecisionFor(GemmOf(8), revision, revision)});
      }
    });
    threads.emplace_back([&] {
      while (!stop) cache.ByOp(), cache.DrainMisses(10), cache.ForgetMisses();
    });
  }
  for (int i = 0; i < kForks; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(60);  // Says so if it hangs.
      _exit(UseInChild(cache, op));
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status)) << "fork " << i << ", signal " << WTERMSIG(status);
    ASSERT_EQ(WEXITSTATUS(status), 0) << "fork " << i;
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(op.ChooseOne({{1, 64}, {64, 32}}).hit);
}

}  // namespace
}  // namespace tactic
