// What the client knows of its connection, on a clock that the test moves.
#include "client/link/status_board.h"

#include <gtest/gtest.h>

#include <chrono>

#include "client/link/strict_bans.h"
#include "tests/client/gemm_op.h"

namespace tactic::link {
namespace {

class StatusBoardTest : public ::testing::Test {
 protected:
  static constexpr int64_t kSecond = 1'000'000'000;

  Freshness FreshnessNow() const {
    ClientStatistics statistics;
    board_.Fill(statistics);
    return statistics.freshness;
  }

  int64_t now_ns_ = 100 * kSecond;
  StatusBoard board_{[this] { return now_ns_; }};
};

TEST_F(StatusBoardTest, OfflineUntilTheTableIsComplete) {
  EXPECT_EQ(FreshnessNow(), Freshness::kOffline);
  EXPECT_FALSE(board_.HearsDaemon());
  board_.Heard();  // A snapshot has begun.
  EXPECT_EQ(FreshnessNow(), Freshness::kOffline);
  EXPECT_TRUE(board_.HearsDaemon());
  board_.Reached("store", 1);
  EXPECT_EQ(FreshnessNow(), Freshness::kFresh);
}

TEST_F(StatusBoardTest, SilentFromTheBeginningUntilAFrameComes) {
  constexpr std::chrono::seconds kAge(60);
  now_ns_ += 60 * kSecond;
  EXPECT_FALSE(board_.SilentFor(kAge));
  now_ns_ += 1;
  EXPECT_TRUE(board_.SilentFor(kAge));
  board_.Heard();
  EXPECT_FALSE(board_.SilentFor(kAge));
  now_ns_ += 60 * kSecond + 1;
  EXPECT_TRUE(board_.SilentFor(kAge));
}

// ClientOptions::strict_ban_age.
TEST_F(StatusBoardTest, WithoutWordForTooLongNothingAnswersUntilThereIsOne) {
  Cache cache;
  cache.SetEnvironments(testing::Environments());
  const OpHandle op = cache.Register(testing::GemmSpec()).value();
  cache.Replace({testing::DecisionFor(testing::GemmOf(8), 7, 1)});
  const auto hits = [&] { return op.ChooseOne({{8, 64}, {64, 32}}).hit; };
  StrictBans strict(std::chrono::hours(1), cache, board_);
  StrictBans off(std::chrono::milliseconds(0), cache, board_);
  const auto look = [&] {
    off.Look();
    strict.Look();
  };
  now_ns_ += 3600 * kSecond;
  look();
  EXPECT_TRUE(hits());
  now_ns_ += 1;
  look();
  EXPECT_FALSE(hits());
  EXPECT_EQ(cache.Statistics().skipped, 1u);
  board_.Heard();
  look();
  EXPECT_TRUE(hits());
}

TEST_F(StatusBoardTest, FreshStaleOffline) {
  board_.Heard();
  board_.Reached("store", 1);
  now_ns_ += 15 * kSecond;
  EXPECT_EQ(FreshnessNow(), Freshness::kFresh);
  EXPECT_TRUE(board_.HearsDaemon());
  now_ns_ += 1;
  EXPECT_EQ(FreshnessNow(), Freshness::kStale);
  EXPECT_FALSE(board_.HearsDaemon());
  now_ns_ += 45 * kSecond;
  EXPECT_EQ(FreshnessNow(), Freshness::kOffline);
}

// A snapshot of another store is on its way: what the table holds is of the old one.
TEST_F(StatusBoardTest, ASnapshotUnderWayDoesNotMakeTheTableFresh) {
  board_.Heard();
  board_.Reached("store", 1);
  now_ns_ += 20 * kSecond;
  board_.Heard();
  EXPECT_EQ(FreshnessNow(), Freshness::kStale);
  board_.Reached("another", 1);
  EXPECT_EQ(FreshnessNow(), Freshness::kFresh);
}

TEST_F(StatusBoardTest, AMarkOfProgressKeepsItFresh) {
  for (int i = 0; i < 10; ++i) {
    board_.Heard();
    board_.Reached("store", 1);
    now_ns_ += 5 * kSecond;
    EXPECT_EQ(FreshnessNow(), Freshness::kFresh);
  }
}

}  // namespace
}  // namespace tactic::link
