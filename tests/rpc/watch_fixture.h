// Streams of Watch from a real server.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tests/rpc/rpc_fixture.h"

namespace tactic::testing {

using Frame = v1::WatchResponse;

// One open stream.
class Watcher {
 public:
  Watcher(v1::Tuning::Stub& stub, const v1::WatchRequest& request)
      : reader_(stub.Watch(&context_, request)) {}

  // The next frame; unset when the stream has ended.
  Frame Next() {
    Frame frame;
    if (!reader_->Read(&frame)) frame.Clear();
    return frame;
  }
  // The next frame that is no mark of progress.
  Frame NextNews() {
    while (true) {
      Frame frame = Next();
      if (!frame.has_progress()) return frame;
    }
  }
  void Cancel() { context_.TryCancel(); }
  grpc::Status Finish() { return reader_->Finish(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<Frame>> reader_;
};

inline std::vector<uint64_t> RevisionsIn(const Frame& frame) {
  std::vector<uint64_t> revisions;
  for (const v1::Decision& decision : frame.decisions().decisions()) {
    revisions.push_back(decision.revision());
  }
  return revisions;
}

class WatchTest : public RpcTest {
 protected:
  v1::WatchRequest From(uint64_t revision) {
    v1::WatchRequest request;
    request.set_store_id(store_.Info().store_id);
    request.set_from_revision(revision);
    return request;
  }
  // All decisions of a snapshot, up to its end; how many frames held them.
  std::vector<uint64_t> ReadSnapshot(Watcher& watcher, int* frames = nullptr) {
    EXPECT_TRUE(watcher.Next().has_snapshot_begin());
    std::vector<uint64_t> revisions;
    for (int count = 0;; ++count) {
      const Frame frame = watcher.Next();
      if (frame.has_snapshot_end()) {
        EXPECT_GE(frame.revision(), revisions.empty() ? 0 : revisions.back());
        EXPECT_LE(frame.revision(), catalog_->Revision());
        if (frames != nullptr) *frames = count;
        return revisions;
      }
      if (!frame.has_decisions()) ADD_FAILURE() << "not a snapshot: " << frame.ShortDebugString();
      if (!frame.has_decisions()) return revisions;
      EXPECT_EQ(frame.revision(), 0u);
      for (const uint64_t revision : RevisionsIn(frame)) revisions.push_back(revision);
    }
  }
};

}  // namespace tactic::testing
