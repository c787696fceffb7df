// Tuning in this process, against the daemon's service over a real socket: what the client makes of
// it. Clients that die are in tests/e2e/lease_test.cc.
#include <chrono>
#include <cstring>
#include <optional>

#include "tactic/lease.h"
#include "tests/rpc/rpc_fixture.h"
#include "tests/support/ban_samples.h"

namespace tactic::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::chrono::seconds kPatience(60);
const RunnerId kRunner = {"copier", "1"};

class CopyOp final : public sdk::Op {
 public:
  OpSchema Schema() const override {
    return {"copy", {{"x", {"n"}, {DType::kF32}, {Layout::kRowMajor}, false}}, {}};
  }
  std::vector<Tensor> Outputs(const Problem& problem) const override { return {problem.inputs[0]}; }
  void Reference(const Problem& problem, const sdk::Operands& operands) const override {
    std::memcpy(operands.outputs[0], operands.inputs[0], Bytes(problem.inputs[0]));
  }
  sdk::Tolerance ToleranceFor(const Problem&) const override { return {}; }
  double Flops(const Problem&) const override { return 0; }
};

class CopyCall final : public sdk::Call {
 public:
  explicit CopyCall(size_t bytes) : bytes_(bytes) {}
  void Launch(const sdk::Operands& operands) override {
    std::memcpy(operands.outputs[0], operands.inputs[0], bytes_);
  }

 private:
  const size_t bytes_;
};

// Tactics i = 1, 2, 3, of which the last cannot be prepared. A tensor of one element cannot be
// copied at all.
class CopyRunner final : public sdk::Runner {
 public:
  explicit CopyRunner(std::vector<int64_t>& prepared) : prepared_(prepared) {}
  RunnerId Id() const override { return kRunner; }
  std::vector<Tactic> Tactics(const Problem&) const override {
    return {{{"i", int64_t{1}}}, {{"i", int64_t{2}}}, {{"i", int64_t{3}}}};
  }
  Result<std::unique_ptr<sdk::Call>> Prepare(const Problem& problem,
                                             const Tactic& tactic) const override {
    const int64_t i = tactic.IntOr("i", 0);
    prepared_.push_back(i);
    if (i == 3) return InvalidArgument("i is 3; at most 2");
    const size_t bytes = Bytes(problem.inputs[0]);
    if (bytes == sizeof(float)) return InvalidArgument("too short");
    return std::unique_ptr<sdk::Call>(std::make_unique<CopyCall>(bytes));
  }

 private:
  std::vector<int64_t>& prepared_;
};

class LeaseTunerTest : public RpcTest {
 protected:
  LeaseTunerTest() {
    Start();
    registry_.Add(std::make_unique<CopyOp>());
    registry_.Add("copy", std::make_unique<CopyRunner>(prepared_));
    client_.emplace(ClientOptions{.target = address(), .name = "tests"});
    tuner_here_.emplace(*client_, registry_, LeaseTunerOptions{.on_event = [this](const auto& e) {
      if (e.kind == LeaseEvent::Kind::kGranted) clock_.Advance(250);
    }});
  }

  static Problem CopyOf(int64_t n) {
    return {"copy", {}, {{DType::kF32, Layout::kRowMajor, {Dim::Static(n)}}}};
  }
  static Candidate CandidateOf(int64_t i) { return {kRunner, {{"i", i}}}; }
  TuneOutcome TuneHere(int64_t n) {
    return tuner_here_->Tune({CopyOf(n)}, {.budget_ms = 50}, kPatience);
  }

  std::vector<int64_t> prepared_;  // In order.
  sdk::Registry registry_;
  std::optional<Client> client_;
  std::optional<LeaseTuner> tuner_here_;
};

TEST_F(LeaseTunerTest, TheStatisticsTellWhatWasTuned) {
  EXPECT_EQ(TuneHere(64).decided, 1u);
  StatisticsByOp by_op = client_->ByOp();
  ASSERT_THAT(by_op, SizeIs(1));
  EXPECT_EQ(by_op[0].op, "copy");
  EXPECT_EQ(by_op[0].profiled, 1u);
  EXPECT_EQ(by_op[0].failed_profiles, 0u);
  EXPECT_EQ(by_op[0].tuning_seconds, 0.25);
  EXPECT_EQ(by_op[0].failed_candidates, 1u);
  ASSERT_THAT(by_op[0].failed, SizeIs(1));
  EXPECT_EQ(by_op[0].failed[0].problem, ToText(CopyOf(64)));
  EXPECT_EQ(by_op[0].failed[0].candidate, CandidateOf(3));
  EXPECT_EQ(by_op[0].failed[0].outcome, Outcome::kRejected);
  EXPECT_THAT(by_op[0].failed[0].detail, HasSubstr("i is 3; at most 2"));

  // What is decided is not tuned again, and not counted.
  EXPECT_EQ(TuneHere(64).decided, 1u);
  EXPECT_EQ(client_->ByOp(), by_op);
}

TEST_F(LeaseTunerTest, WhatIsBannedIsNotEvenPreparedAndTheDecisionTellsWhy) {
  ASSERT_THAT(tuner_->PutBan(BanOf(CandidateOf(1))), IsOk());
  ASSERT_TRUE(client_->cache().BanHere(BanOf(CandidateOf(2))).ok());
  EXPECT_EQ(TuneHere(64).decided, 1u);
  EXPECT_THAT(prepared_, ::testing::IsSupersetOf({int64_t{0}, int64_t{3}}));
  EXPECT_THAT(prepared_, ::testing::Each(::testing::AnyOf(0, 3)));
  const Evidence evidence = store_.LoadEvidence(1).value();
  for (const int64_t i : {1, 2}) {
    const Trial& trial = evidence.trials[static_cast<size_t>(i)];
    EXPECT_EQ(trial.candidate, CandidateOf(i));
    EXPECT_EQ(trial.outcome, Outcome::kRejected);
    EXPECT_EQ(trial.detail, "banned: wrong results");
  }
}

TEST_F(LeaseTunerTest, TheStatisticsTellWhatCouldNotBeTuned) {
  const TuneOutcome outcome = TuneHere(1);
  EXPECT_TRUE(outcome.finished);
  EXPECT_EQ(outcome.failed, 1u);
  const StatisticsByOp by_op = client_->ByOp();
  ASSERT_THAT(by_op, SizeIs(1));
  EXPECT_EQ(by_op[0].profiled, 0u);
  EXPECT_EQ(by_op[0].failed_profiles, 1u);
  ASSERT_THAT(by_op[0].without_decision, SizeIs(1));
  EXPECT_EQ(by_op[0].without_decision[0].problem, ToText(CopyOf(1)));
  EXPECT_EQ(by_op[0].without_decision[0].reason, outcome.message);
}

TEST_F(LeaseTunerTest, WhatWasFastForANeighbourIsMeasuredFirst) {
  Decision decision;
  decision.key = {CopyOf(32), Resolve({.budget_ms = 50}, DeviceKind::kHost),
                  LocalOpsOf(registry_)[0].environment};
  decision.ranking = {{CandidateOf(2), 100, 100, 100}};
  Evidence evidence;
  evidence.trials = {{CandidateOf(1), Outcome::kEliminated, "", 200, {}},
                     {CandidateOf(2), Outcome::kMeasured, "", 100, {}}};
  catalog_->Publish(store_.PutContest(decision.key, decision, evidence).value().value());

  EXPECT_EQ(TuneHere(64).decided, 1u);
  ASSERT_THAT(prepared_, SizeIs(::testing::Ge(4u)));
  EXPECT_EQ(prepared_[0], 2);
  EXPECT_EQ(prepared_[1], 1);
}

}  // namespace
}  // namespace tactic::testing
