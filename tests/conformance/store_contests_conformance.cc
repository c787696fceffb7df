// Contests that go from one store to another: AddContests, HasContest, NextContest.
#include <cstdint>
#include <vector>

#include "gmock/gmock.h"
#include "tests/conformance/store_conformance.h"
#include "tests/support/samples.h"
#include "tests/support/status_matchers.h"

namespace tactic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_P(StoreConformance, AddedContestsStandOrStayBehindWhatStands) {
  const Decision ours = Put(0, 1);
  Decision behind = SampleDecision(0);
  behind.tied = 5;
  Decision wins = SampleDecision(1);
  wins.tied = 6;
  Evidence evidence = SampleEvidence(2);
  auto added = store().AddContests({{77, behind.key, behind, evidence, /*standing=*/false},
                                    {78, SampleKey(2), std::nullopt, evidence, /*standing=*/false},
                                    {79, wins.key, wins, evidence, /*standing=*/true}});
  ASSERT_THAT(added, IsOkAndHolds(SizeIs(3)));
  behind = *(*added)[0];
  EXPECT_EQ(behind.revision, 0u);
  EXPECT_GT(behind.id, ours.id);
  EXPECT_FALSE((*added)[1].has_value());
  wins = *(*added)[2];
  EXPECT_EQ(wins.revision, 2u);
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(Load(), ElementsAre(ours, wins));
    EXPECT_EQ(store().Info().revision, 2u);
    EXPECT_THAT(store().FindDecision(behind.id), IsOkAndHolds(Eq(behind)));
    evidence.decision_id = behind.id;
    EXPECT_THAT(store().LoadEvidence(behind.id), IsOkAndHolds(Eq(evidence)));
    Reopen();
  }
  EXPECT_EQ(Put(0, 9).revision, 3u);
}

TEST_P(StoreConformance, AddingIsAllOrNothing) {
  Decision wrong = SampleDecision(1);
  wrong.ranking.clear();
  EXPECT_THAT(store().AddContests({{0, SampleKey(0), SampleDecision(0), {}, true},
                                   {0, wrong.key, wrong, {}, true}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("decision.ranking")));
  EXPECT_EQ(store().Info().revision, 0u);
  EXPECT_THAT(Load(), IsEmpty());
  uint64_t damaged = 0;
  EXPECT_THAT(store().NextContest(0, damaged), IsOkAndHolds(Eq(std::nullopt)));
}

TEST_P(StoreConformance, ContestsAreReadInOrderWithAllThatBelongsToThem) {
  const Decision superseded = Put(0, 1);
  ASSERT_THAT(store().PutContest(SampleKey(1), std::nullopt, SampleEvidence(0)), IsOk());
  const Decision standing = Put(0, 2);
  for (int i = 0; i < 2; ++i) {
    std::vector<StoredContest> contests;
    uint64_t damaged = 0;
    for (uint64_t after = 0;; after = contests.back().id) {
      auto next = store().NextContest(after, damaged);
      ASSERT_THAT(next, IsOk());
      if (!next->has_value()) break;
      contests.push_back(**next);
      ASSERT_GT(contests.back().id, after);
    }
    ASSERT_THAT(contests, SizeIs(3));
    EXPECT_EQ(damaged, 0u);
    EXPECT_EQ(contests[0].decision, superseded);
    EXPECT_FALSE(contests[0].standing);
    EXPECT_EQ(contests[0].evidence.decision_id, superseded.id);
    EXPECT_FALSE(contests[1].decision.has_value());
    EXPECT_EQ(contests[1].key, SampleKey(1));
    EXPECT_EQ(contests[1].evidence, SampleEvidence(0));
    EXPECT_EQ(contests[2].decision, standing);
    EXPECT_TRUE(contests[2].standing);
    Reopen();
  }
}

TEST_P(StoreConformance, KnowsAContestByItsContent) {
  const StoredContest contest{0, SampleKey(0), SampleDecision(0), SampleEvidence(), true};
  EXPECT_THAT(store().HasContest(contest), IsOkAndHolds(false));
  ASSERT_THAT(store().AddContests({contest}), IsOk());
  Reopen();
  StoredContest same = contest;
  same.id = same.decision->id = same.decision->revision = same.evidence.decision_id = 99;
  same.standing = false;
  same.key.environment.device.label = "renamed";
  same.decision->key = same.key;
  EXPECT_THAT(store().HasContest(same), IsOkAndHolds(true));
  StoredContest other_verdict = contest;
  other_verdict.decision->tied += 1;
  EXPECT_THAT(store().HasContest(other_verdict), IsOkAndHolds(false));
  StoredContest other_sample = contest;
  other_sample.evidence.trials[0].samples[0].nanoseconds += 1;
  EXPECT_THAT(store().HasContest(other_sample), IsOkAndHolds(false));
  StoredContest other_key = contest;
  other_key.key = other_key.decision->key = SampleKey(1);
  EXPECT_THAT(store().HasContest(other_key), IsOkAndHolds(false));
  StoredContest undecided = contest;
  undecided.decision.reset();
  EXPECT_THAT(store().HasContest(undecided), IsOkAndHolds(false));
}

}  // namespace
}  // namespace tactic::testing
