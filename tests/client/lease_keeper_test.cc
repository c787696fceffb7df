// When a lease is renewed, against a server that counts.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>

#include "client/lease/keeper.h"
#include "client/link/connection.h"
#include "tests/support/temp_dir.h"

namespace tactic::lease {
namespace {

class CountingServer final : private v1::Tuning::Service {
 public:
  explicit CountingServer(const std::string& address) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials());
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }

  void AwaitRenewals(uint64_t fence, int count) {
    std::unique_lock lock(mu_);
    changed_.wait(lock, [&] { return renewals_[fence] >= count; });
  }
  int renewals(uint64_t fence) {
    std::lock_guard lock(mu_);
    return renewals_[fence];
  }

 private:
  grpc::Status RenewLease(grpc::ServerContext*, const v1::RenewLeaseRequest* request,
                          v1::RenewLeaseResponse*) override {
    std::lock_guard lock(mu_);
    ++renewals_[request->lease().fence()];
    changed_.notify_all();
    return grpc::Status::OK;
  }

  std::mutex mu_;
  std::condition_variable changed_;
  std::map<uint64_t, int> renewals_;  // By fence.
  std::unique_ptr<grpc::Server> server_;
};

TEST(LeaseKeeperTest, RenewsWhileNothingIsOverdueAndNotAfter) {
  const testing::TempDir directory;
  const std::string address = "unix:" + (directory / "socket").string();
  CountingServer server(address);
  const auto stub = link::NewStub(address);
  const auto token = [](uint64_t fence) {
    v1::LeaseToken named;
    named.set_fence(fence);
    return named;
  };
  constexpr link::Millis kTtl(900);
  LeaseKeeper hangs(*stub, token(1), kTtl);
  hangs.Begin(0, timing::LaunchPhase::kSample, /*deadline_seconds=*/0);
  LeaseKeeper idle(*stub, token(2), kTtl);
  LeaseKeeper busy(*stub, token(3), kTtl);
  busy.Begin(0, timing::LaunchPhase::kSample, /*deadline_seconds=*/3600);
  server.AwaitRenewals(2, 2);
  server.AwaitRenewals(3, 2);
  EXPECT_EQ(server.renewals(1), 0);
  EXPECT_FALSE(idle.lost());
  EXPECT_FALSE(busy.lost());
  hangs.End();  // It was only slow.
  server.AwaitRenewals(1, 1);
}

}  // namespace
}  // namespace tactic::lease
