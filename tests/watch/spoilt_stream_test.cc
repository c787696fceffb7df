// A real server, a real client, and a connection between them that is spoilt at every place: what
// the client was sent keeps every promise of Watch, and its table ends equal to the store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <optional>
#include <string>

#include "client/link/watcher.h"
#include "tests/client/gemm_op.h"
#include "tests/rpc/rpc_fixture.h"
#include "tests/watch/frame_checks.h"
#include "tests/watch/frame_log.h"
#include "tests/watch/proxy.h"

namespace tactic::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::IsEmpty;
using Kind = Spoil::Kind;

constexpr milliseconds kPatience{60'000};
constexpr int kKeys = 7;
// Of the bytes of an HTTP/2 frame those before which a connection breaks: at its beginning, in its
// header, in what follows the header.
constexpr size_t kInFrame[] = {0, 5, 10};
constexpr size_t kMostFrames = 300;  // More than any client needs to catch up.

constexpr char kOp[] = "own";  // No lane of the server knows it: its environment is given.

OpSpec OwnSpec() {
  OpSpec spec = GemmSpec();
  spec.op = kOp;
  return spec;
}

Decision OwnDecision(int64_t m) {
  Decision decision = DecisionFor(GemmOf(m), 1, 0);
  decision.key.problem.op = kOp;
  return decision;
}

// A table that follows a daemon.
struct Follower {
  Follower(const std::string& target, milliseconds silence)
      : op(cache.Register(OwnSpec()).value()),
        watcher(link::WatcherOptions{target, {{kOp, HostEnvironment()}}, silence}, cache, board) {}
  uint64_t IdOf(int64_t m) const { return op.ChooseOne({{m, 64}, {64, 32}}).decision_id; }
  ClientStatistics Statistics() const {
    ClientStatistics statistics;
    board.Fill(statistics);
    return statistics;
  }

  Cache cache;
  OpHandle op;
  link::StatusBoard board;
  link::Watcher watcher;
};

class SpoiltStreamTest : public RpcTest {
 protected:
  static void SetUpTestSuite() {
    static const bool once = (RecordWatchCalls(), true);
    static_cast<void>(once);
  }
  void SetUp() override {
    options_.watch.max_frame_decisions = 2;
    options_.watch.progress_interval = milliseconds(50);
    Start();
    proxy_.emplace(proxy_path(), (directory_ / "d.sock").string());
    for (int i = 0; i < kKeys; ++i) Put();
    TakeRecordedStreams();
  }

  std::string proxy_path() const { return (directory_ / "p.sock").string(); }
  std::string proxied() const { return "unix:" + proxy_path(); }

  // A new decision of the key whose turn it is.
  void Put() {
    const Decision decision = OwnDecision(int64_t{1} << (puts_++ % kKeys));
    const uint64_t revision = Publish(decision);
    histories_[catalog_->store_id()][revision] = ToHex(FingerprintOf(decision.key));
  }
  void PutSome() {
    for (int i = 0; i < 3; ++i) Put();
  }

  void ExpectCaughtUp(Follower& follower) {
    ASSERT_TRUE(
        follower.board.WaitForRevision(catalog_->store_id(), catalog_->Revision(), kPatience))
        << follower.Statistics().last_error;
    for (int i = 0; i < kKeys; ++i) {
      const int64_t m = int64_t{1} << i;
      const Fingerprint key = FingerprintOf(OwnDecision(m).key);
      EXPECT_EQ(follower.IdOf(m), catalog_->Find(key)->id) << "m = " << m;
    }
  }
  // Of the calls of clients that have ended.
  void ExpectPromisesKept() { EXPECT_THAT(CheckAll(TakeRecordedStreams(), histories_), IsEmpty()); }

  // A client whose connections get these faults, from its first snapshot to what it resumes after
  // them, while decisions are made. How many faults happened.
  size_t Follow(const std::deque<Spoil>& faults, milliseconds silence) {
    const size_t before = proxy_->faults();
    {
      proxy_->Plan(faults);
      Follower follower(proxied(), silence);
      PutSome();
      ExpectCaughtUp(follower);
      proxy_->Plan(faults);
      proxy_->CutAll();
      PutSome();
      ExpectCaughtUp(follower);
    }
    proxy_->Plan({});
    ExpectPromisesKept();
    return proxy_->faults() - before;
  }

  // Spoils one connection more at each frame, until a client catches up before its fault.
  void SpoilEveryFrame(Kind kind, size_t bytes, milliseconds silence) {
    size_t frames = 0;
    while (Follow({{kind, frames, bytes}}, silence) > 0 && !HasFailure()) {
      ASSERT_LT(++frames, kMostFrames) << "no client is ever done";
    }
    EXPECT_GT(frames, 5u) << "fewer frames than a snapshot has";
  }

  std::optional<Proxy> proxy_;
  StoreHistories histories_;
  int puts_ = 0;
};

TEST_F(SpoiltStreamTest, WithoutAFaultThereIsOneSnapshot) {
  {
    Follower follower(proxied(), kPatience);
    PutSome();
    ExpectCaughtUp(follower);
    EXPECT_EQ(follower.Statistics().connects, 1u);
  }
  EXPECT_EQ(proxy_->connections(), 1u);
  const std::vector<RecordedStream> streams = TakeRecordedStreams();
  ASSERT_EQ(streams.size(), 1u);
  EXPECT_TRUE(streams[0].frames.front().has_snapshot_begin());
  EXPECT_THAT(CheckAll(streams, histories_), IsEmpty());
}

TEST_F(SpoiltStreamTest, CutAtEveryFrame) {
  for (const size_t bytes : kInFrame) SpoilEveryFrame(Kind::kCut, bytes, kPatience);
}

TEST_F(SpoiltStreamTest, CutThreeTimesInARow) {
  for (const size_t frames : {0, 3, 9, 12, 15}) {
    const Spoil fault{Kind::kCut, frames, 10};
    Follow({fault, fault, fault}, kPatience);
  }
}

// Nothing ends such a connection but the client's own limit to silence.
TEST_F(SpoiltStreamTest, SwallowedFromEveryFrame) {
  SpoilEveryFrame(Kind::kSwallow, 0, milliseconds(200));
}

// A delay is no fault: the client waits, and goes on in the same stream.
TEST_F(SpoiltStreamTest, HeldUpAtEveryFrame) {
  for (size_t frames = 0; frames < kMostFrames; ++frames) {
    proxy_->Plan({{Kind::kHold, frames, 10}});
    const size_t before = proxy_->connections();
    const size_t faults = proxy_->faults();
    {
      Follower follower(proxied(), kPatience);
      PutSome();
      while (proxy_->faults() == faults && follower.Statistics().revision < catalog_->Revision()) {
        std::this_thread::yield();
      }
      PutSome();
      proxy_->Release();
      ExpectCaughtUp(follower);
      EXPECT_EQ(follower.Statistics().connects, 1u);
    }
    EXPECT_EQ(proxy_->connections(), before + 1);
    ExpectPromisesKept();
    if (proxy_->faults() > faults) continue;
    EXPECT_GT(frames, 5u) << "fewer frames than a snapshot has";
    return;
  }
  FAIL() << "no client is ever done";
}

TEST_F(SpoiltStreamTest, ASilentConnectionIsNoticedAndShown) {
  Follower follower(proxied(), milliseconds(300));
  ExpectCaughtUp(follower);
  const size_t connections = proxy_->connections();
  proxy_->Plan({{Kind::kSwallow, 0, 0}});
  proxy_->CutAll();
  // The next connection is silent; the one after it is well.
  Put();
  ExpectCaughtUp(follower);
  EXPECT_GE(proxy_->connections(), connections + 2);
  EXPECT_EQ(follower.Statistics().freshness, Freshness::kFresh);
}

}  // namespace
}  // namespace tactic::testing
