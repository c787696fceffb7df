#include "runners/host/thread_pool.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

namespace tactic {
namespace {

// Plain integers on purpose: what a thread wrote must be visible, and not raced for, afterwards.
TEST(ThreadPool, CallsEachIndexOnce) {
  for (const int threads : {1, 2, 3, 8}) {
    for (int round = 0; round < 200; ++round) {
      std::array<int, 8> calls{};
      ThreadPool::Process().ParallelFor(threads, [&](int index) { ++calls[index]; });
      for (int i = 0; i < 8; ++i) ASSERT_EQ(calls[i], i < threads ? 1 : 0) << i;
    }
  }
}

TEST(ThreadPool, CallsThemAllAtTheSameTime) {
  std::atomic<int> there{0};
  ThreadPool::Process().ParallelFor(4, [&](int) {
    ++there;
    while (there.load() < 4) std::this_thread::yield();
  });
  EXPECT_EQ(there.load(), 4);
}

TEST(ThreadPool, IndexZeroIsTheCaller) {
  std::thread::id zero, one;
  ThreadPool::Process().ParallelFor(
      2, [&](int index) { (index == 0 ? zero : one) = std::this_thread::get_id(); });
  EXPECT_EQ(zero, std::this_thread::get_id());
  EXPECT_NE(one, zero);
}

TEST(ThreadPool, NoThreadsMeansTheCallerAlone) {
  int calls = 0;
  ThreadPool::Process().ParallelFor(0, [&](int) { ++calls; });
  EXPECT_EQ(calls, 1);
}

TEST(ThreadPool, CallersTakeTurns) {
  constexpr int kCallers = 4, kRounds = 100;
  std::atomic<int> inside{0};
  std::vector<int> sums(kCallers, 0);
  std::atomic<bool> overlapped{false};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&, caller] {
      for (int round = 0; round < kRounds; ++round) {
        std::array<int, 3> parts{};
        ThreadPool::Process().ParallelFor(3, [&](int index) {
          if (inside.fetch_add(1) >= 3) overlapped = true;
          parts[index] = index + 1;
          inside.fetch_sub(1);
        });
        sums[caller] += parts[0] + parts[1] + parts[2];
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (const int sum : sums) EXPECT_EQ(sum, 6 * kRounds);
  EXPECT_FALSE(overlapped);
}

TEST(ThreadPool, ReservedThreadsAreUsed) {
  ThreadPool::Process().Reserve(6);
  std::array<int, 6> calls{};
  ThreadPool::Process().ParallelFor(6, [&](int index) { ++calls[index]; });
  for (const int n : calls) EXPECT_EQ(n, 1);
}

}  // namespace
}  // namespace tactic
