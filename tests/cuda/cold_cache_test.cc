#include "runners/cuda/cold_cache.h"

#include <algorithm>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "runners/cuda/doubling.h"

namespace tactic::cuda {
namespace {

constexpr uint64_t kL2 = uint64_t{50} << 20;
constexpr int kRounds = 8;

// Samples of candidates in rounds, as a sampler takes them at one place; a second account, kept in
// another way, sees to it that no call reads what is still in the L2.
class Rounds {
 public:
  Rounds(size_t copies, size_t bytes, int calls, int candidates, bool always_sweep = false)
      : cold_(copies, bytes, kL2, always_sweep), copies_(copies), bytes_(bytes), calls_(calls) {
    for (int i = 0; i < candidates; ++i) first_.push_back(cold_.FirstCopyFor(calls));
  }

  // How many sweeps each round took.
  std::vector<int> Run() {
    std::vector<int> sweeps;
    std::mt19937 random(1);
    for (int round = 0; round < kRounds; ++round) {
      std::shuffle(first_.begin(), first_.end(), random);
      sweeps.push_back(0);
      for (const size_t first : first_) sweeps.back() += Sample(first) ? 1 : 0;
    }
    return sweeps;
  }

 private:
  bool Sample(size_t first) {
    const bool sweep = cold_.Prepare(first, calls_);
    if (sweep) read_ += ColdCache::SweepBytes(kL2);
    for (int call = 0; call < calls_; ++call) {
      const size_t copy = (first + static_cast<size_t>(call)) % copies_;
      if (const auto last = last_read_.find(copy); last != last_read_.end()) {
        EXPECT_GE(read_ - last->second, ColdCache::SweepBytes(kL2)) << "copy " << copy;
      }
      last_read_[copy] = read_;
      read_ += bytes_;
    }
    return sweep;
  }

  ColdCache cold_;
  const size_t copies_;
  const size_t bytes_;
  const int calls_;
  std::vector<size_t> first_;  // By candidate.
  uint64_t read_ = 0;
  std::map<size_t, uint64_t> last_read_;  // When the reading of each copy last began.
};

TEST(ColdCacheTest, OneSweepARoundServesSmallWeightsOfWhichThereAreCopiesForAll) {
  EXPECT_EQ(Rounds(4096, 8192, 32, 28).Run(), std::vector<int>(kRounds, 1));
}

TEST(ColdCacheTest, EachSampleIsSweptForWhereAllReadTheSameCopies) {
  EXPECT_EQ(Rounds(32, 8192, 32, 28).Run(), std::vector<int>(kRounds, 28));
}

TEST(ColdCacheTest, NothingIsSweptWhereWalkingTheCopiesIsEnough) {
  const size_t bytes = size_t{8} << 20;  // 20 copies are over 3 x L2.
  std::vector<int> sweeps = Rounds(20, bytes, 20, 10).Run();
  EXPECT_LE(sweeps.front(), 1);
  EXPECT_EQ(std::vector<int>(sweeps.begin() + 1, sweeps.end()), std::vector<int>(kRounds - 1, 0));
}

TEST(ColdCacheTest, NothingIsSweptForWeightsThatFillTheL2ManyTimes) {
  EXPECT_EQ(Rounds(1, size_t{400} << 20, 1, 10).Run(), std::vector<int>(kRounds, 0));
}

TEST(ColdCacheTest, EachSampleIsSweptForWhereRotationIsNotTrusted) {
  EXPECT_EQ(Rounds(20, size_t{8} << 20, 20, 10, true).Run(), std::vector<int>(kRounds, 10));
}

TEST(ColdCacheTest, NothingIsSweptWhereNothingMustBeCold) {
  ColdCache cold(1, 0, kL2, true);
  EXPECT_FALSE(cold.Prepare(0, 32));
  EXPECT_FALSE(cold.Prepare(0, 32));
}

TEST(ColdCacheTest, WhatWasReadWithoutBeingMadeColdIsWarm) {
  ColdCache cold(4096, 8192, kL2, false);
  EXPECT_TRUE(cold.Prepare(0, 32));
  EXPECT_FALSE(cold.Prepare(32, 32));
  cold.NoteRead(64, 32);
  EXPECT_TRUE(cold.Prepare(64, 32));
}

TEST(CopyByDoublingTest, MakesAllPiecesInFewCopies) {
  for (const size_t pieces : {1, 2, 3, 4, 100, 4096}) {
    std::vector<int> memory(pieces, 0);
    memory[0] = 7;
    int copies = 0;
    CopyByDoubling(pieces, [&](size_t to, size_t count) {
      ASSERT_LE(count, to);  // No piece onto itself.
      ASSERT_LE(to + count, pieces);
      std::copy_n(memory.begin(), count, memory.begin() + static_cast<std::ptrdiff_t>(to));
      ++copies;
    });
    EXPECT_EQ(memory, std::vector<int>(pieces, 7));
    EXPECT_LE(copies, 12);
  }
}

}  // namespace
}  // namespace tactic::cuda
