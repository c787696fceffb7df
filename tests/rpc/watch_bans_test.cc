// Watch: what must not be run comes before all else.
#include <string>
#include <vector>

#include "tests/rpc/watch_fixture.h"
#include "tests/support/ban_samples.h"

namespace tactic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> BannedIn(const Frame& frame) {
  std::vector<std::string> banned;
  for (const v1::Ban& ban : frame.bans().bans()) banned.push_back(ban.runner().name());
  return banned;
}

TEST_F(WatchTest, TheBansAreInTheFirstFrameOfEveryStream) {
  Start();
  Publish(SampleDecision(0));
  ASSERT_THAT(tuner_->PutBan(BanOf(SampleCandidate(1))), IsOk());
  const auto first_of = [&](const v1::WatchRequest& request) {
    return Watcher(*stub_, request).Next();
  };
  v1::WatchRequest filtered = From(1);
  filtered.add_ops("softmax");
  v1::WatchRequest once;
  once.set_snapshot_only(true);
  EXPECT_TRUE(first_of({}).has_snapshot_begin());
  for (const v1::WatchRequest& request : {v1::WatchRequest(), From(0), From(1), filtered, once}) {
    const Frame frame = first_of(request);
    ASSERT_TRUE(frame.has_bans()) << request.ShortDebugString();
    EXPECT_THAT(BannedIn(frame), ElementsAre("host_blocked"));
  }
  EXPECT_EQ(convert::FromProto("", first_of({}).bans().bans(0)).value(),
            tuner_->Bans()->bans.front());
}

TEST_F(WatchTest, NoBansIsAListToo) {
  Start();
  Watcher watcher(*stub_, {});
  const Frame first = watcher.Next();
  EXPECT_TRUE(first.has_bans());
  EXPECT_THAT(BannedIn(first), IsEmpty());
  EXPECT_FALSE(watcher.Next().has_bans()) << "only what has changed is sent again";
}

TEST_F(WatchTest, AChangeOfBansIsSentAtOnceAndBeforeWhatIsDecidedLater) {
  options_.watch.progress_interval = std::chrono::hours(1);
  Start();
  Publish(SampleDecision(0));
  v1::WatchRequest filtered;
  filtered.add_ops("softmax");
  Watcher watcher(*stub_, {});
  Watcher other(*stub_, filtered);
  ReadSnapshot(watcher);
  EXPECT_THAT(ReadSnapshot(other), IsEmpty());
  ASSERT_THAT(tuner_->PutBan(BanOf(SampleCandidate(1))), IsOk());
  for (Watcher* each : {&watcher, &other}) {
    const Frame frame = each->Next();
    EXPECT_THAT(BannedIn(frame), ElementsAre("host_blocked"));
    EXPECT_TRUE(frame.has_progress()) << "which older clients know";
    EXPECT_EQ(frame.revision(), 1u);
  }
  ASSERT_THAT(tuner_->RemoveBan(BanOf(SampleCandidate(1))), IsOkAndHolds(true));
  Publish(SampleDecision(1));
  // Either in a frame of its own, or in that of the decision.
  Frame frame = watcher.Next();
  EXPECT_TRUE(frame.has_bans());
  EXPECT_THAT(BannedIn(frame), IsEmpty());
  while (!frame.has_decisions()) frame = watcher.Next();
  EXPECT_THAT(RevisionsIn(frame), ElementsAre(2));
}

TEST_F(WatchTest, AReaderThatDoesNotReadGetsTheLastBansBeforeWhatIsNewer) {
  options_.watch.max_frame_decisions = 1;
  options_.watch.progress_interval = std::chrono::hours(1);
  Start();
  Watcher watcher(*stub_, {});
  ReadSnapshot(watcher);
  constexpr int kChanges = 1000;
  uint64_t banned_at = 0;
  for (int i = 0; i < kChanges; ++i) {
    const uint64_t revision = Publish(SampleDecision(i));
    if (i != kChanges / 2) continue;
    ASSERT_THAT(tuner_->PutBan(BanOf(SampleCandidate(1))), IsOk());
    banned_at = revision;
  }
  bool banned = false;
  for (uint64_t last = 0; last < kChanges;) {
    const Frame frame = watcher.Next();
    ASSERT_TRUE(frame.has_decisions() || frame.has_progress());
    banned |= !BannedIn(frame).empty();
    last = frame.revision();
    ASSERT_TRUE(banned || last <= banned_at) << last;
  }
}

// The largest bans that there can be, and all of them, fit into a message with decisions in it.
TEST_F(WatchTest, AllBansFitIntoAFrame) {
  const std::string text(200, 'x');
  for (size_t i = 0; i < limits::kBans; ++i) {
    Ban ban = BanOf(SampleCandidate(0));
    ban.runner = {std::string(128, 'r'), std::to_string(i) + std::string(250, 'u')};
    ban.tactic->Set("a", text);
    for (int64_t j = 0; j < 70; ++j) ban.tactic->Set("p" + std::to_string(j), j);
    while (!CheckBan("", ban).ok()) {
      std::vector<Parameter> fewer = ban.tactic->items();
      fewer.pop_back();
      ban.tactic.emplace(std::move(fewer));
    }
    ban.op = std::string(128, 'o');
    ban.reason = std::string(limits::kBanReasonBytes, 'y');
    ban.client = std::string(limits::kBanClientBytes, 'z');
    ASSERT_THAT(store_.PutBan(ban), IsOk());
  }
  Start();
  Watcher watcher(*stub_, {});
  const Frame frame = watcher.Next();
  EXPECT_EQ(frame.bans().bans_size(), static_cast<int>(limits::kBans));
  EXPECT_LT(frame.ByteSizeLong(), size_t{5} << 19);  // Decisions add 1 MiB; gRPC takes 4 MiB.
}

}  // namespace
}  // namespace tactic::testing
