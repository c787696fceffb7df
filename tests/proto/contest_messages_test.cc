// What measuring tells, to messages and back, for both pairs of messages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/convert/contest.h"
#include "proto/convert/convert.h"
#include "tests/support/contest_samples.h"

namespace tactic::testing {
namespace {

using ::testing::HasSubstr;

TEST(ContestMessages, ResultsComeBack) {
  const std::vector<CandidateResult> results = Results({{0, 100}, {7, 0}});
  v1::Observed observed;
  convert::ToProto(results, &observed);
  EXPECT_EQ(*convert::FromProto("items", observed.items()), results);
  v1::ReportTrialsRequest report;
  convert::ToProto(results, &report);
  EXPECT_EQ(*convert::FromProto("results", report.results()), results);
}

TEST(ContestMessages, NeighboursComeBack) {
  Neighbour neighbour;
  for (const Candidate& candidate : CandidateList(3)) neighbour.trials.push_back({candidate, 1.5});
  v1::Neighbour message;
  convert::ToProto(neighbour, &message);
  EXPECT_EQ(*convert::FromProto("neighbours[0].", message), neighbour);
  message.set_slower(1, 0);
  EXPECT_THAT(convert::FromProto("neighbours[0].", message).error().message,
              HasSubstr("neighbours[0].slower[1] is 0"));
  message.add_slower(1);
  EXPECT_THAT(convert::FromProto("neighbours[0].", message).error().message,
              HasSubstr("slower: count is 4"));
}

TEST(ContestMessages, DetailsCanBeSentWhateverTheyHold) {
  v1::Observed observed;
  convert::ToProto({{0, Outcome::kRejected, 0, "a\n\xff" + std::string(9000, 'x')}}, &observed);
  EXPECT_TRUE(IsPrintableUtf8(observed.items(0).detail()));
  EXPECT_LE(observed.items(0).detail().size(), limits::kDetailBytes);
}

TEST(ContestMessages, VerdictsComeBack) {
  ContestVerdict verdict = VerdictOver(3, {2, 0});
  verdict.reason = Reason::kTie;
  verdict.outcomes[1] = Outcome::kCrashed;
  verdict.high_ns[2] = 5;
  v1::Finished finished;
  convert::ToProto(verdict, &finished);
  EXPECT_EQ(*convert::FromProto("finished.", finished), verdict);
  v1::Verdict message;
  convert::ToProto(verdict, &message);
  EXPECT_EQ(*convert::FromProto("verdict.", message), verdict);
}

TEST(ContestMessages, AVerdictWithoutAPickNeedsNoReason) {
  v1::Verdict message;
  EXPECT_TRUE(convert::FromProto("verdict.", message).ok());
  message.add_order(0);
  EXPECT_THAT(convert::FromProto("verdict.", message).error().message, HasSubstr("verdict.reason"));
}

TEST(ContestMessages, WhatIsUnknownOrTooMuchIsNamed) {
  v1::Observed observed;
  observed.add_items()->set_outcome(static_cast<v1::Outcome>(77));
  EXPECT_THAT(convert::FromProto("items", observed.items()).error().message,
              HasSubstr("items[0].outcome is 77"));
  v1::Verdict verdict;
  verdict.add_outcomes(v1::OUTCOME_UNSPECIFIED);
  EXPECT_THAT(convert::FromProto("verdict.", verdict).error().message,
              HasSubstr("verdict.outcomes[0]"));
  v1::ReportTrialsRequest report;
  for (size_t i = 0; i <= limits::kCandidates; ++i) report.add_candidates();
  EXPECT_THAT(convert::FromProto("candidates", report.candidates()).error().message,
              HasSubstr("4097"));
}

}  // namespace
}  // namespace tactic::testing
