#include "server/core/lane.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/core/clock.h"
#include "server/core/lane_directory.h"
#include "server/core/lane_turns.h"
#include "tests/core/fakes.h"
#include "tests/support/samples.h"
#include "tests/support/status_matchers.h"

namespace tactic::testing {
namespace {

using ::testing::HasSubstr;

LaneInfo Quarantined(LaneInfo info) {
  info.state = LaneState::kQuarantined;
  info.message = "broken";
  return info;
}

LaneInfo Silent() {
  LaneInfo info;
  info.name = "cuda:0";
  return info;
}

Key KeyOn(const LaneInfo& lane) {
  return KeyFor({LaneView(lane)}, "problem", GemmProblem(), {}, {}, std::nullopt).value();
}

TEST(LaneInfoTest, FindsOpsByName) {
  const LaneInfo info = FakeLane().Info();
  EXPECT_EQ(info.FindOp("gemm"), &info.ops[0]);
  EXPECT_EQ(info.FindOp("gem"), nullptr);
}

TEST(LaneInfoTest, AnEnvironmentsComponentsAreSorted) {
  LaneInfo info = FakeLane().Info();
  info.driver = "535";
  info.ops[0].components = {{"z", "1"}, {"a", "2"}};
  const Environment environment = EnvironmentOf(info, info.ops[0]);
  EXPECT_EQ(environment.components, (std::vector<Component>{{"a", "2"}, {"z", "1"}}));
  EXPECT_EQ(environment.device, info.device);
  EXPECT_EQ(environment.driver, "535");
}

TEST(LaneDirectoryTest, ShowsTheLanesAsOfTheLastRefresh) {
  FakeLane lane;
  LaneDirectory directory({&lane});
  lane.ChangeInfo([](LaneInfo& info) { info.contests = 3; });
  EXPECT_EQ((*directory.Views())[0].info.contests, 0u);
  directory.Refresh();
  EXPECT_EQ((*directory.Views())[0].info.contests, 3u);
}

TEST(KeyForTest, AWorkingLaneIsPreferred) {
  LaneInfo other = FakeLane("other").Info();
  other.driver = "2";
  const LaneViews lanes = {LaneView(Quarantined(FakeLane().Info())), LaneView(other)};
  const auto key = KeyFor(lanes, "problem", GemmProblem(), {}, {}, std::nullopt);
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(key->environment.driver, "2");
}

TEST(KeyForTest, ALaneThatHasNotReportedMightKnowTheOp) {
  const LaneViews lanes = {LaneView(FakeLane().Info()), LaneView(Silent())};
  Problem problem = GemmProblem();
  problem.op = "conv";
  EXPECT_THAT(KeyFor(lanes, "problem", problem, {}, {}, std::nullopt),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("cuda:0")));
}

TEST(KeyForTest, NoLaneIsUnavailable) {
  EXPECT_THAT(KeyFor({}, "problem", GemmProblem(), {}, {}, std::nullopt),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no lane")));
}

TEST(KeyForTest, TheGivenEnvironmentDecidesHowThePolicyResolves) {
  Environment cuda = SampleEnvironment();
  cuda.device.kind = DeviceKind::kCuda;
  const LaneViews lanes = {LaneView(FakeLane().Info())};
  const auto key = KeyFor(lanes, "problem", GemmProblem(), {}, {}, cuda);
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(key->policy.launch, LaunchMode::kGraph);
  EXPECT_EQ(key->environment, cuda);
}

TEST(CheckMeasurableTest, OneWorkingLaneIsEnough) {
  const LaneInfo good = FakeLane().Info();
  const Key key = KeyOn(good);
  EXPECT_THAT(CheckMeasurable({LaneView(Quarantined(good)), LaneView(good)}, key), IsOk());
  EXPECT_THAT(CheckMeasurable({LaneView(Quarantined(good))}, key),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("broken")));
}

TEST(WhyUnmeasurableTest, OnlyOnceAllLanesHaveReported) {
  const LaneInfo good = FakeLane().Info();
  const Fingerprint environment = FingerprintOf(KeyOn(good).environment);
  LaneInfo changed = good;
  changed.driver = "another";
  EXPECT_EQ(WhyUnmeasurable({LaneView(good)}, "gemm", environment), std::nullopt);
  EXPECT_EQ(WhyUnmeasurable({LaneView(changed), LaneView(Silent())}, "gemm", environment),
            std::nullopt);
  EXPECT_THAT(WhyUnmeasurable({LaneView(changed)}, "gemm", environment).value(),
              HasSubstr("environment"));
  EXPECT_THAT(WhyUnmeasurable({LaneView(changed)}, "conv", environment).value(),
              HasSubstr("not known"));
}

TEST(SystemClockTest, Goes) {
  const int64_t before = SystemClock().NowNanos();
  EXPECT_LE(before, SystemClock().NowNanos());
  EXPECT_GT(SystemClock().UnixMillis(), 1'600'000'000'000);
}

TEST(LaneOfDeviceTest, TheOneOfTheClassOrTheOneThatIsNamed) {
  LaneInfo other = FakeLane("other").Info();
  other.device.units += 1;
  LaneInfo twin = other;
  twin.name = "twin";
  const LaneViews lanes = {LaneView(Silent()), LaneView(FakeLane().Info()), LaneView(other),
                           LaneView(twin)};
  DeviceClass device = FakeLane().Info().device;
  device.label = "called otherwise";
  EXPECT_EQ(*LaneOfDevice(lanes, device, ""), 1u);
  EXPECT_EQ(*LaneOfDevice(lanes, device, "host"), 1u);
  EXPECT_EQ(*LaneOfDevice(lanes, other.device, "twin"), 3u);
  EXPECT_THAT(LaneOfDevice(lanes, other.device, ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("(other, twin)")));
  EXPECT_THAT(LaneOfDevice(lanes, device, "twin"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'twin'")));
  device.arch = "sm_90";
  EXPECT_EQ(*LaneOfDevice(lanes, device, ""), std::nullopt);
}

TEST(LaneTurnsTest, OneUserAtATimeAndTurnsWhileBothWait) {
  using User = LaneTurns::User;
  LaneTurns turns(2);
  turns.Take(0, User::kContest);
  EXPECT_FALSE(turns.MayLend(0, false));
  EXPECT_TRUE(turns.MayLend(1, true));
  turns.Release(0);
  EXPECT_TRUE(turns.MayStartContest(0));  // Nobody else waits.
  EXPECT_TRUE(turns.SetLeaseWaits(0, true));
  EXPECT_FALSE(turns.SetLeaseWaits(0, true));
  EXPECT_FALSE(turns.MayStartContest(0));
  EXPECT_TRUE(turns.MayLend(0, true));
  turns.Take(0, User::kLease);
  EXPECT_FALSE(turns.MayStartContest(0));
  turns.Release(0);
  EXPECT_FALSE(turns.MayLend(0, /*contest_waits=*/true));
  EXPECT_TRUE(turns.MayLend(0, /*contest_waits=*/false));
  EXPECT_TRUE(turns.MayStartContest(0));
}

}  // namespace
}  // namespace tactic::testing
