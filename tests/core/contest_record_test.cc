#include "server/core/contest_record.h"

#include <cmath>
#include <functional>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/ban_samples.h"
#include "tests/support/contest_samples.h"
#include "tests/support/status_matchers.h"

namespace tactic {
namespace {

using testing::BanOf;
using testing::CandidateList;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::Results;
using testing::SampleRunner;
using ::testing::SizeIs;
using testing::StatusIs;
using testing::VerdictOver;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class ContestRecordTest : public ::testing::Test {
 protected:
  void List(int count) { ASSERT_THAT(record_.AddCandidates(CandidateList(count)), IsOk()); }

  ContestRecord record_{{SampleRunner("r"), SampleRunner("s")}};
};

TEST_F(ContestRecordTest, TheSecondResultOfARoundIsAControlAndNoSample) {
  List(2);
  EXPECT_THAT(record_.AddResults(Results({{0, 100}, {1, 110}, {0, 190}}), 1, 0), IsOk());
  EXPECT_THAT(record_.trial(0).samples, ElementsAre(Sample{0, 1, 100}));
}

TEST_F(ContestRecordTest, WhatIsBannedIsRejectedFromTheBeginning) {
  const std::vector<Candidate> list = CandidateList(3);
  const Ban ban = BanOf(list[1]);
  ContestRecord record({SampleRunner("r"), SampleRunner("s")}, OpBans({&ban, 1}, "gemm"));
  ASSERT_THAT(record.AddCandidates(list), IsOk());
  EXPECT_TRUE(record.failed(1));
  EXPECT_EQ(record.trial(1).outcome, Outcome::kRejected);
  EXPECT_EQ(record.trial(1).detail, "banned: wrong results");
  // Neither a result, nor what an earlier record has of it, brings it back.
  ASSERT_THAT(record.AddResults(Results({{0, 100}, {1, 1}, {2, 110}}), 0, 0), IsOk());
  EXPECT_THAT(record.trial(1).samples, IsEmpty());
  List(3);
  ASSERT_THAT(record_.AddResults(Results({{0, 100}, {1, 1}, {2, 110}}), 0, 0), IsOk());
  record.TakeOver(record_);
  EXPECT_TRUE(record.failed(1));
  EXPECT_FALSE(record.failed(2));
  EXPECT_THAT(record.AddVerdict(VerdictOver(3, {1, 0})),
              StatusIs(kInvalid, HasSubstr("candidate 1 failed")));
  EXPECT_THAT(record.AddVerdict(VerdictOver(3, {0, 2})), IsOk());
}

TEST_F(ContestRecordTest, DisturbancesAreKeptUpToABound) {
  List(2);
  record_.AddDisturbance({"the clock\nfell", 2, 0, 5});
  for (size_t i = 0; i < 2 * limits::kDisturbances; ++i) record_.AddDisturbance({"again"});
  ASSERT_THAT(record_.AddResults(Results({{0, 100}, {1, 110}}), 0, 0), IsOk());
  ASSERT_THAT(record_.AddVerdict(VerdictOver(2, {0, 1})), IsOk());
  const std::vector<Disturbance> kept = record_.ToResult().evidence.disturbances;
  ASSERT_THAT(kept, SizeIs(limits::kDisturbances));
  EXPECT_EQ(kept[0], (Disturbance{"the clock\\x0afell", 2, 0, 5}));
}

TEST_F(ContestRecordTest, ARemarkOnAValidCandidateIsKept) {
  List(2);
  std::vector<CandidateResult> results = Results({{0, 100}, {1, 110}});
  results[1].detail = "not deterministic";
  ASSERT_THAT(record_.AddResults(results, 1, 0), IsOk());
  ASSERT_THAT(record_.AddResults(Results({{0, 100}, {1, 110}}), 2, 0), IsOk());
  EXPECT_THAT(record_.trial(0).detail, IsEmpty());
  EXPECT_EQ(record_.trial(1).detail, "not deterministic");
  EXPECT_EQ(record_.trial(1).outcome, Outcome::kMeasured);
}

TEST_F(ContestRecordTest, RankingIsThePickAndTheBestOfEachOtherRunner) {
  std::vector<Candidate> list = CandidateList(4);
  for (const size_t i : {2, 3}) list[i].runner.name = "s";
  ASSERT_THAT(record_.AddCandidates(list), IsOk());
  ASSERT_THAT(record_.AddResults(Results({{0, 400}, {1, 100}, {2, 300}, {3, 200}}), 0, 0), IsOk());
  ASSERT_THAT(record_.AddResults(Results({{1, 110}, {3, 210}}), 1, 0), IsOk());
  ContestVerdict verdict = VerdictOver(4, {1, 3, 2, 0});
  verdict.low_ns[1] = 90;
  verdict.high_ns[1] = 120;
  ASSERT_THAT(record_.AddVerdict(verdict), IsOk());

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
  ASSERT_THAT(record_.AddResults(Results({{0, 0}, {1, 0}}), 0, 0), IsOk());
  record_.Fail(2, Outcome::kCrashed, "killed by SIGSEGV");
  ContestVerdict verdict = VerdictOver(3, {});
  verdict.outcomes.assign(3, Outcome::kWrongResult);
  ASSERT_THAT(record_.AddVerdict(verdict), IsOk());

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
  ASSERT_THAT(record_.AddResults(Results({{1, 0}}), 0, 0), IsOk());
  ASSERT_THAT(record_.AddResults(Results({{1, 50}}), 0, 1), IsOk());
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
  EXPECT_THAT(record_.AddCandidates(CandidateList(0)), StatusIs(kInvalid, HasSubstr("count 0")));
  EXPECT_THAT(record_.AddCandidates(CandidateList(4097)),
              StatusIs(kInvalid, HasSubstr("4097 is outside 1..4096")));
  std::vector<Candidate> twice = CandidateList(2);
  twice[1] = twice[0];
  EXPECT_THAT(record_.AddCandidates(twice), StatusIs(kInvalid, HasSubstr("there twice")));
  std::vector<Candidate> stranger = CandidateList(2);
  stranger[1].runner.name = "t";
  EXPECT_THAT(record_.AddCandidates(stranger), StatusIs(kInvalid, HasSubstr("'t' is not one of")));
  std::vector<Candidate> no_default = CandidateList(2);
  no_default.erase(no_default.begin());
  EXPECT_THAT(record_.AddCandidates(no_default), StatusIs(kInvalid, HasSubstr("not the default")));
  EXPECT_EQ(record_.size(), 0u);
}

TEST_F(ContestRecordTest, LaterWorkersMustListTheSame) {
  List(3);
  EXPECT_THAT(record_.AddCandidates(CandidateList(3)), IsOk());
  EXPECT_THAT(record_.AddCandidates(CandidateList(2)), StatusIs(kInvalid, HasSubstr("differs")));
  EXPECT_EQ(record_.size(), 3u);
}

TEST_F(ContestRecordTest, RefusesResultsThatCannotBeRight) {
  EXPECT_THAT(record_.AddResults(Results({{0, 1}}), 0, 0), StatusIs(kInvalid));
  List(2);
  EXPECT_THAT(record_.AddResults(Results({{2, 1}}), 0, 0),
              StatusIs(kInvalid, HasSubstr("2 is not below 2")));
  for (const double time : {-1.0, 1e300, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_THAT(record_.AddResults(Results({{0, 5}, {1, time}}), 0, 0),
                StatusIs(kInvalid, HasSubstr("results.nanoseconds")))
        << time;
  }
  EXPECT_THAT(record_.AddResults(Results({{0, 1}, {1, 1}, {0, 1}, {1, 1}}), 0, 0),
              StatusIs(kInvalid, HasSubstr("count 4 is over 3")));
  EXPECT_THAT(record_.trial(0).samples, IsEmpty());  // Nothing of a refused message is kept.
}

TEST_F(ContestRecordTest, TakesOverWhatIsKnownOfCandidatesOfItsList) {
  List(3);
  ASSERT_THAT(record_.AddResults(Results({{0, 100}, {1, 0}, {2, 300}}), 0, 0), IsOk());
  ContestRecord next{{SampleRunner("r"), SampleRunner("s")}};
  std::vector<Candidate> list = CandidateList(2);
  list.push_back({SampleRunner("s"), {}});
  ASSERT_THAT(next.AddCandidates(list), IsOk());
  next.TakeOver(record_);
  EXPECT_EQ(next.trial(0), record_.trial(0));
  EXPECT_EQ(next.trial(1).outcome, Outcome::kWrongResult);
  EXPECT_THAT(next.trial(2).samples, IsEmpty());
  EXPECT_FALSE(next.SeenIn(0, 0));
}

TEST_F(ContestRecordTest, HoldsABoundedNumberOfSamples) {
  List(4096);
  std::vector<testing::Item> all;
  for (uint32_t i = 0; i < 4096; ++i) all.push_back({i, 1});
  const std::vector<CandidateResult> round = Results(all);
  constexpr uint32_t kRounds = ContestRecord::kSamples / 4096;
  for (uint32_t i = 0; i < kRounds; ++i) {
    ASSERT_THAT(record_.AddResults(round, i, 0), IsOk());
  }
  EXPECT_THAT(record_.AddResults(Results({{0, 1}}), kRounds, 0),
              StatusIs(kInvalid, HasSubstr("samples in one contest")));
}

TEST_F(ContestRecordTest, RefusesVerdictsThatCannotBeRight) {
  List(3);
  ASSERT_THAT(record_.AddResults(Results({{0, 1}, {1, 0}}), 0, 0), IsOk());
  const auto refused = [&](const std::function<void(ContestVerdict&)>& change, const char* why) {
    ContestVerdict verdict = VerdictOver(3, {0});
    change(verdict);
    EXPECT_THAT(record_.AddVerdict(verdict), StatusIs(kInvalid, HasSubstr(why)));
  };
  refused([](auto& v) { v.outcomes.push_back(Outcome::kMeasured); }, "4 outcomes");
  refused([](auto& v) { v.low_ns.pop_back(); }, "2 low_ns");
  refused([](auto& v) { v.low_ns[0] = -1; }, "low_ns[0]");
  refused([](auto& v) { v.high_ns[0] = std::nan(""); }, "low_ns[0]");
  refused([](auto& v) { v.order.push_back(0); }, "0 is there twice");
  refused([](auto& v) { v.order.push_back(3); }, "not below 3");
  refused([](auto& v) { v.order.push_back(1); }, "candidate 1 failed");
  refused([](auto& v) { v.order.push_back(2); }, "never measured");
  refused([](auto& v) { v.tied = 4; }, "tied: 4 is over 3");
  EXPECT_THAT(record_.AddVerdict(VerdictOver(3, {0})), IsOk());
}

}  // namespace
}  // namespace tactic
