#include "tactic/model/decision.h"

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/samples.h"
#include "tests/support/status_matchers.h"

namespace tactic {
namespace {

using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::SampleCandidate;

constexpr ErrorCode kInvalid = ErrorCode::kInvalidArgument;

TEST(DecisionTest, TextOfCandidates) {
  EXPECT_EQ(ToText(SampleCandidate(0)), "host_blocked default");
  EXPECT_EQ(ToText(SampleCandidate(2)),
            "host_blocked kc=128 micro=avx2_6x16 pack=true share=0.5 "
            "tile=[128,{stages=3},[]]");
}

TEST(DecisionTest, EveryOutcomeAndReasonHasItsOwnName) {
  std::set<std::string_view> names;
  for (int i = 1; i <= 10; ++i) names.insert(Name(static_cast<Outcome>(i)));
  EXPECT_EQ(names.size(), 10u);
  EXPECT_FALSE(names.contains("unknown"));
  EXPECT_EQ(Name(static_cast<Outcome>(11)), "unknown");
  names.clear();
  for (int i = 1; i <= 6; ++i) names.insert(Name(static_cast<Reason>(i)));
  EXPECT_EQ(names.size(), 6u);
  EXPECT_EQ(Name(static_cast<Reason>(0)), "unknown");
}

TEST(DecisionTest, OnlyMeasuredAndEliminatedAreValidAndWhatWasNotMeasuredIsNoFailure) {
  for (int i = 1; i <= 10; ++i) {
    const auto outcome = static_cast<Outcome>(i);
    EXPECT_EQ(IsValid(outcome), i <= 2) << i;
    EXPECT_EQ(IsFailure(outcome), i > 2 && outcome != Outcome::kNotMeasured) << i;
  }
}

TEST(DecisionTest, CandidatesAreChecked) {
  EXPECT_THAT(CheckCandidate("best.", SampleCandidate(1)), IsOk());
  Candidate candidate = SampleCandidate(1);
  candidate.runner.name = "";
  EXPECT_THAT(CheckCandidate("best.", candidate), ErrorIs(kInvalid, HasSubstr("best.runner.name")));
  candidate = SampleCandidate(1);
  candidate.runner.unique_id = std::string(257, 'x');
  EXPECT_THAT(CheckCandidate("best.", candidate),
              ErrorIs(kInvalid, HasSubstr("best.runner.unique_id")));
  candidate = SampleCandidate(1);
  candidate.tactic.Set("bad name", true);
  EXPECT_THAT(CheckCandidate("best.", candidate), ErrorIs(kInvalid, HasSubstr("best.tactic")));
}

}  // namespace
}  // namespace tactic
