#include "client/cli/trials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/fixtures.h"

namespace tactic::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Trial Measured(int64_t kc, double median, std::vector<float> times) {
  Trial trial;
  trial.candidate = Blocked(kc);
  trial.median_ns = median;
  trial.samples.push_back({0, 0, 9e6});  // Screening: far off, and not drawn.
  for (size_t i = 0; i < times.size(); ++i) {
    trial.samples.push_back({0, static_cast<uint32_t>(i + 1), times[i]});
  }
  return trial;
}

Trial Failed(int64_t kc, Outcome outcome, std::string detail) {
  Trial trial;
  trial.candidate = Blocked(kc);
  trial.outcome = outcome;
  trial.detail = std::move(detail);
  return trial;
}

TEST(TrialsTextTest, SortsByMedianAndDrawsOnOneAxis) {
  const std::string text = TrialsText({Measured(512, 800e3, {100e3, 800e3, 800e3, 800e3, 1600e3}),
                                       Measured(256, 100e3, {100e3, 100e3, 100e3})},
                                      {});
  EXPECT_EQ(text,
            "2 candidates, 0 failed\n\n"
            "#  candidate            median  of best  n  100 µs ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄ 1.60 ms\n"
            "1  host_blocked kc=256  100 µs    1.00x  3  ▇\n"
            "2  host_blocked kc=512  800 µs    8.00x  5  "
            "├────────────────────────────▇─────────┤\n");
}

TEST(TrialsTextTest, DrawsTheScreeningWhenThereIsNothingElse) {
  EXPECT_THAT(TrialsText({Measured(1, 9e6, {})}, {}), AllOf(HasSubstr("9.00 ms"), HasSubstr("▇")));
}

TEST(TrialsTextTest, SaysWhyCandidatesFailed) {
  const std::string text = TrialsText({Failed(2, Outcome::kWrongResult, "c[0] is 1, not 2"),
                                       Failed(1, Outcome::kRejected, "needs\x1b AVX-512")},
                                      {});
  EXPECT_THAT(text, AllOf(HasSubstr("2 candidates, 2 failed"), HasSubstr("wrong_result"),
                          HasSubstr("c[0] is 1, not 2"), HasSubstr("needs  AVX-512")));
  EXPECT_LT(text.find("rejected"), text.find("wrong_result"));
}

TEST(TrialsTextTest, WhatWasNotMeasuredIsNoFailure) {
  const std::string text = TrialsText(
      {Measured(1, 100e3, {100e3}), Failed(2, Outcome::kNotMeasured, "the budget ended first")},
      {});
  EXPECT_THAT(text, HasSubstr("2 candidates, 0 failed, 1 not measured"));
  EXPECT_THAT(text, Not(HasSubstr("the budget ended first")));
}

TEST(TrialsTextTest, CountsWhatItLeavesOut) {
  std::vector<Trial> trials;
  for (int i = 0; i < 5; ++i) trials.push_back(Measured(i, 100e3 + i, {100e3}));
  EXPECT_THAT(TrialsText(trials, {.limit = 3}), HasSubstr("… and 2 more; --all shows them"));
  EXPECT_THAT(TrialsText(trials, {}), Not(HasSubstr("more")));
}

}  // namespace
}  // namespace tactic::cli
