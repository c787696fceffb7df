// The client over a real connection to a server that does what the test says.
#include "tactic/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "tests/link/fake_server.h"
#include "tests/support/samples.h"
#include "tests/support/temp_dir.h"

namespace tactic {
namespace {

using ::testing::ElementsAre;
using testing::FakeServer;
using ::testing::HasSubstr;
using testing::SampleDecision;
using testing::SampleKey;
using ::testing::SizeIs;

constexpr std::chrono::seconds kPatience{20};

// The op of testing::GemmProblem, as a program registers it; m is bucketed to powers of two.
OpSpec GemmSpec() {
  OpSpec spec;
  spec.op = "gemm";
  spec.inputs = {{DType::kF32, Layout::kRowMajor}, {DType::kF32, Layout::kColMajor}};
  spec.runners = {testing::SampleCandidate(-1).runner, testing::SampleCandidate(0).runner};
  spec.dynamic = {{.input = 0, .dim = 0}};
  spec.policy.budget_ms = SampleKey().policy.budget_ms;
  return spec;
}

Decision DecisionFor(int64_t m) { return SampleDecision(static_cast<int>(m) - 1); }

class ClientTest : public ::testing::Test {
 protected:
  std::string Target() const { return "unix:" + (dir_ / "s").string(); }

  void StartServer(const std::string& store_id = "store-1") {
    server_.reset();
    server_ = std::make_unique<FakeServer>(Target(), store_id);
  }
  void StartClient(ClientOptions options = {}) {
    if (options.target.empty()) options.target = Target();
    client_.emplace(std::move(options));
    gemm_.emplace(client_->Register(GemmSpec()).value());
  }
  bool Hits(int64_t m) { return gemm_->ChooseOne({{m, 2048}, {2048, 512}}).hit; }
  // Publishes one more decision and waits until the table answers it: all before it is there too.
  void PublishAndAwait(int64_t m) {
    server_->Publish(DecisionFor(m));
    ASSERT_TRUE(AwaitRevision()) << client_->Statistics().last_error;
  }
  // Asking for nothing waits for the table to hold all that the server has.
  bool AwaitRevision() {
    server_->SetTuneMode(FakeServer::TuneMode::kDecide);
    return client_->Tune({ProblemOf(1)}, GemmSpec().policy, kPatience).finished;
  }
  Problem ProblemOf(int64_t m) { return gemm_->ProblemOf({{m, 2048}, {2048, 512}}).value(); }

  testing::TempDir dir_;
  std::unique_ptr<FakeServer> server_;
  std::optional<Client> client_;
  std::optional<OpHandle> gemm_;
};

TEST_F(ClientTest, AnswersTheFallbackWithoutADaemon) {
  StartClient();
  EXPECT_FALSE(Hits(4));
  EXPECT_FALSE(client_->WaitUntilReady(std::chrono::milliseconds(1)));
  const ClientStatistics statistics = client_->Statistics();
  EXPECT_EQ(statistics.cache.misses, 1u);
  EXPECT_EQ(statistics.freshness, Freshness::kOffline);
  EXPECT_EQ(statistics.connects, 0u);
}

TEST_F(ClientTest, FillsItsTableFromTheSnapshot) {
  StartServer();
  server_->Publish(DecisionFor(4));
  StartClient();
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  const Choice choice = gemm_->ChooseOne({{3, 2048}, {2048, 512}});
  EXPECT_TRUE(choice.hit);
  EXPECT_EQ(choice.runner, 1) << "the pick is host_blocked, second in this program's list";
  EXPECT_EQ(choice.tactic(), testing::SampleCandidate(2).tactic);
  EXPECT_FALSE(Hits(32));
  const ClientStatistics statistics = client_->Statistics();
  EXPECT_EQ(statistics.freshness, Freshness::kFresh);
  EXPECT_EQ(statistics.store_id, "store-1");
  EXPECT_EQ(statistics.revision, 1u);
}

TEST_F(ClientTest, RecoversWhenTheDaemonComesLater) {
  StartClient();
  EXPECT_FALSE(Hits(4));
  StartServer();
  server_->Publish(DecisionFor(4));
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  ASSERT_TRUE(AwaitRevision());
  EXPECT_TRUE(Hits(4));
}

TEST_F(ClientTest, WaitsForALaneToReport) {
  StartServer();
  server_->HideLanes(true);
  server_->Publish(DecisionFor(4));
  StartClient();
  ASSERT_TRUE(server_->AwaitInfos(2));
  EXPECT_FALSE(Hits(4));
  EXPECT_THAT(client_->Statistics().last_error, HasSubstr("no lane that is ready"));
  server_->HideLanes(false);
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  EXPECT_TRUE(Hits(4));
}

TEST_F(ClientTest, FollowsChanges) {
  StartServer();
  StartClient();
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  EXPECT_FALSE(Hits(8));
  PublishAndAwait(8);
  EXPECT_TRUE(Hits(8));
}

TEST_F(ClientTest, KeepsAnsweringWhenTheDaemonIsGone) {
  StartServer();
  server_->Publish(DecisionFor(4));
  StartClient();
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  server_.reset();
  EXPECT_TRUE(Hits(4));
}

TEST_F(ClientTest, ResumesWhereTheStreamBroke) {
  StartServer();
  server_->Publish(DecisionFor(4));
  server_->CutStreamsAfter(4);  // Snapshot: three frames; then one change.
  StartClient();
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  server_->Publish(DecisionFor(8));
  server_->Publish(DecisionFor(16));
  const auto watches = server_->AwaitWatches(2);
  ASSERT_GE(watches.size(), 2u);
  EXPECT_EQ(watches[0].store_id(), "");
  EXPECT_EQ(watches[1].store_id(), "store-1");
  EXPECT_EQ(watches[1].from_revision(), 2u);
  ASSERT_TRUE(AwaitRevision());
  EXPECT_TRUE(Hits(4) && Hits(8) && Hits(16));
}

// Cut at each frame in turn: inside a snapshot, after it, between changes.
class CutTest : public ClientTest, public ::testing::WithParamInterface<int> {};

TEST_P(CutTest, LosesNothingWhereverTheStreamIsCut) {
  StartServer();
  for (int64_t m : {2, 4, 8}) server_->Publish(DecisionFor(m));
  server_->CutStreamsAfter(GetParam());
  StartClient();
  server_->AwaitWatches(2);
  server_->CutStreamsAfter(1'000'000);
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  for (int64_t m : {16, 32}) server_->Publish(DecisionFor(m));
  ASSERT_TRUE(AwaitRevision());
  for (int64_t m : {2, 4, 8, 16, 32}) EXPECT_TRUE(Hits(m)) << m;
  EXPECT_EQ(client_->Statistics().cache.decisions, 6u) << "the five, and AwaitRevision's";
}

INSTANTIATE_TEST_SUITE_P(EachFrame, CutTest, ::testing::Values(0, 1, 2));

TEST_F(ClientTest, StartsOverWithAnotherStore) {
  StartServer();
  server_->Publish(DecisionFor(4));
  StartClient();
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  StartServer("store-2");
  server_->Publish(DecisionFor(8));
  ASSERT_TRUE(AwaitRevision());
  EXPECT_TRUE(Hits(8));
  EXPECT_FALSE(Hits(4)) << "a decision of the old store";
  EXPECT_EQ(client_->Statistics().store_id, "store-2");
}

TEST_F(ClientTest, ComesBackAfterAGoodbye) {
  StartServer();
  StartClient();
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  server_->SayGoodbye();
  EXPECT_GE(server_->AwaitWatches(2).size(), 2u);
}

TEST_F(ClientTest, TakesASilentStreamForDead) {
  StartServer();
  StartClient({.silence = std::chrono::milliseconds(50)});
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  EXPECT_GE(server_->AwaitWatches(2).size(), 2u);
}

TEST_F(ClientTest, LeavesOutWhatItCannotReadAndCounts) {
  StartServer();
  server_->Publish(DecisionFor(4));
  server_->AddUnreadableDecision();
  StartClient();
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  EXPECT_TRUE(Hits(4));
  const CacheStatistics cache = client_->Statistics().cache;
  EXPECT_EQ(cache.damaged + cache.foreign_environment, 1u);
}

TEST_F(ClientTest, AnswersForTheGivenEnvironmentOnly) {
  server_ =
      std::make_unique<FakeServer>("127.0.0.1:0", "store-1");  // Not reached: any port will do.
  StartServer();
  server_->Publish(DecisionFor(4));
  Environment other = testing::SampleEnvironment();
  other.driver = "536.0";
  StartClient({.environments = {{"gemm", other}}});
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  EXPECT_FALSE(Hits(4));
  EXPECT_EQ(client_->Statistics().cache.foreign_environment, 1u);
}

TEST_F(ClientTest, TuneWaitsUntilTheTableAnswers) {
  StartServer();
  StartClient();
  const TuneOutcome outcome =
      client_->Tune({ProblemOf(4), ProblemOf(64)}, GemmSpec().policy, kPatience);
  EXPECT_TRUE(outcome.finished) << outcome.message;
  EXPECT_EQ(outcome.decided, 2u);
  EXPECT_EQ(outcome.failed, 0u);
  EXPECT_TRUE(Hits(4) && Hits(64));
}

TEST_F(ClientTest, TuneSaysWhyItDidNotFinish) {
  StartServer();
  StartClient();
  server_->SetTuneMode(FakeServer::TuneMode::kRefuse);
  TuneOutcome outcome = client_->Tune({ProblemOf(4)}, GemmSpec().policy, kPatience);
  EXPECT_FALSE(outcome.finished);
  EXPECT_THAT(outcome.message, HasSubstr("refused by the test"));

  server_->SetTuneMode(FakeServer::TuneMode::kNeverEnd);
  outcome = client_->Tune({ProblemOf(8)}, GemmSpec().policy, std::chrono::milliseconds(20));
  EXPECT_FALSE(outcome.finished);
  EXPECT_FALSE(outcome.message.empty());
}

TEST_F(ClientTest, AScopeTunesAllBucketsOfTheOp) {
  StartServer();
  StartClient();
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  TuningScope scope(*client_);
  EXPECT_FALSE(Hits(7));
  const TuneOutcome outcome = scope.Wait(kPatience);
  EXPECT_TRUE(outcome.finished) << outcome.message;
  EXPECT_EQ(outcome.decided, 4u) << "1, 2, 4, 8";
  EXPECT_TRUE(Hits(1) && Hits(2) && Hits(4) && Hits(7));
  EXPECT_EQ(scope.Wait(kPatience).decided, 0u) << "nothing missed since";
}

TEST_F(ClientTest, OutsideAScopeAMissIsAskedForOnce) {
  StartServer();
  StartClient();
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  EXPECT_FALSE(Hits(7));
  EXPECT_FALSE(Hits(8)) << "the same profile";
  const auto tunes = server_->AwaitTunes(1);
  ASSERT_THAT(tunes, SizeIs(1));
  ASSERT_EQ(tunes[0].problems_size(), 1);
  EXPECT_EQ(tunes[0].problems(0).inputs(0).dims(0).opt(), 8);
}

TEST_F(ClientTest, TheInnermostScopeRules) {
  StartServer();
  StartClient();
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  TuningScope outer(*client_);
  {
    TuningScope inner(*client_, /*tune=*/false);
    EXPECT_FALSE(Hits(64));
  }
  EXPECT_FALSE(Hits(2));
  EXPECT_EQ(outer.Wait(kPatience).decided, 2u) << "1 and 2, not what missed in the inner scope";
}

TEST_F(ClientTest, EndsQuicklyInEveryState) {
  StartClient();  // No daemon.
  client_.reset();
  StartServer();
  StartClient();  // Just begun.
  client_.reset();
  server_->SetTuneMode(FakeServer::TuneMode::kNeverEnd);
  StartClient();
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  EXPECT_FALSE(Hits(4));  // A request is on its way.
  client_.reset();        // A hang here would be the test's time-out.
}

}  // namespace
}  // namespace tactic
