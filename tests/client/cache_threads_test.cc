// Readers while tables are swapped. Runs under the thread sanitizer too: links no gRPC.
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <latch>
#include <thread>

#include "client/cache/readers.h"
#include "tactic/cache.h"
#include "tests/client/gemm_op.h"

namespace tactic {
namespace {

using testing::DecisionFor;
using testing::Environments;
using testing::GemmOf;
using testing::GemmSpec;
using testing::TacticOf;

TEST(CacheThreadsTest, ReadersSeeAWholeTableOrTheNext) {
  constexpr uint64_t kRevisions = 400;
  constexpr uint64_t kCalls = 2000;  // At least, of each reader.
  Cache cache;
  cache.SetEnvironments(Environments());
  const OpHandle op = cache.Register(GemmSpec()).value();
  cache.Replace({DecisionFor(GemmOf(8), 1, 1), DecisionFor(GemmOf(16), 1, 1)});
  std::atomic<bool> done{false};
  std::latch started(3);
  std::vector<std::thread> readers;
  std::atomic<uint64_t> wrong{0};
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&] {
      started.arrive_and_wait();
      uint64_t last = 0;
      for (uint64_t i = 0; i < kCalls || !done.load(std::memory_order_acquire); ++i) {
        const uint64_t first = op.ChooseOne({{8, 64}, {64, 32}}).decision_id;
        const Choice second = op.ChooseOne({{16, 64}, {64, 32}});
        const auto id = static_cast<int64_t>(second.decision_id);
        // Both decisions change in one step, so the one read later cannot be the older one.
        if (first < last || second.decision_id < first) ++wrong;
        if (!second.hit || second.tactic() != TacticOf(id)) ++wrong;
        last = second.decision_id;
      }
    });
  }
  started.arrive_and_wait();
  for (uint64_t r = 2; r <= kRevisions; ++r) {
    const std::vector<Decision> both = {DecisionFor(GemmOf(8), r, r),
                                        DecisionFor(GemmOf(16), r, r)};
    if (r % 8 == 0) {
      cache.Replace(both);
    } else {
      cache.Apply(both);
    }
  }
  done.store(true, std::memory_order_release);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong.load(), 0u);
  const CacheStatistics statistics = cache.Statistics();
  EXPECT_GE(statistics.hits, 4 * kCalls);
  EXPECT_EQ(statistics.misses, 0u);
}

TEST(CacheThreadsTest, MissesOfManyThreadsAreEachGivenOutOnce) {
  constexpr int kThreads = 4;
  constexpr int64_t kProfiles = 60;
  Cache cache;
  const OpHandle op = cache.Register(GemmSpec()).value();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int64_t n = 1; n <= kProfiles; ++n) op.ChooseOne({{8, 64}, {64, n}});
    });
  }
  size_t drained = cache.DrainMisses(1000).size();
  for (std::thread& thread : threads) thread.join();
  drained += cache.DrainMisses(1000).size();
  EXPECT_EQ(drained, static_cast<size_t>(kProfiles));
  EXPECT_EQ(cache.Statistics().misses, static_cast<uint64_t>(kThreads * kProfiles));
}

TEST(CacheThreadsTest, RegisteringWhileOthersChooseIsSafe) {
  Cache cache;
  cache.SetEnvironments(Environments());
  cache.Replace({DecisionFor(GemmOf(8), 1, 1)});
  const OpHandle op = cache.Register(GemmSpec()).value();
  std::atomic<bool> done{false};
  std::thread reader([&] {
    do {
      EXPECT_TRUE(op.ChooseOne({{8, 64}, {64, 32}}).hit);
    } while (!done.load(std::memory_order_acquire));
  });
  for (int64_t most = 16; most < 80; ++most) {
    OpSpec spec = GemmSpec();
    spec.tune_max = most;
    EXPECT_TRUE(cache.Register(spec).value().ChooseOne({{8, 64}, {64, 32}}).hit);
  }
  done.store(true, std::memory_order_release);
  reader.join();
}

TEST(ReadersTest, WhatAReaderHoldsOutlivesItsUnlinking) {
  cache_internal::Readers readers;
  auto object = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = object;
  std::latch reading(1), unlinked(1);
  std::thread reader([&] {
    cache_internal::WhileReading(readers, [&](auto&) {
      reading.count_down();
      unlinked.wait();
    });
  });
  reading.wait();
  readers.Retire(std::move(object));
  EXPECT_FALSE(watched.expired());
  unlinked.count_down();
  reader.join();
  readers.Retire(std::make_shared<int>(2));
  EXPECT_TRUE(watched.expired());
}

TEST(ReadersTest, WithNobodyReadingItGoesAtOnce) {
  cache_internal::Readers readers;
  cache_internal::WhileReading(readers, [](auto&) {});
  auto object = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = object;
  readers.Retire(std::move(object));
  EXPECT_TRUE(watched.expired());
}

TEST(ReadersTest, AReaderThatCameLaterDoesNotHoldItBack) {
  cache_internal::Readers readers;
  auto object = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = object;
  cache_internal::WhileReading(readers, [&](auto&) { readers.Retire(std::move(object)); });
  cache_internal::WhileReading(readers, [&](auto&) {
    readers.Retire(std::make_shared<int>(2));
    EXPECT_TRUE(watched.expired());
  });
}

TEST(ReadersTest, NestedReadersHoldUntilTheOutermostLeaves) {
  cache_internal::Readers readers;
  auto object = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = object;
  const auto read = [&] { cache_internal::WhileReading(readers, [](auto&) {}); };
  cache_internal::WhileReading(readers, [&](auto&) {
    read();
    readers.Retire(std::move(object));
    read();
    readers.Retire(std::make_shared<int>(2));
    EXPECT_FALSE(watched.expired());
  });
  readers.Retire(std::make_shared<int>(3));
  EXPECT_TRUE(watched.expired());
}

TEST(ReadersTest, MoreThreadsThanSlotsShareOne) {
  constexpr size_t kThreads = cache_internal::kOwnedSlots + 8;
  cache_internal::Readers readers;
  auto object = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = object;
  std::latch reading(kThreads), unlinked(1);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      cache_internal::WhileReading(readers, [&](auto& guard) {
        guard.Add(cache_internal::kHit);
        reading.count_down();
        unlinked.wait();
      });
    });
  }
  reading.wait();
  readers.Retire(std::move(object));
  EXPECT_FALSE(watched.expired());
  unlinked.count_down();
  for (std::thread& thread : threads) thread.join();
  readers.Retire(std::make_shared<int>(2));
  EXPECT_TRUE(watched.expired());
  EXPECT_EQ(readers.Total(cache_internal::kHit), kThreads);
}

const OpHandle* op_of_handler = nullptr;
std::atomic<int> hits_of_handler{0};

TEST(CacheThreadsTest, ASignalHandlerMayChoose) {
  Cache cache;
  cache.SetEnvironments(Environments());
  cache.Replace({DecisionFor(GemmOf(8), 1, 1)});
  const OpHandle op = cache.Register(GemmSpec()).value();
  op_of_handler = &op;
  struct sigaction action {};
  action.sa_handler = [](int) {
    if (op_of_handler->ChooseOne({{8, 64}, {64, 32}}).hit) ++hits_of_handler;
  };
  struct sigaction before {};
  ASSERT_EQ(sigaction(SIGUSR1, &action, &before), 0);
  raise(SIGUSR1);
  sigaction(SIGUSR1, &before, nullptr);
  EXPECT_EQ(hits_of_handler.load(), 1);
}

}  // namespace
}  // namespace tactic
