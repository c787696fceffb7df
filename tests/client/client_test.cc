// The client as a program sees it, against a fake server.
#include "tactic/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "tests/client/fake_server.h"
#include "tests/client/gemm_op.h"
#include "tests/support/temp_dir.h"

namespace tactic {
namespace {

using std::chrono::milliseconds;
using testing::DecisionFor;
using ::testing::ElementsAre;
using testing::FakeServer;
using testing::FakeStore;
using testing::GemmOf;
using testing::GemmSpec;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using testing::TempDir;

constexpr milliseconds kPatience{60'000};

std::vector<int64_t> SizesIn(const v1::TuneRequest& request) {
  std::vector<int64_t> sizes;
  for (const v1::Problem& problem : request.problems()) {
    sizes.push_back(problem.inputs(0).dims(0).opt());
  }
  return sizes;
}

class ClientTest : public ::testing::Test {
 protected:
  ~ClientTest() override {
    op_.reset();
    client_.reset();
    server_.reset();
  }

  std::string address() const { return "unix:" + (dir_ / "socket").string(); }
  void StartServer(FakeStore store = {}) {
    server_.reset();
    server_ = std::make_unique<FakeServer>(address(), std::move(store));
  }
  void StartClient(milliseconds strict_ban_age = milliseconds(0)) {
    client_.emplace(
        ClientOptions{.target = address(), .name = "test", .strict_ban_age = strict_ban_age});
    op_ = client_->Register(GemmSpec()).value();
  }
  void StartBoth() {
    StartServer();
    StartClient();
    ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  }
  Choice Choose(int64_t m) const { return op_->ChooseOne({{m, 64}, {64, 32}}); }
  TuneOutcome Tune(std::vector<Problem> problems, milliseconds timeout = kPatience) {
    return client_->Tune(problems, {}, timeout);
  }

  TempDir dir_;
  std::unique_ptr<FakeServer> server_;
  std::optional<Client> client_;
  std::optional<OpHandle> op_;
};

// The clock of it is tested in status_board_test.cc; here, that its hands are moved.
TEST_F(ClientTest, WithStrictBansASilentDaemonMeansTheFallbackUntilItIsHeard) {
  StartServer({.decisions = {DecisionFor(GemmOf(8), 0, 0)}});
  StartClient(milliseconds(1));
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  const auto comes_to = [&](bool hit) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (Choose(8).hit != hit && std::chrono::steady_clock::now() < end) {
      if (hit) server_->Put(DecisionFor(GemmOf(16), 0, 0));  // Word from the daemon.
      std::this_thread::yield();
    }
    return std::chrono::steady_clock::now() < end;
  };
  EXPECT_TRUE(comes_to(false));
  EXPECT_GT(client_->Statistics().cache.skipped, 0u);
  EXPECT_EQ(client_->Statistics().cache.misses, 0u);
  EXPECT_TRUE(comes_to(true));
}

TEST_F(ClientTest, WithNoDaemonItFallsBack) {
  StartClient();
  EXPECT_FALSE(client_->WaitUntilReady(milliseconds(1)));
  EXPECT_FALSE(Choose(8).hit);
  const ClientStatistics statistics = client_->Statistics();
  EXPECT_EQ(statistics.freshness, Freshness::kOffline);
  EXPECT_EQ(statistics.cache.misses, 1u);
  EXPECT_EQ(statistics.connects, 0u);
}

TEST_F(ClientTest, WithADaemonItHits) {
  StartServer({.decisions = {DecisionFor(GemmOf(8), 0, 0)}});
  StartClient();
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  EXPECT_TRUE(Choose(8).hit);
  const ClientStatistics statistics = client_->Statistics();
  EXPECT_EQ(statistics.freshness, Freshness::kFresh);
  EXPECT_EQ(statistics.store_id, "store-1");
  EXPECT_EQ(statistics.revision, 1u);
  EXPECT_EQ(statistics.cache.hits, 1u);
}

TEST_F(ClientTest, TuneEndsWhenTheTableAnswers) {
  StartBoth();
  const TuneOutcome outcome = Tune({GemmOf(8), GemmOf(16)});
  EXPECT_TRUE(outcome.finished) << outcome.message;
  EXPECT_EQ(outcome.decided, 2u);
  EXPECT_EQ(outcome.failed, 0u);
  EXPECT_TRUE(Choose(8).hit);
  EXPECT_TRUE(Choose(16).hit);
  const auto requests = server_->WaitForTunes(1);
  EXPECT_EQ(requests[0].client(), "test");
  EXPECT_NE(requests[0].request_id(), "");
}

TEST_F(ClientTest, TuneOfNothingIsDone) {
  StartClient();
  EXPECT_TRUE(Tune({}).finished);
}

TEST_F(ClientTest, TuneFollowsTheJob) {
  StartBoth();
  server_->HoldJobs();
  TuneOutcome outcome;
  std::thread tuning([&] { outcome = Tune({GemmOf(8)}); });
  server_->WaitForJobWatches(1);
  server_->ReleaseJobs();
  tuning.join();
  EXPECT_TRUE(outcome.finished) << outcome.message;
  EXPECT_TRUE(Choose(8).hit);
}

TEST_F(ClientTest, TuneAttachesAgainAfterARestart) {
  StartBoth();
  server_->HoldJobs();
  TuneOutcome outcome;
  std::thread tuning([&] { outcome = Tune({GemmOf(8)}); });
  const std::string job = server_->WaitForJobWatches(1)[0];
  const v1::TuneRequest request = server_->WaitForTunes(1)[0];
  StartServer({.jobs = {{job, request}}});
  tuning.join();
  EXPECT_TRUE(outcome.finished) << outcome.message;
  EXPECT_EQ(outcome.decided, 1u);
  EXPECT_TRUE(Choose(8).hit);
}

TEST_F(ClientTest, FailedContestsAreCountedWithTheirReason) {
  StartBoth();
  server_->FailJobs("no valid candidate");
  const TuneOutcome outcome = Tune({GemmOf(8), GemmOf(16)});
  EXPECT_TRUE(outcome.finished);
  EXPECT_EQ(outcome.decided, 0u);
  EXPECT_EQ(outcome.failed, 2u);
  EXPECT_THAT(outcome.message, HasSubstr("no valid candidate"));
}

TEST_F(ClientTest, TuneTriesAgainWithTheSameRequestId) {
  StartBoth();
  server_->RefuseTune(grpc::StatusCode::UNAVAILABLE, 2);
  EXPECT_TRUE(Tune({GemmOf(8)}).finished);
  const auto requests = server_->WaitForTunes(3);
  EXPECT_EQ(requests[0].request_id(), requests[1].request_id());
  EXPECT_EQ(requests[0].request_id(), requests[2].request_id());
}

TEST_F(ClientTest, ARefusalIsFinalAndSaysWhy) {
  StartBoth();
  server_->RefuseTune(grpc::StatusCode::INVALID_ARGUMENT, 1);
  const TuneOutcome outcome = Tune({GemmOf(8)});
  EXPECT_FALSE(outcome.finished);
  EXPECT_THAT(outcome.message, HasSubstr("refused by the test"));
  EXPECT_THAT(server_->WaitForTunes(1), SizeIs(1));
}

TEST_F(ClientTest, TuneGivesUpWhenTheTimeIsOver) {
  StartBoth();
  server_->HoldJobs();
  const TuneOutcome outcome = Tune({GemmOf(8)}, milliseconds(100));
  EXPECT_FALSE(outcome.finished);
  EXPECT_NE(outcome.message, "");
}

TEST_F(ClientTest, TuneWithNoDaemonEndsInTime) {
  StartClient();
  const TuneOutcome outcome = Tune({GemmOf(8)}, milliseconds(50));
  EXPECT_FALSE(outcome.finished);
  EXPECT_NE(outcome.message, "");
}

TEST_F(ClientTest, AMissIsAskedForOnceInTheBackground) {
  StartBoth();
  EXPECT_FALSE(Choose(5).hit);
  EXPECT_FALSE(Choose(6).hit);
  const auto requests = server_->WaitForTunes(1);
  EXPECT_THAT(SizesIn(requests[0]), ElementsAre(8));
  Choose(16);
  EXPECT_THAT(SizesIn(server_->WaitForTunes(2)[1]), ElementsAre(16));
}

TEST_F(ClientTest, AMissBeforeTheDaemonCameIsAskedForThen) {
  StartClient();
  Choose(8);
  StartServer();
  EXPECT_THAT(SizesIn(server_->WaitForTunes(1)[0]), ElementsAre(8));
}

TEST_F(ClientTest, WhatTheDaemonRefusesIsDroppedAndCounted) {
  StartBoth();
  server_->RefuseTune(grpc::StatusCode::NOT_FOUND, 1);
  Choose(8);
  server_->WaitForTunes(1);
  Choose(16);
  server_->WaitForTunes(2);  // The refused one is not in the way.
  EXPECT_EQ(client_->Statistics().requests_dropped, 1u);
}

TEST_F(ClientTest, AScopeTunesAllBuckets) {
  StartBoth();
  {
    TuningScope scope(*client_);
    EXPECT_FALSE(Choose(5).hit);
    const TuneOutcome outcome = scope.Wait(kPatience);
    EXPECT_TRUE(outcome.finished) << outcome.message;
    EXPECT_EQ(outcome.decided, 4u);
  }
  for (int64_t m = 1; m <= 8; ++m) EXPECT_TRUE(Choose(m).hit) << m;
}

TEST_F(ClientTest, AScopeWithOtherBucketsTunesThose) {
  StartBoth();
  {
    TuningScope scope(*client_);
    ASSERT_TRUE(scope.Override({.buckets = {10, 20}, .round_up = true}).ok());
    EXPECT_FALSE(Choose(5).hit);
    EXPECT_EQ(scope.Wait(kPatience).decided, 2u);
    EXPECT_TRUE(Choose(5).hit);
    EXPECT_TRUE(Choose(11).hit);
  }
  EXPECT_THAT(SizesIn(server_->WaitForTunes(1)[0]), ElementsAre(10, 20));
  EXPECT_FALSE(Choose(5).hit) << "the op's own buckets";
}

TEST_F(ClientTest, MissesAreExpandedByTheRulesOfTheScopeThatTheyWereIn) {
  StartBoth();
  {
    TuningScope scope(*client_);
    ASSERT_TRUE(scope.Override({.buckets = {77}}).ok());
    ASSERT_TRUE(scope.Override({.buckets = {10}}).ok());
    Choose(5);
  }
  EXPECT_THAT(SizesIn(server_->WaitForTunes(1)[0]), ElementsAre(10));
}

TEST_F(ClientTest, BadOverridesAreRefused) {
  StartClient();
  TuningScope scope(*client_);
  const Check refused = scope.Override({.buckets = {-1}});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("buckets[0] is -1"));
}

TEST_F(ClientTest, ACallThatCannotBeTunedIsCountedAndItsReasonKept) {
  StartBoth();
  OpSpec spec = GemmSpec();
  spec.constraints = {{1, 0, [](const Shapes&) { return int64_t{-1}; }}};
  const OpHandle op = client_->Register(spec).value();
  {
    TuningScope scope(*client_);
    op.ChooseOne({{8, 64}, {64, 32}});
  }
  const ClientStatistics statistics = client_->Statistics();
  EXPECT_EQ(statistics.requests_dropped, 1u);
  EXPECT_THAT(statistics.last_error,
              HasSubstr("a call of 'gemm' cannot be tuned: constraints[0].infer is -1"));
}

TEST_F(ClientTest, AScopeAsksWithoutWait) {
  StartBoth();
  {
    TuningScope scope(*client_);
    Choose(5);
  }
  EXPECT_THAT(SizesIn(server_->WaitForTunes(1)[0]), ElementsAre(1, 2, 4, 8));
}

TEST_F(ClientTest, WaitWithNothingMissedIsDone) {
  StartClient();
  TuningScope scope(*client_);
  const TuneOutcome outcome = scope.Wait(kPatience);
  EXPECT_TRUE(outcome.finished);
  EXPECT_EQ(outcome.decided, 0u);
}

TEST_F(ClientTest, AScopeTunesWhatMissedBeforeItToo) {
  StartBoth();
  Choose(5);
  server_->WaitForTunes(1);
  TuningScope scope(*client_);
  Choose(3);
  EXPECT_EQ(scope.Wait(kPatience).decided, 3u) << "1, 2 and 4";
  Choose(9);
  EXPECT_EQ(scope.Wait(kPatience).decided, 1u) << "16";
}

TEST_F(ClientTest, ASecondWaitWaitsForWhatMissedSince) {
  StartBoth();
  TuningScope scope(*client_);
  Choose(2);
  EXPECT_EQ(scope.Wait(kPatience).decided, 2u);
  EXPECT_EQ(scope.Wait(kPatience).decided, 0u);
}

TEST_F(ClientTest, AScopeThatDoesNotTuneKeepsMissesToItself) {
  StartBoth();
  {
    TuningScope quiet(*client_, /*tune=*/false);
    Choose(64);
  }
  Choose(8);
  EXPECT_THAT(SizesIn(server_->WaitForTunes(1)[0]), ElementsAre(8));
  Choose(64);  // Outside it is asked for after all.
  EXPECT_THAT(SizesIn(server_->WaitForTunes(2)[1]), ElementsAre(64));
}

TEST_F(ClientTest, TheInnermostScopeRules) {
  StartBoth();
  TuningScope outer(*client_);
  {
    TuningScope quiet(*client_, /*tune=*/false);
    Choose(64);
    {
      TuningScope inner(*client_);
      Choose(2);
      EXPECT_EQ(inner.Wait(kPatience).decided, 2u);
    }
  }
  EXPECT_TRUE(Choose(2).hit);
  EXPECT_FALSE(Choose(64).hit);
}

TEST_F(ClientTest, AScopeWithNoDaemonEndsInTime) {
  StartClient();
  TuningScope scope(*client_);
  Choose(8);
  EXPECT_FALSE(scope.Wait(milliseconds(50)).finished);
}

TEST_F(ClientTest, ItEndsInEveryState) {
  StartClient();
  client_.reset();  // No daemon.
  StartServer();
  StartClient();
  client_.reset();  // Connecting.
  StartBoth();
  client_.reset();  // Following.
  StartServer();
  server_->SetLaneReady(false);
  StartClient();
  client_.reset();  // No lane is ready.
  StartServer();
  server_->HangInTune();
  StartClient();
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  Choose(8);
  server_->WaitForTunes(1);
  client_.reset();  // A request is on its way.
  StartServer();
  server_->FallSilent();
  StartClient();
  server_->WaitForWatches(1);
  client_.reset();  // The daemon says nothing.
}

TEST_F(ClientTest, TheTargetCanComeFromTheEnvironment) {
  ASSERT_EQ(setenv("TACTICD_TARGET", address().c_str(), 1), 0);
  EXPECT_EQ(DefaultTarget(), address());
  ASSERT_EQ(unsetenv("TACTICD_TARGET"), 0);
  EXPECT_THAT(DefaultTarget(), HasSubstr("tacticd.sock"));
}

}  // namespace
}  // namespace tactic
