// A real server on a unix socket, over a Tuner with a fake lane and a memory store.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "proto/convert/convert.h"
#include "server/core/catalog.h"
#include "server/core/groups.h"
#include "server/core/leases.h"
#include "server/core/tuner.h"
#include "server/log/log.h"
#include "server/rpc/admin_service.h"
#include "server/rpc/groups_service.h"
#include "server/rpc/grpc_server.h"
#include "server/rpc/tuning_service.h"
#include "server/store/memory_store.h"
#include "tactic/v1/admin.grpc.pb.h"
#include "tactic/v1/tuning.grpc.pb.h"
#include "tests/core/fakes.h"
#include "tests/support/samples.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace tactic::testing {

MATCHER_P2(RpcStatusIs, code, message, "") {
  *result_listener << "which is " << arg.error_code() << ": " << arg.error_message();
  return arg.error_code() == code &&
         ::testing::SafeMatcherCast<const std::string&>(message).Matches(arg.error_message());
}
MATCHER(RpcOk, "") {
  *result_listener << "which is " << arg.error_code() << ": " << arg.error_message();
  return arg.ok();
}

class RpcTest : public ::testing::Test {
 protected:
  ~RpcTest() override {
    channel_.reset();
    server_.reset();
    lane_thread_ = std::jthread();
  }

  // To be called once, after options and the store have been prepared.
  void Start() {
    options_.version = "1.2.3";
    options_.store = "memory";
    catalog_ = std::make_unique<Catalog>(store_.Info().store_id, store_.Info().revision,
                                         store_.LoadDecisions().value());
    tuner_ = Tuner::Create(store_, *catalog_, {&lane_}, clock_, {}).value();
    leases_ = std::make_unique<Leases>(*tuner_, *catalog_, clock_, lease_options_);
    service_ = std::make_unique<TuningService>(*tuner_, *catalog_, *leases_, logger_, options_);
    admin_ = std::make_unique<AdminService>(*tuner_, *catalog_, logger_, "tacticd 1.2.3");
    groups_ =
        std::make_unique<Groups>(*catalog_, SystemClock(), AgreementOptions{.epoch = "run-1"});
    groups_service_ = std::make_unique<GroupsService>(*groups_);
    server_options_.more_services = {admin_.get(), groups_service_.get()};
    auto listener = Listener::Reserve(ParseListenAddress(address()).value());
    ASSERT_THAT(listener, IsOk());
    std::vector<Listener> listeners;
    listeners.push_back(*std::move(listener));
    auto server = GrpcServer::Start(std::move(listeners), *service_, logger_, server_options_);
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel(address(), grpc::InsecureChannelCredentials());
    stub_ = v1::Tuning::NewStub(channel_);
    admin_stub_ = v1::Admin::NewStub(channel_);
    lane_thread_ =
        std::jthread([this](std::stop_token stop) { tuner_->ServeLane(0, std::move(stop)); });
  }

  std::string address() const { return "unix:" + (directory_ / "d.sock").string(); }

  // As a contest would.
  uint64_t Publish(const Decision& decision) {
    Decision stored = store_.PutContest(decision.key, decision, SampleEvidence()).value().value();
    const uint64_t revision = stored.revision;
    catalog_->Publish(std::move(stored));
    return revision;
  }

  v1::TuneRequest Ask(const std::vector<int64_t>& ms) {
    v1::TuneRequest request;
    request.set_request_id("request-" + std::to_string(++requests_));
    for (const int64_t m : ms) convert::ToProto(GemmProblem(m), request.add_problems());
    return request;
  }
  v1::Job Tune(const v1::TuneRequest& request) {
    grpc::ClientContext context;
    v1::TuneResponse response;
    EXPECT_THAT(stub_->Tune(&context, request, &response), RpcOk());
    return response.job();
  }
  // The job's last state.
  v1::Job AwaitEnd(const std::string& id) {
    grpc::ClientContext context;
    v1::WatchJobRequest request;
    request.set_id(id);
    const auto reader = stub_->WatchJob(&context, request);
    v1::WatchJobResponse frame;
    v1::Job last;
    while (reader->Read(&frame)) last = frame.job();
    EXPECT_THAT(reader->Finish(), RpcOk());
    return last;
  }

  TempDir directory_;
  ServiceOptions options_;
  GrpcServer::Options server_options_;
  Logger logger_{{LogLevel::kError, LogFormat::kText, 2}};
  FakeClock clock_;
  FakeLane lane_;
  MemoryStore store_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<Tuner> tuner_;
  LeaseOptions lease_options_{.epoch = "run-1"};
  std::unique_ptr<Leases> leases_;
  std::unique_ptr<TuningService> service_;
  std::unique_ptr<AdminService> admin_;
  std::unique_ptr<Groups> groups_;  // With real time.
  std::unique_ptr<GroupsService> groups_service_;
  std::unique_ptr<GrpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Tuning::Stub> stub_;
  std::unique_ptr<v1::Admin::Stub> admin_stub_;
  int requests_ = 0;
  std::jthread lane_thread_;
};

}  // namespace tactic::testing
