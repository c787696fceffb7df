// Clients that do not read: what they cost, and that others do not notice.
#include <gtest/gtest.h>
#include <malloc.h>

#include <chrono>
#include <memory>
#include <vector>

#include "tests/rpc/rpc_fixture.h"
#include "tests/watch/proxy.h"

namespace tactic::testing {
namespace {

constexpr int kStalled = 8;
constexpr int kKeys = 3;
constexpr size_t kRanked = 100;  // A large decision: few of them fill what a connection holds.
constexpr uint64_t kBatch = 10;
constexpr uint64_t kChanges = 6'000;

// A stream that nobody reads, on a connection of its own.
struct Stalled {
  explicit Stalled(const std::string& target) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stub = v1::Tuning::NewStub(
        grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments));
    reader = stub->Watch(&context, {});
    reader->WaitForInitialMetadata();
  }
  ~Stalled() {
    context.TryCancel();
    reader->Finish();
  }
  grpc::ClientContext context;
  std::unique_ptr<v1::Tuning::Stub> stub;
  std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> reader;
};

class SlowReaderTest : public RpcTest {
 protected:
  // Changes straight in the catalog: the store would keep each of them for good.
  void PublishUpTo(uint64_t last) {
    while (catalog_->Revision() < last) {
      const uint64_t next = catalog_->Revision() + 1;
      Decision decision = SampleDecision(static_cast<int>(next % kKeys));
      decision.ranking.resize(kRanked, decision.ranking.front());
      decision.id = decision.revision = next;
      catalog_->Publish(std::move(decision));
    }
  }
  static size_t BytesInUse() {
    const struct mallinfo2 heap = mallinfo2();
    return heap.uordblks + heap.hblkhd;
  }
};

// Reads until everything up to `revision` has come; the bytes of what came.
uint64_t ReadUpTo(grpc::ClientReader<v1::WatchResponse>& reader, uint64_t revision) {
  uint64_t bytes = 0;
  v1::WatchResponse frame;
  while (frame.revision() < revision && reader.Read(&frame)) bytes += frame.ByteSizeLong();
  EXPECT_GE(frame.revision(), revision);
  return bytes;
}

TEST_F(SlowReaderTest, CostNothingMoreHoweverMuchHappens) {
  Start();
  PublishUpTo(kKeys);
  std::vector<std::unique_ptr<Stalled>> stalled;
  for (int i = 0; i < kStalled; ++i) stalled.push_back(std::make_unique<Stalled>(address()));
  grpc::ClientContext context;
  const auto steady = stub_->Watch(&context, {});
  // The reader that reads makes sure that the pump has been round all of them many times.
  const auto publish_and_read = [&](uint64_t last) {
    uint64_t bytes = 0;
    for (uint64_t next = catalog_->Revision(); next < last; next += kBatch) {
      PublishUpTo(next + kBatch);
      bytes += ReadUpTo(*steady, next + kBatch);
    }
    return bytes;
  };
  publish_and_read(kChanges / 4);
  const size_t before = BytesInUse();
  const uint64_t bytes = publish_and_read(kChanges);
  const size_t after = BytesInUse();
  EXPECT_GT(bytes, uint64_t{10} << 20) << "too little happened to show anything";
  // A queue of what they did not read would hold kStalled times `bytes`.
  EXPECT_LT(after, before + bytes / 4);
  context.TryCancel();
  steady->Finish();
}

}  // namespace
}  // namespace tactic::testing
