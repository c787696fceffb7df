#include "server/lane/contest_record.h"

#include <cmath>
#include <functional>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/lane/lane_samples.h"
#include "tests/support/status_matchers.h"

namespace tactic {
namespace {

using testing::CandidatesMessage;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using testing::FinishedMessage;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::ObservedMessage;
using testing::SampleRunner;
using ::testing::SizeIs;
using testing::StatusIs;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class ContestRecordTest : public ::testing::Test {
 protected:
  void List(int count) { ASSERT_THAT(record_.AddCandidates(CandidatesMessage(count)), IsOk()); }

  ContestRecord record_{{SampleRunner("r"), SampleRunner("s")}};
};

TEST_F(ContestRecordTest, RankingIsThePickAndTheBestOfEachOtherRunner) {
  v1::Candidates list = CandidatesMessage(4);
  for (const int i : {2, 3}) list.mutable_candidates(i)->mutable_runner()->set_name("s");
  ASSERT_THAT(record_.AddCandidates(list), IsOk());
  ASSERT_THAT(record_.AddObserved(ObservedMessage({{0, 400}, {1, 100}, {2, 300}, {3, 200}}), 0),
              IsOk());
  ASSERT_THAT(record_.AddObserved(ObservedMessage({{1, 110}, {3, 210}}, 1), 0), IsOk());
  v1::Finished verdict = FinishedMessage(4, {1, 3, 2, 0});
  verdict.set_low_ns(1, 90);
  verdict.set_high_ns(1, 120);
  ASSERT_THAT(record_.AddFinished(verdict), IsOk());

  const ContestResult result = record_.ToResult();
  ASSERT_THAT(result.ranking, SizeIs(2));
  EXPECT_EQ(result.ranking[0], (Ranked{record_.trial(1).candidate, 105, 90, 120}));
  EXPECT_EQ(result.ranking[1].candidate, record_.trial(3).candidate);
  EXPECT_EQ(result.ranking[1].low_ns, 0);
  EXPECT_EQ(result.ranking[1].high_ns, 205);  // Never below the median.
  EXPECT_EQ(result.default_ns, 400);
  EXPECT_EQ(result.reason, Reason::kClear);
  EXPECT_EQ(result.tied, 1u);
  EXPECT_THAT(result.failure, IsEmpty());
  ASSERT_THAT(result.evidence.trials, SizeIs(4));
  EXPECT_THAT(result.evidence.trials[1].samples, ElementsAre(Sample{0, 0, 100}, Sample{0, 1, 110}));
}

TEST_F(ContestRecordTest, FailuresAreCountedByKindWhenNothingIsValid) {
  List(3);
  ASSERT_THAT(record_.AddObserved(ObservedMessage({{0, 0}, {1, 0}}), 0), IsOk());
  record_.Fail(2, Outcome::kCrashed, "killed by SIGSEGV");
  v1::Finished verdict = FinishedMessage(3, {});
  for (int i = 0; i < 3; ++i) verdict.set_outcomes(i, v1::OUTCOME_WRONG_RESULT);
  ASSERT_THAT(record_.AddFinished(verdict), IsOk());

  const ContestResult result = record_.ToResult();
  EXPECT_THAT(result.ranking, IsEmpty());
  EXPECT_EQ(result.default_ns, 0);
  EXPECT_EQ(
      result.failure,
      "none of 3 candidates is valid: 1 crashed, 2 wrong_result; first: r default: off by one");
  EXPECT_EQ(result.evidence.trials[2].outcome, Outcome::kCrashed);  // Not what the worker thinks.
}

TEST_F(ContestRecordTest, AFailureStandsWhateverComesAfterIt) {
  List(2);
  ASSERT_THAT(record_.AddObserved(ObservedMessage({{1, 0}}), 0), IsOk());
  ASSERT_THAT(record_.AddObserved(ObservedMessage({{1, 50}}), 1), IsOk());
  EXPECT_TRUE(record_.failed(1));
  EXPECT_THAT(record_.trial(1).samples, IsEmpty());
  EXPECT_TRUE(record_.SeenIn(1, 1));
  EXPECT_FALSE(record_.SeenIn(0, 1));
  EXPECT_EQ(record_.failures(), 1u);
}

TEST_F(ContestRecordTest, DetailsAreEscapedAndCut) {
  List(1);
  record_.Fail(0, Outcome::kRejected, "a\nb\x1b" + std::string(5000, 'x'));
  EXPECT_THAT(record_.trial(0).detail, HasSubstr("a\\x0ab\\x1bx"));
  EXPECT_THAT(record_.trial(0).detail, SizeIs(ContestRecord::kDetailBytes));
}

TEST_F(ContestRecordTest, RefusesListsThatCannotBeRight) {
  EXPECT_THAT(record_.AddCandidates(CandidatesMessage(0)),
              StatusIs(kInvalid, HasSubstr("count 0")));
  EXPECT_THAT(record_.AddCandidates(CandidatesMessage(4097)),
              StatusIs(kInvalid, HasSubstr("4097 is outside 1..4096")));
  v1::Candidates twice = CandidatesMessage(2);
  *twice.mutable_candidates(1) = twice.candidates(0);
  EXPECT_THAT(record_.AddCandidates(twice), StatusIs(kInvalid, HasSubstr("there twice")));
  v1::Candidates stranger = CandidatesMessage(2);
  stranger.mutable_candidates(1)->mutable_runner()->set_name("t");
  EXPECT_THAT(record_.AddCandidates(stranger), StatusIs(kInvalid, HasSubstr("'t' is not one of")));
  v1::Candidates no_default = CandidatesMessage(2);
  no_default.mutable_candidates()->DeleteSubrange(0, 1);
  EXPECT_THAT(record_.AddCandidates(no_default), StatusIs(kInvalid, HasSubstr("not the default")));
  EXPECT_EQ(record_.size(), 0u);
}

TEST_F(ContestRecordTest, LaterWorkersMustListTheSame) {
  List(3);
  EXPECT_THAT(record_.AddCandidates(CandidatesMessage(3)), IsOk());
  EXPECT_THAT(record_.AddCandidates(CandidatesMessage(2)),
              StatusIs(kInvalid, HasSubstr("differs")));
  EXPECT_EQ(record_.size(), 3u);
}

TEST_F(ContestRecordTest, RefusesResultsThatCannotBeRight) {
  EXPECT_THAT(record_.AddObserved(ObservedMessage({{0, 1}}), 0), StatusIs(kInvalid));
  List(2);
  EXPECT_THAT(record_.AddObserved(ObservedMessage({{2, 1}}), 0),
              StatusIs(kInvalid, HasSubstr("2 is not below 2")));
  for (const double time : {-1.0, 1e300, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_THAT(record_.AddObserved(ObservedMessage({{0, 5}, {1, time}}), 0),
                StatusIs(kInvalid, HasSubstr("items.nanoseconds")))
        << time;
  }
  v1::Observed unknown = ObservedMessage({{0, 1}});
  unknown.mutable_items(0)->set_outcome(static_cast<v1::Outcome>(77));
  EXPECT_THAT(record_.AddObserved(unknown, 0), StatusIs(kInvalid, HasSubstr("77")));
  EXPECT_THAT(record_.AddObserved(ObservedMessage({{0, 1}, {1, 1}, {0, 1}}), 0),
              StatusIs(kInvalid, HasSubstr("count 3")));
  EXPECT_THAT(record_.trial(0).samples, IsEmpty());  // Nothing of a refused message is kept.
}

TEST_F(ContestRecordTest, HoldsABoundedNumberOfSamples) {
  List(4096);
  std::vector<testing::Item> all;
  for (uint32_t i = 0; i < 4096; ++i) all.push_back({i, 1});
  const v1::Observed round = ObservedMessage(all);
  for (size_t i = 0; i < ContestRecord::kSamples / 4096; ++i) {
    ASSERT_THAT(record_.AddObserved(round, 0), IsOk());
  }
  EXPECT_THAT(record_.AddObserved(ObservedMessage({{0, 1}}), 0),
              StatusIs(kInvalid, HasSubstr("samples in one contest")));
}

TEST_F(ContestRecordTest, RefusesVerdictsThatCannotBeRight) {
  List(3);
  ASSERT_THAT(record_.AddObserved(ObservedMessage({{0, 1}, {1, 0}}), 0), IsOk());
  const auto refused = [&](const std::function<void(v1::Finished&)>& change, const char* why) {
    v1::Finished verdict = FinishedMessage(3, {0});
    change(verdict);
    EXPECT_THAT(record_.AddFinished(verdict), StatusIs(kInvalid, HasSubstr(why)));
  };
  refused([](auto& v) { v.add_outcomes(v1::OUTCOME_MEASURED); }, "4 outcomes");
  refused([](auto& v) { v.mutable_low_ns()->RemoveLast(); }, "2 low_ns");
  refused([](auto& v) { v.set_outcomes(1, v1::OUTCOME_UNSPECIFIED); }, "outcomes[1]");
  refused([](auto& v) { v.set_low_ns(0, -1); }, "low_ns[0]");
  refused([](auto& v) { v.set_high_ns(0, std::nan("")); }, "low_ns[0]");
  refused([](auto& v) { v.add_order(0); }, "0 is there twice");
  refused([](auto& v) { v.add_order(3); }, "not below 3");
  refused([](auto& v) { v.add_order(1); }, "candidate 1 failed");
  refused([](auto& v) { v.add_order(2); }, "never measured");
  refused([](auto& v) { v.set_tied(4); }, "tied: 4 is over 3");
  refused([](auto& v) { v.set_reason(v1::REASON_UNSPECIFIED); }, "reason");
  EXPECT_THAT(record_.AddFinished(FinishedMessage(3, {0})), IsOk());
}

}  // namespace
}  // namespace tactic
