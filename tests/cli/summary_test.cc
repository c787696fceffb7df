#include "client/cli/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/fixtures.h"

namespace tactic::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

SummaryRow DecidedRow(const v1::Job& job, int contest) {
  SummaryRow row{job.contests(contest), GemmDecision(1, Gemm(1, 64, 32)), Evidence()};
  row.contest.set_state(v1::CONTEST_STATE_DECIDED);
  row.evidence->seconds = 2;
  row.evidence->trials.resize(62);
  row.evidence->trials[3].outcome = Outcome::kCrashed;
  return row;
}

TEST(SummaryTextTest, HasARowAProblemAndTotals) {
  v1::Job job = GemmJob(3);
  job.set_state(v1::JOB_STATE_DONE);
  SummaryRow already = DecidedRow(job, 1);
  already.contest.set_already_decided(true);
  already.evidence.reset();
  SummaryRow failed{job.contests(2), std::nullopt, std::nullopt};
  failed.contest.set_state(v1::CONTEST_STATE_FAILED);
  failed.contest.set_message("no valid candidate");
  EXPECT_EQ(
      SummaryText(GemmSchemas(), job, {DecidedRow(job, 0), already, failed}, 0),
      "gemm               chosen                 time  default  speed-up  why    candidates\n"
      "m=1 k=32 n=64 f32  host_blocked kc=256  100 µs   150 µs     1.50x  clear  62 (1 failed)\n"
      "m=2 k=32 n=64 f32  host_blocked kc=256  100 µs   150 µs     1.50x  clear  "
      "already decided\n"
      "m=3 k=32 n=64 f32  failed\n"
      "\n"
      "m=3 k=32 n=64 f32: no valid candidate\n"
      "speed-up over the default: 1.50x on average (geometric), 1.50x at best\n"
      "2 of 3 decided (1 measured in 2.0s, 1 already there)\n");
}

TEST(SummaryTextTest, SaysWhenThereWasNothingToTune) {
  v1::Job job = GemmJob(1);
  job.set_state(v1::JOB_STATE_DONE);
  SummaryRow row = DecidedRow(job, 0);
  row.contest.set_already_decided(true);
  EXPECT_THAT(SummaryText(GemmSchemas(), job, {row}, 0),
              HasSubstr("1 of 1 decisions already there: nothing to tune\n"));
}

TEST(SummaryTextTest, SaysHowAnIncompleteJobEnded) {
  v1::Job job = GemmJob(1);
  job.set_state(v1::JOB_STATE_EXPIRED);
  job.set_message("the deadline passed");
  SummaryRow row{job.contests(0), std::nullopt, std::nullopt};
  EXPECT_THAT(
      SummaryText(GemmSchemas(), job, {row}, 0),
      AllOf(HasSubstr("0 of 1 decided"), HasSubstr("j-7 was expired: the deadline passed")));
}

}  // namespace
}  // namespace tactic::cli
