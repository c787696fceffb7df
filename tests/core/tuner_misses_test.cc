// Misses that programs report: kept with their key, listed with what decided them since.
#include "tests/core/tuner_fixture.h"

namespace tactic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class TunerMissesTest : public TunerTest {
 protected:
  MissesTaken Report(std::vector<ReportedMiss> misses) {
    auto taken = tuner_->ReportMisses(std::move(misses), MeasurementPolicy());
    EXPECT_THAT(taken, IsOk());
    return taken.ok() ? *taken : MissesTaken();
  }
  static ReportedMiss MissOf(int64_t m, int64_t real_m, uint64_t count = 1) {
    return {GemmProblem(m), {{real_m, 2048}, {2048, 512}}, count};
  }
  std::vector<MissView> List(const std::vector<std::string>& ops = {}, size_t limit = 100) {
    auto views = tuner_->ListMisses(ops, limit);
    EXPECT_THAT(views, IsOk());
    return views.ok() ? *views : std::vector<MissView>();
  }
};

TEST_F(TunerMissesTest, AreKeptWithTheKeyThatTuningWouldGiveThem) {
  EXPECT_EQ(Report({MissOf(16, 13, 3), MissOf(16, 15)}).taken, 2u);
  EXPECT_EQ(Report({MissOf(16, 13, 2)}).taken, 1u);
  const auto views = List();
  ASSERT_THAT(views, SizeIs(2));
  for (const MissView& view : views) {
    EXPECT_EQ(view.call.key.environment, EnvironmentOf(lane_.Info(), lane_.Info().ops[0]));
    EXPECT_EQ(view.call.key.policy, Resolve({}, DeviceKind::kHost));
    EXPECT_EQ(view.decision, nullptr);
    EXPECT_EQ(view.call.count, view.call.shapes[0][0] == 13 ? 5u : 1u);
  }
}

TEST_F(TunerMissesTest, SurviveARestart) {
  Report({MissOf(16, 13)});
  Restart();
  EXPECT_THAT(List(), SizeIs(1));
}

TEST_F(TunerMissesTest, AreListedWithTheDecisionMadeMeanwhile) {
  Report({MissOf(16, 13), MissOf(32, 30)});
  lane_.AnswerAll();
  StartLane();
  AwaitEnd(Tune(Ask({16})));
  for (const MissView& view : List()) {
    EXPECT_EQ(view.decision == nullptr, view.call.shapes[0][0] == 30);
  }
}

TEST_F(TunerMissesTest, OfUnknownOpsOrMisfitsAreIgnoredAndTheRestIsTaken) {
  ReportedMiss unknown = MissOf(16, 13);
  unknown.problem.op = "nobody_knows";
  ReportedMiss misfit = MissOf(16, 13);
  misfit.problem.inputs.pop_back();
  const MissesTaken taken = Report({unknown, MissOf(16, 13), misfit});
  EXPECT_EQ(taken.taken, 1u);
  EXPECT_EQ(taken.ignored, 2u);
  EXPECT_THAT(taken.why_ignored, HasSubstr("nobody_knows"));
  EXPECT_THAT(List(), SizeIs(1));
}

TEST_F(TunerMissesTest, OpsAndLimitSelect) {
  Report({MissOf(16, 13), MissOf(32, 30)});
  EXPECT_THAT(List({"softmax"}), IsEmpty());
  EXPECT_THAT(List({"softmax", "gemm"}), SizeIs(2));
  EXPECT_THAT(List({}, 1), SizeIs(1));
}

}  // namespace
}  // namespace tactic::testing
