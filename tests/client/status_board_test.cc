// What the client knows of its connection, on a clock that the test moves.
#include "client/link/status_board.h"

#include <gtest/gtest.h>

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
