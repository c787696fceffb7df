// The stream of decisions into the table, with a daemon that comes, goes, stutters and lies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "client/link/status_board.h"
#include "client/link/watcher.h"
#include "proto/convert/convert.h"
#include "tests/client/fake_server.h"
#include "tests/client/gemm_op.h"
#include "tests/support/ban_samples.h"
#include "tests/support/temp_dir.h"

namespace tactic {
namespace {

using std::chrono::milliseconds;
using testing::DecisionFor;
using testing::Environments;
using testing::FakeServer;
using testing::FakeStore;
using testing::GemmOf;
using testing::GemmSpec;
using ::testing::HasSubstr;
using testing::TempDir;

constexpr milliseconds kPatience{60'000};

class WatchTest : public ::testing::Test {
 protected:
  WatchTest() : op_(cache_.Register(GemmSpec()).value()) {}
  ~WatchTest() override {
    watcher_.reset();
    server_.reset();
  }

  std::string address() const { return "unix:" + (dir_ / "socket").string(); }
  static Decision Sized(int64_t m) { return DecisionFor(GemmOf(m), 0, 0); }
  // Decisions for m = 1, 2, 4…
  static std::vector<Decision> First(int count) {
    std::vector<Decision> decisions;
    for (int i = 0; i < count; ++i) decisions.push_back(Sized(int64_t{1} << i));
    return decisions;
  }

  void StartServer(std::string store_id = "store-1", int decisions = 0, std::deque<int> cuts = {}) {
    server_.reset();
    server_ = std::make_unique<FakeServer>(
        address(), FakeStore{std::move(store_id), First(decisions), {}, std::move(cuts)});
  }
  void StartWatcher(milliseconds silence = milliseconds(15'000)) {
    watcher_.emplace(link::WatcherOptions{address(), {}, silence}, cache_, board_);
  }
  bool Reaches(const std::string& store_id, uint64_t revision) {
    return board_.WaitForRevision(store_id, revision, kPatience);
  }
  // Waits for what no revision tells of.
  static bool Holds(const std::function<bool()>& what) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!what() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    return what();
  }
  uint64_t IdOf(int64_t m) const { return op_.ChooseOne({{m, 64}, {64, 32}}).decision_id; }
  ClientStatistics Statistics() const {
    ClientStatistics statistics;
    board_.Fill(statistics);
    return statistics;
  }

  TempDir dir_;
  Cache cache_;
  OpHandle op_;
  link::StatusBoard board_;
  std::unique_ptr<FakeServer> server_;
  std::optional<link::Watcher> watcher_;
};

TEST_F(WatchTest, ASnapshotFillsTheTable) {
  StartServer("store-1", 3);
  StartWatcher();
  ASSERT_TRUE(Reaches("store-1", 3));
  EXPECT_EQ(IdOf(1), 1u);
  EXPECT_EQ(IdOf(2), 2u);
  EXPECT_EQ(IdOf(4), 3u);
  EXPECT_EQ(Statistics().freshness, Freshness::kFresh);
  EXPECT_EQ(Statistics().connects, 1u);
  EXPECT_EQ(Statistics().last_error, "");
}

TEST_F(WatchTest, BansHoldAsTheDaemonSaysThem) {
  StartServer("store-1", 1);
  StartWatcher();
  ASSERT_TRUE(Reaches("store-1", 1));
  const auto runner = [this] { return op_.ChooseOne({{1, 64}, {64, 32}}).runner; };
  const auto send = [this](const std::vector<Ban>& bans) {
    v1::WatchResponse frame;
    frame.set_store_id("store-1");
    frame.set_revision(server_->Put(Sized(4)));
    frame.mutable_progress();
    for (const Ban& ban : bans) convert::ToProto(ban, frame.mutable_bans()->add_bans());
    if (bans.empty()) frame.mutable_bans();
    server_->Send(frame);
    return frame.revision();
  };
  const Ban ban = testing::BanOf(Candidate{testing::kBlocked, testing::TacticOf(0)});
  ASSERT_TRUE(Reaches("store-1", send({ban})));
  ASSERT_TRUE(Holds([&] { return cache_.Bans() == std::vector<Ban>{ban}; }));
  EXPECT_EQ(runner(), 1);
  // Without a list, as of an older daemon, they stay; also over a snapshot of another store.
  StartServer("store-2", 2);
  ASSERT_TRUE(Reaches("store-2", 2));
  EXPECT_EQ(runner(), 1);
  v1::WatchResponse lifted;
  lifted.set_store_id("store-2");
  lifted.mutable_bans();
  server_->Send(lifted);  // A frame of an unknown kind, which an empty list is in.
  ASSERT_TRUE(Holds([&] { return cache_.Bans().empty(); }));
  EXPECT_EQ(runner(), 0);
}

TEST_F(WatchTest, AnEmptyStoreIsReadyToo) {
  StartServer();
  StartWatcher();
  EXPECT_TRUE(board_.WaitUntilReady(kPatience));
}

TEST_F(WatchTest, ChangesFollow) {
  StartServer("store-1", 2);
  StartWatcher();
  ASSERT_TRUE(Reaches("store-1", 2));
  server_->Put(Sized(4));
  server_->Put(Sized(1));
  ASSERT_TRUE(Reaches("store-1", 4));
  EXPECT_EQ(IdOf(4), 3u);
  EXPECT_EQ(IdOf(1), 4u);
}

TEST_F(WatchTest, ADaemonThatComesLaterIsFound) {
  StartWatcher();
  EXPECT_FALSE(board_.WaitUntilReady(milliseconds(1)));
  EXPECT_EQ(Statistics().freshness, Freshness::kOffline);
  StartServer("store-1", 1);
  ASSERT_TRUE(Reaches("store-1", 1));
  EXPECT_EQ(IdOf(1), 1u);
}

TEST_F(WatchTest, TheTableAnswersWhileTheDaemonIsGone) {
  StartServer("store-1", 1);
  StartWatcher();
  ASSERT_TRUE(Reaches("store-1", 1));
  server_.reset();
  EXPECT_EQ(IdOf(1), 1u);
}

TEST_F(WatchTest, AStreamCutAtAnyFrameLosesNothing) {
  for (int cut = 0; cut < 8; ++cut) {
    SCOPED_TRACE(cut);
    const std::string store = "store-" + std::to_string(cut);
    StartServer(store, 4, {cut, cut});
    if (!watcher_) StartWatcher();
    server_->Put(Sized(2));
    ASSERT_TRUE(Reaches(store, 5));
    EXPECT_EQ(IdOf(1), 1u);
    EXPECT_EQ(IdOf(2), 5u);
    EXPECT_EQ(IdOf(8), 4u);
  }
}

TEST_F(WatchTest, ABrokenStreamIsResumed) {
  StartServer("store-1", 2, {5});  // Begin, two decisions, end, one change.
  StartWatcher();
  ASSERT_TRUE(Reaches("store-1", 2));
  server_->Put(Sized(4));
  ASSERT_TRUE(Reaches("store-1", 3));
  server_->Put(Sized(8));
  ASSERT_TRUE(Reaches("store-1", 4));
  const auto watches = server_->WaitForWatches(2);
  EXPECT_EQ(watches[0].store_id(), "");
  EXPECT_EQ(watches[1].store_id(), "store-1");
  EXPECT_EQ(watches[1].from_revision(), 3u);
  EXPECT_EQ(server_->snapshots(), 1u);
}

TEST_F(WatchTest, AnotherStoreReplacesEverything) {
  StartServer("store-1", 4);
  StartWatcher();
  ASSERT_TRUE(Reaches("store-1", 4));
  StartServer("store-2", 1);
  ASSERT_TRUE(Reaches("store-2", 1));
  EXPECT_EQ(IdOf(1), 1u);
  EXPECT_EQ(IdOf(8), 0u) << "a decision of the old store is still there";
}

TEST_F(WatchTest, AChangeOfAnotherStoreWithoutASnapshotIsNotTaken) {
  StartServer("store-1", 1);
  StartWatcher();
  ASSERT_TRUE(Reaches("store-1", 1));
  Decision foreign = Sized(1);
  foreign.id = foreign.revision = 1000;
  server_->SendForeignChange(foreign);
  const auto watches = server_->WaitForWatches(2);
  EXPECT_EQ(watches[1].store_id(), "store-1") << "the position of the other store was taken over";
  server_->Put(Sized(2));
  ASSERT_TRUE(Reaches("store-1", 2));
  EXPECT_EQ(IdOf(1), 1u);
}

TEST_F(WatchTest, AFrameOfAnUnknownKindIsSkipped) {
  StartServer("store-1", 1);
  StartWatcher();
  ASSERT_TRUE(Reaches("store-1", 1));
  v1::WatchResponse unknown;
  unknown.set_store_id("another store");
  server_->Send(unknown);
  server_->Put(Sized(2));
  ASSERT_TRUE(Reaches("store-1", 2));
  EXPECT_EQ(Statistics().connects, 1u);
}

TEST_F(WatchTest, TheEndOfASnapshotThatNeverBeganIsNotTaken) {
  StartServer("store-1", 1);
  StartWatcher();
  ASSERT_TRUE(Reaches("store-1", 1));
  v1::WatchResponse end;
  end.set_store_id("store-1");
  end.set_revision(1000);
  end.mutable_snapshot_end();
  server_->Send(end);
  EXPECT_EQ(server_->WaitForWatches(2)[1].from_revision(), 1u);
  server_->Put(Sized(2));
  ASSERT_TRUE(Reaches("store-1", 2));
  EXPECT_EQ(IdOf(2), 2u);
}

TEST_F(WatchTest, APositionNeverGoesBackWithoutASnapshot) {
  StartServer("store-1", 3);
  StartWatcher();
  ASSERT_TRUE(Reaches("store-1", 3));
  v1::WatchResponse progress;
  progress.set_store_id("store-1");
  progress.set_revision(2);
  progress.mutable_progress();
  server_->Send(progress);
  v1::WatchResponse goodbye;
  goodbye.mutable_goodbye();
  server_->Send(goodbye);
  EXPECT_EQ(server_->WaitForWatches(2)[1].from_revision(), 3u);
}

TEST_F(WatchTest, AGoodbyeIsFollowedByAResume) {
  StartServer("store-1", 1);
  StartWatcher();
  ASSERT_TRUE(Reaches("store-1", 1));
  server_->SayGoodbye();
  EXPECT_EQ(server_->WaitForWatches(2)[1].from_revision(), 1u);
  server_->Put(Sized(2));
  ASSERT_TRUE(Reaches("store-1", 2));
  EXPECT_EQ(server_->snapshots(), 1u);
}

TEST_F(WatchTest, ASilentStreamIsCutAndOpenedAgain) {
  StartServer("store-1", 1);
  StartWatcher(milliseconds(500));
  ASSERT_TRUE(Reaches("store-1", 1));
  server_->FallSilent();
  EXPECT_GE(server_->WaitForWatches(2).size(), 2u);
  EXPECT_THAT(Statistics().last_error, HasSubstr("said nothing for 500 ms"));
  EXPECT_EQ(IdOf(1), 1u);
}

TEST_F(WatchTest, TheDaemonsEnvironmentIsTakenOverAUnixSocketOnceALaneIsReady) {
  StartServer("store-1", 1);
  server_->SetLaneReady(false);
  StartWatcher();
  EXPECT_FALSE(board_.WaitUntilReady(milliseconds(50)));
  EXPECT_EQ(IdOf(1), 0u);
  server_->SetLaneReady(true);
  ASSERT_TRUE(Reaches("store-1", 1));
  EXPECT_EQ(IdOf(1), 1u);
}

TEST_F(WatchTest, OverTcpTheEnvironmentMustBeGiven) {
  FakeServer remote("localhost:0", FakeStore{"store-1", First(1), {}, {}});
  {
    link::StatusBoard board;
    link::Watcher watcher({remote.target(), {}, milliseconds(15'000)}, cache_, board);
    ASSERT_TRUE(board.WaitForRevision("store-1", 1, kPatience));
    EXPECT_EQ(IdOf(1), 0u);
    EXPECT_EQ(cache_.Statistics().foreign_environment, 1u);
  }
  link::StatusBoard board;
  link::Watcher watcher({remote.target(), Environments(), milliseconds(15'000)}, cache_, board);
  ASSERT_TRUE(board.WaitForRevision("store-1", 1, kPatience));
  EXPECT_EQ(IdOf(1), 1u);
}

}  // namespace
}  // namespace tactic
