// What the client does with misses beside asking for tuning: it warns, it reports, it counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tactic/client.h"
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
using ::testing::IsEmpty;
using testing::kBlocked;
using ::testing::SizeIs;
using testing::TacticOf;
using testing::TempDir;

constexpr milliseconds kPatience{60'000};

class ChoosingLinkTest : public ::testing::Test {
 protected:
  ~ChoosingLinkTest() override { client_.reset(); }

  void Start(FakeStore store = {}) {
    server_ = std::make_unique<FakeServer>("unix:" + (dir_ / "socket").string(), std::move(store));
    client_.emplace(ClientOptions{.target = server_->target(),
                                  .name = "test",
                                  .log = [this](const std::string& line) { Log(line); }});
    op_ = client_->Register(GemmSpec()).value();
    ASSERT_TRUE(client_->WaitUntilReady(kPatience));
  }
  Choice Choose(int64_t m) const { return op_->ChooseOne({{m, 64}, {64, 32}}); }

  void Log(const std::string& line) {
    const std::lock_guard lock(mu_);
    lines_.push_back(line);
    logged_.notify_all();
  }
  std::vector<std::string> WaitForLines(size_t count) {
    std::unique_lock lock(mu_);
    EXPECT_TRUE(logged_.wait_for(lock, kPatience, [&] { return lines_.size() >= count; }));
    return lines_;
  }

  TempDir dir_;
  std::mutex mu_;
  std::condition_variable logged_;
  std::vector<std::string> lines_;
  std::unique_ptr<FakeServer> server_;
  std::optional<Client> client_;
  std::optional<OpHandle> op_;
};

TEST_F(ChoosingLinkTest, AMissWarnsOnceForOpAndProfile) {
  Start();
  server_->FailJobs("none is valid");
  Choose(5);
  Choose(6);  // The same profile.
  EXPECT_THAT(WaitForLines(1),
              ElementsAre("tactic: no decision for gemm f32[8,64] f32[64,32]; host_blocked runs by "
                          "default (tacticctl misses lists and tunes what missed)"));
  client_->cache().ForgetMisses();  // Recorded again, but not told again.
  Choose(7);
  Choose(9);
  const auto lines = WaitForLines(2);
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_THAT(lines[1], HasSubstr("gemm f32[16,64]"));
}

TEST_F(ChoosingLinkTest, MissesInATuningScopeAreExpectedAndNotTold) {
  Start();
  {
    TuningScope scope(*client_);
    Choose(5);
    EXPECT_EQ(scope.Wait(kPatience).decided, 4u);
  }
  Choose(100);
  const auto lines = WaitForLines(1);
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], HasSubstr("gemm f32[128,64]"));
}

TEST_F(ChoosingLinkTest, RealShapesAreReportedWithTheirCounts) {
  Start();
  for (const int64_t m : {5, 6, 5, 5}) Choose(m);
  // Mostly one report; a turn of the sender may have come in between.
  std::map<int64_t, uint64_t> counts;
  for (size_t seen = 0; counts[5] + counts[6] < 4; ++seen) {
    const v1::ReportMissesRequest report = server_->WaitForReports(seen + 1).at(seen);
    EXPECT_EQ(report.client(), "test");
    for (const v1::ReportedMiss& miss : report.misses()) {
      EXPECT_EQ(miss.problem().inputs(0).dims(0).opt(), 8) << "as mapped";
      ASSERT_EQ(miss.shapes_size(), 2);
      counts[miss.shapes(0).dims(0)] += miss.count();
    }
  }
  EXPECT_EQ(counts, (std::map<int64_t, uint64_t>{{5, 3}, {6, 1}}));
}

TEST_F(ChoosingLinkTest, WhatIsTunedAnywayIsNotReportedAndWhatIsLeftAloneIs) {
  Start();
  {
    TuningScope scope(*client_);
    Choose(3);
    scope.Wait(kPatience);
  }
  {
    TuningScope quiet(*client_, /*tune=*/false);
    Choose(100);
  }
  const auto reports = server_->WaitForReports(1);
  ASSERT_EQ(reports[0].misses_size(), 1);
  EXPECT_EQ(reports[0].misses(0).shapes(0).dims(0), 100);
}

TEST_F(ChoosingLinkTest, AWarmKeyIsNotTunedAgainInAScope) {
  FakeStore store;
  for (const int64_t m : {1, 2, 4, 8}) store.decisions.push_back(DecisionFor(GemmOf(m), 0, 0));
  Start(std::move(store));
  TuningScope scope(*client_);
  EXPECT_TRUE(Choose(8).hit);
  EXPECT_EQ(scope.Wait(kPatience).decided, 0u);
  EXPECT_EQ(server_->tunes(), 0u);
  // Of a profile that misses only the missing buckets are asked for.
  EXPECT_FALSE(Choose(9).hit);
  EXPECT_EQ(scope.Wait(kPatience).decided, 1u);
  for (const v1::TuneRequest& request : server_->WaitForTunes(1)) {
    ASSERT_EQ(request.problems_size(), 1);
    EXPECT_EQ(request.problems(0).inputs(0).dims(0).opt(), 16);
  }
}

TEST_F(ChoosingLinkTest, WhatTuningFoundIsCountedByOp) {
  Start();
  server_->SetEvidence(
      {.trials = {{{kBlocked, TacticOf(1)}, Outcome::kMeasured, "", 10, {}},
                  {{kBlocked, TacticOf(2)}, Outcome::kCrashed, "signal 11", 0, {}}},
       .seconds = 1.5});
  {
    TuningScope scope(*client_);
    Choose(2);
    EXPECT_EQ(scope.Wait(kPatience).decided, 2u);
  }
  server_->FailJobs("no valid candidate");
  client_->Tune({GemmOf(64)}, {}, kPatience);
  const StatisticsByOp all = client_->ByOp();
  ASSERT_THAT(all, SizeIs(1));
  const OpStatistics& gemm = all[0];
  EXPECT_EQ(gemm.op, "gemm");
  EXPECT_EQ(gemm.misses, 1u);
  EXPECT_THAT(gemm.missed, ElementsAre(MissedShapes{{{2, 64}, {64, 32}}, 1}));
  EXPECT_EQ(gemm.profiled, 2u);
  EXPECT_EQ(gemm.failed_profiles, 1u);
  EXPECT_THAT(gemm.without_decision,
              ElementsAre(FailedProfile{"gemm f32[64,64] f32[64,32]", "no valid candidate"}));
  EXPECT_EQ(gemm.failed_candidates, 2u);
  ASSERT_THAT(gemm.failed, SizeIs(2));
  EXPECT_EQ(gemm.failed[0].candidate.tactic, TacticOf(2));
  EXPECT_EQ(gemm.failed[0].detail, "signal 11");
  EXPECT_EQ(gemm.tuning_seconds, 3);
}

TEST_F(ChoosingLinkTest, ADaemonThatTellsNoEvidenceStillCounts) {
  Start();
  EXPECT_EQ(client_->Tune({GemmOf(2), GemmOf(4)}, {}, kPatience).decided, 2u);
  const StatisticsByOp all = client_->ByOp();
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].profiled, 2u);
  EXPECT_THAT(all[0].failed, IsEmpty());
}

}  // namespace
}  // namespace tactic
