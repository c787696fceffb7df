// Watch: snapshot, changes, resuming, progress, goodbye.
#include "tests/rpc/watch_fixture.h"

namespace tactic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(WatchTest, ASnapshotAndThenEveryChange) {
  Start();
  Publish(SampleDecision(0));
  Publish(SampleDecision(1));
  Watcher watcher(*stub_, {});
  EXPECT_THAT(ReadSnapshot(watcher), ElementsAre(1, 2));
  Publish(SampleDecision(0));
  const Frame change = watcher.NextNews();
  EXPECT_THAT(RevisionsIn(change), ElementsAre(3));
  EXPECT_EQ(change.revision(), 3u);
  EXPECT_EQ(change.store_id(), store_.Info().store_id);
  EXPECT_EQ(convert::FromProto("", change.decisions().decisions(0)).value(),
            store_.FindDecision(3).value());
}

TEST_F(WatchTest, AnEmptySnapshotIsOneToo) {
  Start();
  Watcher watcher(*stub_, {});
  EXPECT_THAT(ReadSnapshot(watcher), IsEmpty());
  Publish(SampleDecision(0));
  EXPECT_THAT(RevisionsIn(watcher.NextNews()), ElementsAre(1));
}

TEST_F(WatchTest, ResumesWhereTheClientWas) {
  Start();
  for (int i = 0; i < 3; ++i) Publish(SampleDecision(i));
  Watcher watcher(*stub_, From(1));
  const Frame change = watcher.Next();
  EXPECT_THAT(RevisionsIn(change), ElementsAre(2, 3));
  EXPECT_EQ(change.revision(), 3u);
}

TEST_F(WatchTest, ResumingAtTheNewestSaysSoAtOnce) {
  options_.watch.progress_interval = std::chrono::hours(1);
  Start();
  Publish(SampleDecision(0));
  Watcher watcher(*stub_, From(1));
  const Frame frame = watcher.Next();
  EXPECT_TRUE(frame.has_progress());
  EXPECT_EQ(frame.revision(), 1u);
}

TEST_F(WatchTest, AnotherStoreOrAFuturePositionGetsASnapshot) {
  Start();
  Publish(SampleDecision(0));
  v1::WatchRequest foreign = From(1);
  foreign.set_store_id("another");
  Watcher first(*stub_, foreign);
  EXPECT_THAT(ReadSnapshot(first), ElementsAre(1));
  Watcher second(*stub_, From(2));
  EXPECT_THAT(ReadSnapshot(second), ElementsAre(1));
  v1::WatchRequest nameless;
  nameless.set_from_revision(1);
  Watcher third(*stub_, nameless);
  EXPECT_THAT(ReadSnapshot(third), ElementsAre(1));
}

TEST_F(WatchTest, ASnapshotOnlyEndsWell) {
  Start();
  Publish(SampleDecision(0));
  v1::WatchRequest request = From(1);
  request.set_snapshot_only(true);
  Watcher watcher(*stub_, request);
  EXPECT_THAT(ReadSnapshot(watcher), ElementsAre(1));
  EXPECT_EQ(watcher.Next().frame_case(), Frame::FRAME_NOT_SET);
  EXPECT_THAT(watcher.Finish(), RpcOk());
}

TEST_F(WatchTest, OnlyTheOpsThatWereAskedFor) {
  Start();
  Decision other = SampleDecision(0);
  other.key.problem.op = "softmax";
  Publish(SampleDecision(0));
  Publish(other);
  v1::WatchRequest request;
  request.add_ops("softmax");
  Watcher watcher(*stub_, request);
  EXPECT_THAT(ReadSnapshot(watcher), ElementsAre(2));
  Publish(SampleDecision(1));
  other.key.problem.inputs[0].dims[0].opt = 99;
  Publish(other);
  EXPECT_THAT(RevisionsIn(watcher.NextNews()), ElementsAre(4));
}

TEST_F(WatchTest, FramesAreBoundedInNumber) {
  options_.watch.max_frame_decisions = 2;
  Start();
  for (int i = 0; i < 5; ++i) Publish(SampleDecision(i));
  Watcher watcher(*stub_, {});
  int frames = 0;
  EXPECT_THAT(ReadSnapshot(watcher, &frames), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_EQ(frames, 3);
  // The position of a frame is that of its last decision.
  Watcher resumed(*stub_, From(1));
  EXPECT_EQ(resumed.Next().revision(), 3u);
  EXPECT_EQ(resumed.Next().revision(), 5u);
}

TEST_F(WatchTest, FramesAreBoundedInBytes) {
  options_.watch.max_frame_bytes = 1;
  Start();
  for (int i = 0; i < 3; ++i) Publish(SampleDecision(i));
  Watcher watcher(*stub_, {});
  int frames = 0;
  EXPECT_THAT(ReadSnapshot(watcher, &frames), ElementsAre(1, 2, 3));
  EXPECT_EQ(frames, 3);
  Watcher resumed(*stub_, From(0));
  const Frame first = resumed.Next();
  EXPECT_THAT(RevisionsIn(first), ElementsAre(1));
  EXPECT_EQ(first.revision(), 1u);
}

TEST_F(WatchTest, ProgressComesWithoutChanges) {
  options_.watch.progress_interval = std::chrono::milliseconds(1);
  Start();
  Publish(SampleDecision(0));
  Watcher watcher(*stub_, {});
  ReadSnapshot(watcher);
  for (int i = 0; i < 3; ++i) {
    const Frame frame = watcher.Next();
    EXPECT_TRUE(frame.has_progress());
    EXPECT_EQ(frame.revision(), 1u);
  }
}

TEST_F(WatchTest, AReaderThatDoesNotReadGetsTheFinalStateWhenItDoes) {
  options_.watch.progress_interval = std::chrono::hours(1);
  Start();
  Watcher watcher(*stub_, {});
  ReadSnapshot(watcher);
  // Far more than the connection holds while nobody reads.
  constexpr uint64_t kChanges = 5000;
  for (uint64_t i = 0; i < kChanges; ++i) Publish(SampleDecision(static_cast<int>(i % 3)));
  std::map<std::string, uint64_t> standing;
  uint64_t last = 0;
  uint64_t received = 0;
  while (last < kChanges) {
    const Frame frame = watcher.Next();
    ASSERT_TRUE(frame.has_decisions());
    for (const v1::Decision& decision : frame.decisions().decisions()) {
      EXPECT_GT(decision.revision(), last);
      last = decision.revision();
      standing[decision.fingerprint()] = last;
      ++received;
    }
  }
  EXPECT_LE(received, kChanges);
  for (int i = 0; i < 3; ++i) {
    const Fingerprint fingerprint = FingerprintOf(SampleKey(i));
    EXPECT_EQ(standing[ToHex(fingerprint)], catalog_->Find(fingerprint)->revision);
  }
}

TEST_F(WatchTest, AReaderThatNeverReadsLosesItsStreamAndCanResume) {
  options_.max_stuck = std::chrono::milliseconds(300);
  Start();
  Watcher watcher(*stub_, {});
  ReadSnapshot(watcher);
  while (service_->open_streams() > 0) Publish(SampleDecision(0));
  uint64_t reached = 0;
  for (Frame frame = watcher.Next(); frame.frame_case() != Frame::FRAME_NOT_SET;
       frame = watcher.Next()) {
    reached = frame.revision();
  }
  EXPECT_EQ(watcher.Finish().error_code(), grpc::StatusCode::CANCELLED);
  ASSERT_LT(reached, catalog_->Revision());
  Watcher resumed(*stub_, From(reached));
  EXPECT_THAT(RevisionsIn(resumed.Next()), ElementsAre(catalog_->Revision()));
}

TEST_F(WatchTest, AnIdleStreamIsNotStuck) {
  // Long enough for a write on a busy machine, and short against what the stream is idle for.
  options_.max_stuck = std::chrono::milliseconds(500);
  options_.watch.progress_interval = std::chrono::milliseconds(1200);
  Start();
  Watcher watcher(*stub_, {});
  ReadSnapshot(watcher);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(watcher.Next().has_progress());
}

TEST_F(WatchTest, GoodbyeWhenTheDaemonStops) {
  Start();
  Publish(SampleDecision(0));
  Watcher watcher(*stub_, {});
  ReadSnapshot(watcher);
  service_->Drain();
  const Frame frame = watcher.NextNews();
  ASSERT_TRUE(frame.has_goodbye());
  EXPECT_THAT(frame.goodbye().reason(), HasSubstr("stopping"));
  EXPECT_LE(frame.goodbye().reconnect_after_ms(), 2000u);
  EXPECT_EQ(frame.revision(), 1u);
  EXPECT_EQ(watcher.Next().frame_case(), Frame::FRAME_NOT_SET);
  EXPECT_THAT(watcher.Finish(), RpcOk());
  Watcher late(*stub_, {});
  EXPECT_THAT(late.Finish(), RpcStatusIs(grpc::StatusCode::UNAVAILABLE, HasSubstr("stopping")));
}

TEST_F(WatchTest, GoodbyeWhenTheStreamIsOld) {
  options_.watch.max_age = std::chrono::milliseconds(1);
  Start();
  Watcher watcher(*stub_, {});
  ReadSnapshot(watcher);
  EXPECT_THAT(watcher.NextNews().goodbye().reason(), HasSubstr("old"));
  EXPECT_EQ(watcher.Next().frame_case(), Frame::FRAME_NOT_SET);
  EXPECT_THAT(watcher.Finish(), RpcOk());
}

TEST_F(WatchTest, StreamsAreCountedAndLetGo) {
  options_.max_streams = 1;
  Start();
  Watcher first(*stub_, {});
  ReadSnapshot(first);
  Watcher second(*stub_, {});
  EXPECT_THAT(second.Finish(),
              RpcStatusIs(grpc::StatusCode::RESOURCE_EXHAUSTED, HasSubstr("as many as may be")));
  first.Cancel();
  EXPECT_EQ(first.Finish().error_code(), grpc::StatusCode::CANCELLED);
  // The server hears of it a moment later.
  while (true) {
    Watcher third(*stub_, {});
    if (third.Next().has_snapshot_begin()) break;
    EXPECT_EQ(third.Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  }
}

TEST_F(WatchTest, ManyWatchersComeAndGoWhileDecisionsStream) {
  options_.watch.progress_interval = std::chrono::milliseconds(1);
  Start();
  std::atomic<bool> done = false;
  std::vector<std::jthread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([&] {
      while (!done) {
        Watcher watcher(*stub_, {});
        ReadSnapshot(watcher);
        watcher.Next();
        watcher.Cancel();
        watcher.Finish();
      }
    });
  }
  {
    Watcher steady(*stub_, {});
    ReadSnapshot(steady);
    for (int i = 0; i < 300; ++i) Publish(SampleDecision(i));
    uint64_t last = 0;
    while (last < 300) last = steady.Next().revision();
  }
  done = true;
  clients.clear();
  server_->Stop(std::chrono::milliseconds(0));
  EXPECT_EQ(service_->open_streams(), 0u);
}

TEST_F(WatchTest, EveryFieldIsChecked) {
  Start();
  v1::WatchRequest store_id;
  store_id.set_store_id(std::string(200, 'x'));
  EXPECT_THAT(Watcher(*stub_, store_id).Finish(),
              RpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr("store_id")));
  v1::WatchRequest op;
  op.add_ops("gemm");
  op.add_ops("");
  EXPECT_THAT(Watcher(*stub_, op).Finish(),
              RpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr("ops[1]")));
  v1::WatchRequest many;
  for (int i = 0; i < 65; ++i) many.add_ops("gemm");
  EXPECT_THAT(Watcher(*stub_, many).Finish(),
              RpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                          HasSubstr("ops: count: 65 is out of bounds; must be 0 .. 64")));
}

}  // namespace
}  // namespace tactic::testing
