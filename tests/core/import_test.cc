// Merging another store's contests: which decision stands, that nothing is lost, that taking the
// same twice changes nothing, and that two stores which take each other's end the same.
#include <map>

#include "tests/core/tuner_fixture.h"

namespace tactic::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A standing decision for variant `key`, told from others by `tied`, with this many samples.
StoredContest Contest(int key, uint32_t tied, size_t samples, int64_t created_unix_ms = 1000) {
  StoredContest contest;
  contest.key = SampleKey(key);
  contest.decision = SampleDecision(key);
  contest.decision->tied = tied;
  contest.decision->created_unix_ms = created_unix_ms;
  contest.evidence.trials.push_back({SampleCandidate(1), Outcome::kMeasured, "", 1000, {}});
  contest.evidence.trials[0].samples.assign(samples, {0, 1, 1000.0f});
  contest.evidence.seconds = 1;
  contest.standing = true;
  return contest;
}

StoredContest History(StoredContest contest) {
  contest.standing = false;
  return contest;
}

std::vector<StoredContest> ContestsOf(Store& store) {
  std::vector<StoredContest> all;
  uint64_t damaged = 0;
  while (true) {
    auto next = store.NextContest(all.empty() ? 0 : all.back().id, damaged);
    if (!next->has_value()) return all;
    all.push_back(**next);
  }
}

// By key: what tells its standing decision.
std::map<std::string, uint32_t> StandingOf(Store& store) {
  std::map<std::string, uint32_t> standing;
  const auto decisions = store.LoadDecisions();
  for (const Decision& d : *decisions) standing[ToHex(FingerprintOf(d.key))] = d.tied;
  return standing;
}

class ImportTest : public TunerTest {
 protected:
  ImportSummary Take(const std::vector<StoredContest>& contests, bool dry_run = false) {
    ImportSession session(dry_run);
    EXPECT_THAT(tuner_->Import(session, contests), IsOk());
    return session.summary();
  }
  uint32_t Stands(int key) {
    const DecisionPtr decision = catalog_->Find(FingerprintOf(SampleKey(key)));
    return decision == nullptr ? 0 : decision->tied;
  }
};

TEST_F(ImportTest, TakesWhatItHasNotAndShowsItAsNewRevisions) {
  StoredContest undecided = Contest(2, 0, 3);
  undecided.decision.reset();
  const uint64_t before = catalog_->Revision();
  int wakes = 0;
  const uint64_t subscription = catalog_->Subscribe([&] { ++wakes; });
  const ImportSummary summary = Take({Contest(0, 11, 5), Contest(1, 12, 5), undecided});
  catalog_->Unsubscribe(subscription);
  EXPECT_EQ(summary.added, 2u);
  EXPECT_EQ(summary.undecided, 1u);
  EXPECT_EQ(summary.contests(), 3u);
  EXPECT_THAT(summary.conflicts, IsEmpty());
  EXPECT_EQ(Stands(0), 11u);
  EXPECT_EQ(Stands(1), 12u);
  EXPECT_EQ(catalog_->Revision(), before + 2);
  EXPECT_EQ(wakes, 2);
  EXPECT_THAT(ContestsOf(store_), SizeIs(3));
}

TEST_F(ImportTest, TheSameAgainChangesNothing) {
  const std::vector<StoredContest> contests = {History(Contest(0, 1, 9)), Contest(0, 2, 5),
                                               Contest(1, 3, 5)};
  Take(contests);
  const uint64_t revision = catalog_->Revision();
  const ImportSummary again = Take(contests);
  EXPECT_EQ(again.known, 3u);
  EXPECT_EQ(again.contests(), 3u);
  EXPECT_THAT(again.conflicts, IsEmpty());
  EXPECT_EQ(catalog_->Revision(), revision);
  EXPECT_EQ(store_.Info().revision, revision);
  EXPECT_THAT(ContestsOf(store_), SizeIs(3));
  EXPECT_EQ(Stands(0), 2u);
}

TEST_F(ImportTest, TheSameTwiceInOneImportIsTakenOnce) {
  const ImportSummary summary = Take({Contest(0, 1, 5), Contest(0, 1, 5)});
  EXPECT_EQ(summary.added, 1u);
  EXPECT_EQ(summary.known, 1u);
  EXPECT_THAT(ContestsOf(store_), SizeIs(1));
}

TEST_F(ImportTest, MoreSamplesWinAndTheLoserIsKeptBehind) {
  Take({Contest(0, 1, 5), Contest(1, 2, 5)});
  const uint64_t revision = catalog_->Revision();
  const ImportSummary summary = Take({Contest(0, 11, 6), Contest(1, 12, 4)});
  EXPECT_EQ(summary.replaced, 1u);
  EXPECT_EQ(summary.behind, 1u);
  EXPECT_EQ(Stands(0), 11u);
  EXPECT_EQ(Stands(1), 2u);
  EXPECT_EQ(catalog_->Revision(), revision + 1);  // Of the winner only.
  ASSERT_THAT(summary.conflicts, SizeIs(2));
  EXPECT_EQ(summary.conflict_count, 2u);
  EXPECT_TRUE(summary.conflicts[0].theirs_won);
  EXPECT_EQ(summary.conflicts[0].ours.tied, 1u);
  EXPECT_EQ(summary.conflicts[0].theirs.tied, 11u);
  EXPECT_EQ(summary.conflicts[0].why, "more samples (6, not 5)");
  EXPECT_FALSE(summary.conflicts[1].theirs_won);
  EXPECT_EQ(summary.conflicts[1].why, "more samples (5, not 4)");
  const std::vector<StoredContest> all = ContestsOf(store_);
  ASSERT_THAT(all, SizeIs(4));
  EXPECT_EQ(all[3].decision->tied, 12u);
  EXPECT_FALSE(all[3].standing);
  EXPECT_THAT(all[3].evidence.trials[0].samples, SizeIs(4));
}

TEST_F(ImportTest, NewerWinsAmongEquallyMeasuredOnesAndAFixedOrderAmongTheRest) {
  Take({Contest(0, 1, 5, 1000), Contest(1, 2, 5, 1000)});
  const ImportSummary summary = Take({Contest(0, 11, 5, 1001), Contest(1, 12, 5, 1000)});
  EXPECT_EQ(Stands(0), 11u);
  ASSERT_THAT(summary.conflicts, SizeIs(2));
  EXPECT_THAT(summary.conflicts[0].why, HasSubstr("newer"));
  EXPECT_THAT(summary.conflicts[1].why, HasSubstr("fixed order"));
}

TEST_F(ImportTest, AVerdictWithoutEvidenceNeverReplacesAMeasuredOne) {
  Take({Contest(0, 1, 1, 1000)});
  StoredContest hearsay = Contest(0, 2, 0, 9000);
  hearsay.evidence = {};
  EXPECT_EQ(Take({hearsay}).behind, 1u);
  EXPECT_EQ(Stands(0), 1u);
}

TEST_F(ImportTest, HistoryIsKeptAndNeverStands) {
  const ImportSummary summary = Take({History(Contest(0, 1, 100)), Contest(0, 2, 5)});
  EXPECT_EQ(summary.behind, 1u);
  EXPECT_EQ(summary.added, 1u);
  EXPECT_THAT(summary.conflicts, IsEmpty());
  EXPECT_EQ(Stands(0), 2u);
  EXPECT_THAT(ContestsOf(store_), SizeIs(2));
}

TEST_F(ImportTest, WhatTheOtherStoreSupersededYieldsToItsSuccessor) {
  Take({Contest(0, 1, 100)});
  const ImportSummary summary = Take({History(Contest(0, 1, 100)), Contest(0, 2, 5)});
  EXPECT_EQ(summary.known, 1u);
  EXPECT_EQ(summary.replaced, 1u);
  EXPECT_EQ(Stands(0), 2u);
  EXPECT_THAT(summary.conflicts[0].why, HasSubstr("superseded"));
  // The other way round: what we have superseded comes back, and stays behind.
  const ImportSummary back = Take({Contest(0, 1, 100)});
  EXPECT_EQ(back.known, 1u);
  EXPECT_EQ(Stands(0), 2u);
}

TEST_F(ImportTest, TwoStoresThatTakeEachOthersEndTheSame) {
  const std::vector<StoredContest> a = {Contest(0, 1, 5), Contest(1, 2, 9), Contest(2, 3, 4),
                                        History(Contest(3, 4, 50)), Contest(3, 5, 2)};
  const std::vector<StoredContest> b = {Contest(0, 11, 6), Contest(1, 12, 8, 9000),
                                        Contest(2, 13, 4), Contest(3, 4, 50), Contest(4, 14, 1)};
  MemoryStore store_b;
  ASSERT_THAT(store_b.AddContests(b), IsOk());
  Take(a);
  const std::vector<StoredContest> exported_a = ContestsOf(store_);
  Take(ContestsOf(store_b));
  const auto merged_here = StandingOf(store_);
  EXPECT_THAT(merged_here, SizeIs(5));

  Catalog catalog_b(store_b.Info().store_id, store_b.Info().revision,
                    store_b.LoadDecisions().value());
  FakeLane lane_b;
  auto tuner_b = Tuner::Create(store_b, catalog_b, {&lane_b}, clock_, {});
  ASSERT_THAT(tuner_b, IsOk());
  ImportSession session(false);
  ASSERT_THAT((*tuner_b)->Import(session, exported_a), IsOk());
  EXPECT_EQ(StandingOf(store_b), merged_here);
  EXPECT_EQ(ContestsOf(store_b).size(), ContestsOf(store_).size());
}

TEST_F(ImportTest, ADryRunSaysTheSameAndStoresNothing) {
  Take({Contest(0, 1, 5)});
  const uint64_t revision = catalog_->Revision();
  ImportSession session(/*dry_run=*/true);
  // In two parts, as a stream brings them: the second competes with what the first would leave.
  ASSERT_THAT(tuner_->Import(session, {Contest(0, 2, 6), Contest(1, 3, 5)}), IsOk());
  ASSERT_THAT(tuner_->Import(session, {Contest(1, 4, 6), Contest(0, 2, 6)}), IsOk());
  EXPECT_EQ(session.summary().added, 1u);
  EXPECT_EQ(session.summary().replaced, 2u);
  EXPECT_EQ(session.summary().known, 1u);
  EXPECT_EQ(catalog_->Revision(), revision);
  EXPECT_THAT(ContestsOf(store_), SizeIs(1));
  EXPECT_EQ(Stands(0), 1u);
}

TEST_F(ImportTest, AStoreThatRefusesCountsNothing) {
  faulty_store_.FailPutContest(Fault::kRefuse);
  ImportSession session(false);
  EXPECT_THAT(tuner_->Import(session, {Contest(0, 1, 5)}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("disk on fire")));
  EXPECT_EQ(session.summary().contests(), 0u);
  EXPECT_EQ(Stands(0), 0u);
  faulty_store_.FailPutContest(Fault::kNone);
  EXPECT_THAT(tuner_->Import(session, {Contest(0, 1, 5)}), IsOk());
  EXPECT_EQ(session.summary().added, 1u);
  EXPECT_EQ(Stands(0), 1u);
}

TEST_F(ImportTest, WhatWasStoredDespiteAnErrorIsShownAndKnownNextTime) {
  faulty_store_.FailPutContest(Fault::kStoreAndFail);
  ImportSession session(false);
  EXPECT_THAT(tuner_->Import(session, {Contest(0, 1, 5)}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("could not be stored")));
  EXPECT_EQ(Stands(0), 1u);
  faulty_store_.FailPutContest(Fault::kNone);
  EXPECT_THAT(tuner_->Import(session, {Contest(0, 1, 5)}), IsOk());
  EXPECT_EQ(session.summary().known, 1u);
  EXPECT_THAT(ContestsOf(store_), SizeIs(1));
}

}  // namespace
}  // namespace tactic::testing
