// Ops that live in the program, as the client knows them; against a fake server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "tactic/client.h"
#include "tests/client/fake_server.h"
#include "tests/client/gemm_op.h"
#include "tests/support/temp_dir.h"

namespace tactic {
namespace {

using std::chrono::milliseconds;
using testing::DecisionFor;
using testing::FakeServer;
using testing::FakeStore;
using testing::GemmOf;
using testing::GemmSpec;
using ::testing::HasSubstr;
using testing::HostEnvironment;
using ::testing::SizeIs;
using testing::TempDir;

constexpr milliseconds kPatience{60'000};

class FakeTuner final : public LocalTuner {
 public:
  TuneOutcome Tune(const std::vector<Problem>& problems, const MeasurementPolicy&,
                   milliseconds) override {
    asked_.insert(asked_.end(), problems.begin(), problems.end());
    return {.finished = true, .decided = static_cast<uint32_t>(problems.size())};
  }
  const std::vector<Problem>& asked() const { return asked_; }

 private:
  std::vector<Problem> asked_;
};

class LocalOpsTest : public ::testing::Test {
 protected:
  LocalOpsTest() { Open({}); }

  void Open(FakeStore store) {
    client_.reset();
    server_.reset();
    server_ = std::make_unique<FakeServer>("unix:" + (dir_ / "socket").string(), std::move(store));
    client_.emplace(ClientOptions{.target = server_->target(), .name = "test"});
    client_->SetLocalOps({{"own", Own(), {}}});
  }
  // As the daemon's, but for the runner.
  static Environment Own() { return HostEnvironment("mine"); }
  static OpSpec OwnSpec() {
    OpSpec spec = GemmSpec();
    spec.op = "own";
    return spec;
  }
  static Decision OwnDecision(const Environment& environment) {
    Decision decision = DecisionFor(GemmOf(8), 1, 1);
    decision.key.problem.op = "own";
    decision.key.environment = environment;
    return decision;
  }
  OpHandle Register(const OpSpec& spec) { return client_->Register(spec).value(); }
  static Choice Choose(const OpHandle& op, int64_t m) { return op.ChooseOne({{m, 64}, {64, 32}}); }

  TempDir dir_;
  std::unique_ptr<FakeServer> server_;
  std::optional<Client> client_;
};

TEST_F(LocalOpsTest, DecisionsOfTheirEnvironmentAnswer) {
  for (const bool ours : {true, false}) {
    Open({.decisions = {OwnDecision(ours ? Own() : HostEnvironment())}});
    const OpHandle own = Register(OwnSpec());
    ASSERT_TRUE(client_->WaitUntilReady(kPatience));
    EXPECT_EQ(Choose(own, 8).hit, ours);
  }
}

TEST_F(LocalOpsTest, TheyNeedNoLaneThatIsReady) {
  server_->SetLaneReady(false);
  server_->Put(OwnDecision(Own()));
  client_.emplace(ClientOptions{.target = server_->target(), .name = "test"});
  client_->SetLocalOps({{"own", Own(), {}}});
  const OpHandle own = Register(OwnSpec());
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  EXPECT_TRUE(Choose(own, 8).hit);
}

TEST_F(LocalOpsTest, TheirDefaultsFillInWhatASpecLeavesOut) {
  Decision decision = OwnDecision(Own());
  decision.key.problem.attributes.Set("eps", 0.5);
  Open({.decisions = {decision}});
  const OpHandle own = Register(OwnSpec());
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  EXPECT_FALSE(Choose(own, 8).hit);
  client_->SetLocalOps({{"own", Own(), {{"eps", 0.5}}}});
  EXPECT_TRUE(Choose(own, 8).hit);
}

TEST_F(LocalOpsTest, AMissIsNotAskedOfTheDaemon) {
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  Choose(Register(OwnSpec()), 8);
  Choose(Register(GemmSpec()), 4);  // Recorded later, and sent.
  const auto requests = server_->WaitForTunes(1);
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_EQ(requests[0].problems(0).op(), "gemm");
  EXPECT_EQ(client_->Statistics().requests_dropped, 0u);
}

TEST_F(LocalOpsTest, AScopeTunesThemLocallyAndTheRestRemotely) {
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  const OpHandle own = Register(OwnSpec());
  const OpHandle gemm = Register(GemmSpec());
  FakeTuner tuner;
  TuningScope scope(*client_, tuner);
  Choose(own, 2);
  Choose(gemm, 2);
  const TuneOutcome outcome = scope.Wait(kPatience);
  EXPECT_TRUE(outcome.finished) << outcome.message;
  EXPECT_EQ(outcome.decided, 4u);  // m = 1 and 2 of each.
  ASSERT_THAT(tuner.asked(), SizeIs(2));
  EXPECT_EQ(tuner.asked()[0].op, "own");
  EXPECT_TRUE(Choose(gemm, 2).hit);
}

TEST_F(LocalOpsTest, AScopeWithoutATunerSaysWhatIsMissing) {
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  const OpHandle own = Register(OwnSpec());
  TuningScope scope(*client_);
  Choose(own, 2);
  const TuneOutcome outcome = scope.Wait(kPatience);
  EXPECT_FALSE(outcome.finished);
  EXPECT_THAT(outcome.message, HasSubstr("op own lives in this program only"));
}

TEST_F(LocalOpsTest, AnOpThatTheDaemonMeasuresJustSoIsLeftToIt) {
  client_->SetLocalOps({{"gemm", HostEnvironment(), {}}});
  ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  const OpHandle gemm = Register(GemmSpec());
  FakeTuner tuner;
  TuningScope scope(*client_, tuner);
  Choose(gemm, 2);
  EXPECT_TRUE(scope.Wait(kPatience).finished);
  EXPECT_THAT(tuner.asked(), SizeIs(0));
}

}  // namespace
}  // namespace tactic
