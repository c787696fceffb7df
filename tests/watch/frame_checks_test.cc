// Each check finds nothing in a recording as it should be, and what is wrong in one that is not.
#include "tests/watch/frame_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tactic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Frame = v1::WatchResponse;
using Change = std::pair<uint64_t, std::string>;  // Revision, key.

Frame FrameAt(uint64_t revision, const std::string& store = "s") {
  Frame frame;
  frame.set_store_id(store);
  frame.set_revision(revision);
  return frame;
}
Frame Begin(const std::string& store = "s") {
  Frame frame = FrameAt(0, store);
  frame.mutable_snapshot_begin();
  return frame;
}
Frame End(uint64_t revision, const std::string& store = "s") {
  Frame frame = FrameAt(revision, store);
  frame.mutable_snapshot_end();
  return frame;
}
Frame Progress(uint64_t revision) {
  Frame frame = FrameAt(revision);
  frame.mutable_progress();
  return frame;
}
Frame Goodbye(uint64_t revision) {
  Frame frame = FrameAt(revision);
  frame.mutable_goodbye();
  return frame;
}
Frame Changes(uint64_t revision, const std::vector<Change>& changes,
              const std::string& store = "s") {
  Frame frame = FrameAt(revision, store);
  for (const auto& [at, key] : changes) {
    v1::Decision& decision = *frame.mutable_decisions()->add_decisions();
    decision.set_revision(at);
    decision.set_fingerprint(key);
  }
  return frame;
}

// Key a was decided at 1 and 4, b at 2, c at 3 and 5.
const StoreHistories kHistories = {{"s", {{1, "a"}, {2, "b"}, {3, "c"}, {4, "a"}, {5, "c"}}},
                                   {"t", {{1, "a"}}}};

RecordedStream From(const std::string& store, uint64_t revision, std::vector<Frame> frames) {
  RecordedStream stream;
  stream.request.set_store_id(store);
  stream.request.set_from_revision(revision);
  stream.frames = std::move(frames);
  if (!stream.frames.empty()) stream.frames.front().mutable_bans();
  return stream;
}

// A snapshot and changes; then, where that broke, changes; then another store.
std::vector<RecordedStream> Good() {
  return {From("", 0,
               {Begin(), Changes(0, {{1, "a"}, {2, "b"}}), Changes(0, {{3, "c"}}), End(3),
                Changes(4, {{4, "a"}})}),
          From("s", 4, {Progress(4), Changes(5, {{5, "c"}}), Progress(5), Goodbye(5)}),
          From("s", 5, {Begin("t"), Changes(0, {{1, "a"}}, "t"), End(1, "t")})};
}

TEST(FrameChecksTest, FindNothingWhereNothingIsWrong) {
  EXPECT_THAT(CheckAll(Good(), kHistories), IsEmpty());
  EXPECT_THAT(CheckAll({}, kHistories), IsEmpty());
  EXPECT_THAT(CheckAll({From("", 0, {})}, kHistories), IsEmpty());
}

TEST(FrameChecksTest, ASnapshotThatWasCutIsNoPosition) {
  std::vector<RecordedStream> streams = Good();
  streams.insert(streams.begin(), From("", 0, {Begin(), Changes(0, {{1, "a"}})}));
  EXPECT_THAT(CheckAll(streams, kHistories), IsEmpty());
}

TEST(FrameChecksTest, OnlyTheLastOfSeveralChangesOfAKeyIsNeeded) {
  EXPECT_THAT(CheckAll({From("", 0, {Begin(), End(0), Changes(5, {{2, "b"}, {4, "a"}, {5, "c"}})})},
                       kHistories),
              IsEmpty());
}

TEST(FrameChecksTest, Form) {
  const auto form = [](std::vector<Frame> frames) {
    return CheckForm({From("", 0, std::move(frames))});
  };
  EXPECT_THAT(form({Begin(), End(3), Begin()}), ElementsAre(HasSubstr("in the middle")));
  EXPECT_THAT(form({End(3)}), ElementsAre(HasSubstr("of no snapshot")));
  EXPECT_THAT(form({Begin(), Progress(0)}), ElementsAre(HasSubstr("inside a snapshot")));
  EXPECT_THAT(form({Begin(), Changes(1, {{1, "a"}})}), ElementsAre(HasSubstr("before the snap")));
  EXPECT_THAT(form({Goodbye(0), Progress(1)}), ElementsAre(HasSubstr("follows a Goodbye")));
  EXPECT_THAT(form({Begin(), End(1, "t")}), ElementsAre(HasSubstr("another store")));
}

TEST(FrameChecksTest, Ordered) {
  std::vector<RecordedStream> streams = Good();
  std::swap(streams[0].frames[1], streams[0].frames[2]);
  EXPECT_THAT(CheckOrdered(streams), ElementsAre(HasSubstr("revision 1 after 3")));
  streams = Good();
  streams[1].frames[1] = Changes(5, {{4, "a"}, {5, "c"}});
  EXPECT_THAT(CheckOrdered(streams), ElementsAre(HasSubstr("revision 4 after 4")));
}

TEST(FrameChecksTest, Unique) {
  std::vector<RecordedStream> streams = Good();
  streams[1].frames[1] = Changes(5, {{4, "a"}, {5, "c"}});
  EXPECT_THAT(CheckUnique(streams), ElementsAre(HasSubstr("revision 4 a second time")));
}

TEST(FrameChecksTest, CompleteAtTheEndOfASnapshot) {
  std::vector<RecordedStream> streams = Good();
  streams[0].frames.erase(streams[0].frames.begin() + 2);
  EXPECT_THAT(CheckComplete(streams, kHistories),
              ElementsAre(HasSubstr("frame 2: revision 3 is missing at 3"),
                          HasSubstr("frame 3: revision 3 is missing at 4"),
                          HasSubstr("stream 1, frame 0: revision 3 is missing at 4")));
}

TEST(FrameChecksTest, CompleteAtEachMarkOfProgress) {
  std::vector<RecordedStream> streams = Good();
  streams[1].frames.erase(streams[1].frames.begin() + 1);
  EXPECT_THAT(CheckComplete(streams, kHistories),
              ElementsAre(HasSubstr("stream 1, frame 1: revision 5 is missing at 5")));
}

TEST(FrameChecksTest, CompleteOverTheGapBetweenTwoStreams) {
  std::vector<RecordedStream> streams = Good();
  streams[0].frames.pop_back();
  EXPECT_THAT(CheckComplete(streams, kHistories), Not(IsEmpty()));
}

TEST(FrameChecksTest, CompleteMeansOnlyWhatIsStored) {
  std::vector<RecordedStream> streams = Good();
  streams[1].frames[1] = Changes(5, {{5, "b"}});
  EXPECT_THAT(CheckComplete(streams, kHistories)[0], HasSubstr("never stored"));
  EXPECT_THAT(CheckComplete({From("", 0, {Begin("u")})}, kHistories),
              ElementsAre(HasSubstr("of a store that there is not")));
}

TEST(FrameChecksTest, ASnapshotReplacesWhatWasHeld) {
  const RecordedStream later = From("s", 5, {Begin("t"), End(1, "t")});
  EXPECT_THAT(CheckComplete({Good()[0], later}, kHistories),
              ElementsAre(HasSubstr("revision 1 is missing at 1")));
}

TEST(FrameChecksTest, ResumedWhereTheClientWas) {
  std::vector<RecordedStream> streams = Good();
  streams[1].request.set_from_revision(3);
  EXPECT_THAT(CheckResumable(streams, kHistories),
              ElementsAre(HasSubstr("asked from 3 where the client had reached 4")));
}

TEST(FrameChecksTest, ResumedWithoutASnapshot) {
  std::vector<RecordedStream> streams = Good();
  streams[1].frames = {Begin(), End(5)};
  EXPECT_THAT(CheckResumable(streams, kHistories), ElementsAre(HasSubstr("could go on")));
}

TEST(FrameChecksTest, NotResumedInAnotherStoreOrInTheFuture) {
  std::vector<RecordedStream> streams = Good();
  streams[2].frames = {Changes(1, {{1, "a"}}, "t")};
  EXPECT_THAT(CheckResumable(streams, kHistories), ElementsAre(HasSubstr("no snapshot")));
  streams = Good();
  streams[1].frames.back() = Progress(9);
  streams[2] = From("s", 9, {Progress(9)});
  EXPECT_THAT(CheckResumable(streams, kHistories), ElementsAre(HasSubstr("no snapshot")));
}

TEST(FrameChecksTest, BansFirst) {
  std::vector<RecordedStream> streams = Good();
  streams[1].frames[1].mutable_bans();  // They may change.
  EXPECT_THAT(CheckBansFirst(streams), IsEmpty());
  streams[1].frames[0].clear_bans();
  EXPECT_THAT(CheckBansFirst(streams),
              ElementsAre(HasSubstr("stream 1, frame 0: no bans in the first frame")));
}

TEST(FrameChecksTest, Bookmarks) {
  std::vector<RecordedStream> streams = Good();
  streams[1].frames = {Progress(5), Changes(5, {{5, "c"}})};
  EXPECT_THAT(CheckBookmarks(streams), ElementsAre(HasSubstr("an old revision, 5")));
  streams[1].frames = {Changes(4, {{5, "c"}})};
  EXPECT_THAT(CheckBookmarks(streams), ElementsAre(HasSubstr("newer than its frame")));
  streams[1].frames = {Progress(3)};
  EXPECT_THAT(CheckBookmarks(streams), ElementsAre(HasSubstr("back to 3")));
}

}  // namespace
}  // namespace tactic::testing
