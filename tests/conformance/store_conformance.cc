#include "tests/conformance/store_conformance.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "gmock/gmock.h"
#include "tests/support/samples.h"
#include "tests/support/status_matchers.h"

namespace tactic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Job SampleJob(const std::string& id, int items) {
  Job job;
  job.id = id;
  job.request_id = "request of " + id;
  job.client = "client \"x\", 7";
  job.state = JobState::kRunning;
  job.message = "two\nlines, \xc3\xa9";
  job.created_unix_ms = 1'700'000'000'000;
  job.deadline_unix_ms = 1'700'000'600'000;
  job.runners = {"host_blocked", "openblas"};
  job.again = true;
  for (int i = 0; i < items; ++i) {
    JobItem item;
    item.key = SampleKey(i);
    item.fingerprint = FingerprintOf(item.key);
    item.state = i % 2 == 0 ? ContestState::kQueued : ContestState::kRunning;
    item.message = "item " + std::to_string(i);
    job.items.push_back(item);
  }
  return job;
}

bool SameItem(const JobItem& a, const JobItem& b) {
  return a.key == b.key && a.fingerprint == b.fingerprint && a.state == b.state &&
         a.decision_id == b.decision_id && a.already_decided == b.already_decided &&
         a.message == b.message && a.verification == b.verification;
}

// Every field.
bool SameJob(const Job& a, const Job& b) {
  return a.id == b.id && a.request_id == b.request_id && a.client == b.client &&
         a.state == b.state && a.message == b.message && a.created_unix_ms == b.created_unix_ms &&
         a.deadline_unix_ms == b.deadline_unix_ms && a.ended_unix_ms == b.ended_unix_ms &&
         a.runners == b.runners && a.again == b.again && a.verify == b.verify &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), SameItem);
}

MATCHER_P(IsJob, expected, "is job " + expected.id) { return SameJob(arg, expected); }

}  // namespace

Decision StoreConformance::Put(int variant, uint32_t tied) {
  Decision decision = SampleDecision(variant);
  decision.tied = tied;
  auto stored = store().PutContest(decision.key, decision, SampleEvidence());
  EXPECT_THAT(stored, IsOk());
  return stored.ok() && *stored ? **stored : Decision();
}

std::vector<Decision> StoreConformance::Load() {
  auto decisions = store().LoadDecisions();
  EXPECT_THAT(decisions, IsOk());
  return decisions.ok() ? *decisions : std::vector<Decision>();
}

std::vector<Job> StoreConformance::Jobs() {
  auto jobs = store().LoadJobs();
  EXPECT_THAT(jobs, IsOk());
  return jobs.ok() ? *jobs : std::vector<Job>();
}

TEST_P(StoreConformance, NewStoreIsEmptyAtRevisionZeroAndHasAnId) {
  const StoreInfo info = store().Info();
  EXPECT_EQ(info.revision, 0u);
  EXPECT_EQ(info.damaged_rows, 0u);
  EXPECT_THAT(info.store_id, SizeIs(36));
  EXPECT_FALSE(info.description.empty());
  EXPECT_THAT(Load(), IsEmpty());
  EXPECT_THAT(Jobs(), IsEmpty());
  EXPECT_THAT(Misses(), IsEmpty());
}

TEST_P(StoreConformance, TwoStoresHaveDifferentIds) {
  EXPECT_NE(store().Info().store_id, GetParam()()->store().Info().store_id);
}

TEST_P(StoreConformance, StoreIdSurvivesReopen) {
  const std::string id = store().Info().store_id;
  Put(0);
  Reopen();
  EXPECT_EQ(store().Info().store_id, id);
}

TEST_P(StoreConformance, PutReturnsTheDecisionWithIdAndRevisionAndNothingElseChanged) {
  Decision decision = SampleDecision(0);
  decision.id = 77;  // Ignored.
  decision.revision = 99;
  auto stored = store().PutContest(decision.key, decision, SampleEvidence());
  ASSERT_THAT(stored, IsOk());
  ASSERT_TRUE(stored->has_value());
  EXPECT_EQ((*stored)->revision, 1u);
  EXPECT_NE((*stored)->id, 0u);
  decision.id = (*stored)->id;
  decision.revision = 1;
  EXPECT_EQ(**stored, decision);
}

TEST_P(StoreConformance, EachDecisionGetsTheNextRevisionAndAnIdOfItsOwn) {
  std::set<uint64_t> ids;
  for (uint64_t i = 1; i <= 20; ++i) {
    const Decision d = Put(static_cast<int>(i % 3));
    EXPECT_EQ(d.revision, i);
    ids.insert(d.id);
    EXPECT_EQ(store().Info().revision, i);
    if (i % 7 == 0) Reopen();
  }
  EXPECT_THAT(ids, SizeIs(20));
}

TEST_P(StoreConformance, DecisionsLoadByRevisionAndUnchanged) {
  const Decision a = Put(2);
  const Decision b = Put(0);
  const Decision c = Put(1);
  EXPECT_THAT(Load(), ElementsAre(a, b, c));
  Reopen();
  EXPECT_THAT(Load(), ElementsAre(a, b, c));
  EXPECT_EQ(store().Info().revision, 3u);
}

TEST_P(StoreConformance, NewerDecisionReplacesTheStandingOneOfItsKeyOnly) {
  Put(0, 1);
  const Decision other = Put(1);
  Put(0, 2);
  const Decision newest = Put(0, 3);
  EXPECT_THAT(Load(), ElementsAre(other, newest));
  Reopen();
  EXPECT_THAT(Load(), ElementsAre(other, newest));
}

TEST_P(StoreConformance, SupersededDecisionsAreFoundByIdUnchanged) {
  const Decision old = Put(0, 1);
  const Decision standing = Put(0, 2);
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(store().FindDecision(old.id), IsOkAndHolds(Eq(old)));
    EXPECT_THAT(store().FindDecision(standing.id), IsOkAndHolds(Eq(standing)));
    Reopen();
  }
}

TEST_P(StoreConformance, KeysThatDifferOnlyInLabelsAreOneKeyAndKeepTheirOwnForm) {
  const Decision first = Put(0);
  Decision relabelled = SampleDecision(0);
  relabelled.key.environment.device.label = "the same device, renamed";
  relabelled.key.problem.inputs[0].dims[0].max = 8192;
  auto second = store().PutContest(relabelled.key, relabelled, {});
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT(Load(), ElementsAre(**second));
  EXPECT_THAT(store().FindDecision(first.id), IsOkAndHolds(Eq(first)));
  EXPECT_EQ((*second)->key.environment.device.label, "the same device, renamed");
}

TEST_P(StoreConformance, FindDecisionOfUnknownIdIsNotFound) {
  Put(0);
  for (const uint64_t id : {uint64_t{0}, uint64_t{1000}, ~uint64_t{0}}) {
    EXPECT_THAT(store().FindDecision(id), StatusIs(absl::StatusCode::kNotFound));
    EXPECT_THAT(store().LoadEvidence(id), StatusIs(absl::StatusCode::kNotFound));
  }
}

TEST_P(StoreConformance, EvidenceComesBackWithEveryTrialAndSample) {
  Evidence evidence = SampleEvidence(5);
  evidence.decision_id = 1234;  // Ignored.
  const Decision other = Put(1);
  auto stored = store().PutContest(SampleKey(0), SampleDecision(0), evidence);
  ASSERT_THAT(stored, IsOk());
  evidence.decision_id = (*stored)->id;
  EXPECT_THAT(store().LoadEvidence((*stored)->id), IsOkAndHolds(Eq(evidence)));
  Reopen();
  EXPECT_THAT(store().LoadEvidence((*stored)->id), IsOkAndHolds(Eq(evidence)));
  EXPECT_THAT(store().LoadEvidence(other.id), IsOk());
}

TEST_P(StoreConformance, EvidenceOfASupersededDecisionStays) {
  const Decision old = Put(0, 1);
  Put(0, 2);
  Evidence expected = SampleEvidence();
  expected.decision_id = old.id;
  EXPECT_THAT(store().LoadEvidence(old.id), IsOkAndHolds(Eq(expected)));
}

TEST_P(StoreConformance, ContestWithoutADecisionTakesNoRevisionAndLeavesTheStandingOne) {
  const Decision standing = Put(0);
  auto none = store().PutContest(SampleKey(0), std::nullopt, SampleEvidence(0));
  ASSERT_THAT(none, IsOk());
  EXPECT_FALSE(none->has_value());
  EXPECT_EQ(store().Info().revision, 1u);
  EXPECT_THAT(Load(), ElementsAre(standing));
  EXPECT_EQ(Put(1).revision, 2u);
  Reopen();
  EXPECT_THAT(Load(), SizeIs(2));
}

TEST_P(StoreConformance, DecisionForAnotherKeyOrWithoutARankingIsRefusedAndNotStored) {
  EXPECT_THAT(store().PutContest(SampleKey(1), SampleDecision(0), SampleEvidence()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("decision.key")));
  Decision empty = SampleDecision(0);
  empty.ranking.clear();
  EXPECT_THAT(store().PutContest(empty.key, empty, SampleEvidence()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("decision.ranking")));
  EXPECT_EQ(store().Info().revision, 0u);
  EXPECT_THAT(Load(), IsEmpty());
}

TEST_P(StoreConformance, ValuesThatCouldNotBeReadBackAreRefusedByName) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  Key key = SampleKey(0);
  key.problem.op.assign(limits::kNameBytes + 1, 'x');
  EXPECT_THAT(store().PutContest(key, std::nullopt, {}), StatusIs(kInvalid, HasSubstr("key")));
  Evidence evidence = SampleEvidence();
  evidence.trials[2].candidate.runner.unique_id = "a\nb";
  EXPECT_THAT(store().PutContest(SampleKey(0), SampleDecision(0), evidence),
              StatusIs(kInvalid, HasSubstr("evidence.trials[2].candidate")));
  evidence = SampleEvidence();
  evidence.trials[1].samples[0].nanoseconds = -1;
  EXPECT_THAT(store().PutContest(SampleKey(0), SampleDecision(0), evidence),
              StatusIs(kInvalid, HasSubstr("evidence.trials[1].samples")));
  Decision decision = SampleDecision(0);
  decision.ranking[1].low_ns = -1;
  EXPECT_THAT(store().PutContest(SampleKey(0), decision, {}),
              StatusIs(kInvalid, HasSubstr("decision.ranking")));
  Job job = SampleJob("j-1", 2);
  job.items[1].key = key;
  job.items[1].fingerprint = FingerprintOf(key);
  EXPECT_THAT(store().PutJob(job), StatusIs(kInvalid, HasSubstr("job.items[1].key")));
  EXPECT_EQ(store().Info().revision, 0u);
  EXPECT_THAT(Jobs(), IsEmpty());
}

TEST_P(StoreConformance, UnusualValuesComeBack) {
  Decision decision = SampleDecision(0);
  decision.ranking[0].median_ns = 0;
  decision.ranking[0].high_ns = 1e300;
  decision.default_ns = 0;
  decision.reason = Reason::kBudget;
  decision.tied = 4'000'000'000u;
  decision.created_unix_ms = -1;
  Evidence evidence;
  evidence.trials.push_back(
      {SampleCandidate(-1), Outcome::kCrashed, std::string("a\0b;'\"", 6), -0.0, {}});
  evidence.seconds = 1e-9;
  auto stored = store().PutContest(decision.key, decision, evidence);
  ASSERT_THAT(stored, IsOk());
  Reopen();
  EXPECT_THAT(Load(), ElementsAre(**stored));
  evidence.decision_id = (*stored)->id;
  EXPECT_THAT(store().LoadEvidence((*stored)->id), IsOkAndHolds(Eq(evidence)));
}

TEST_P(StoreConformance, LargeContestComesBack) {
  Evidence evidence;
  for (int i = 0; i < 1000; ++i) {
    Trial trial{SampleCandidate(i), Outcome::kMeasured, "", 1000.0 + i, {}};
    for (uint32_t round = 0; round < 100; ++round) trial.samples.push_back({0, round, 1000.5f});
    evidence.trials.push_back(std::move(trial));
  }
  auto stored = store().PutContest(SampleKey(0), SampleDecision(0), evidence);
  ASSERT_THAT(stored, IsOk());
  evidence.decision_id = (*stored)->id;
  Reopen();
  EXPECT_THAT(store().LoadEvidence((*stored)->id), IsOkAndHolds(Eq(evidence)));
}

TEST_P(StoreConformance, JobsLoadOldestFirstAndUnchanged) {
  const Job b = SampleJob("j-2", 3);
  const Job a = SampleJob("j-1", 0);
  Job c = SampleJob("j-3", 1);
  c.runners.clear();
  c.again = false;
  for (const Job& job : {b, a, c}) ASSERT_THAT(store().PutJob(job), IsOk());
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(Jobs(), ElementsAre(IsJob(b), IsJob(a), IsJob(c)));
    Reopen();
  }
}

TEST_P(StoreConformance, PutOfAKnownJobReplacesItInItsPlace) {
  ASSERT_THAT(store().PutJob(SampleJob("j-1", 3)), IsOk());
  const Job other = SampleJob("j-2", 1);
  ASSERT_THAT(store().PutJob(other), IsOk());
  Job changed = SampleJob("j-1", 2);
  changed.state = JobState::kFailed;
  changed.message = "changed";
  changed.items[1].state = ContestState::kFailed;
  ASSERT_THAT(store().PutJob(changed), IsOk());
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(Jobs(), ElementsAre(IsJob(changed), IsJob(other)));
    Reopen();
  }
}

TEST_P(StoreConformance, KeepsWhatAVerificationFound) {
  Job job = SampleJob("j-1", 3);
  job.again = false;
  job.verify = true;
  const Job before = job;
  job.items[0].verification = {7, 0.02, 0.001, 0.0005, false, false};
  job.items[2].verification = {8, -0.02, 0.3, 0.01, true, true};
  ASSERT_THAT(store().PutJob(before), IsOk());
  EXPECT_THAT(Jobs(), ElementsAre(IsJob(before)));
  ASSERT_THAT(store().UpdateJobItem(job, 2), IsOk());
  Job expected = before;
  expected.items[2].verification = job.items[2].verification;
  EXPECT_THAT(Jobs(), ElementsAre(IsJob(expected)));
  ASSERT_THAT(store().PutJob(job), IsOk());
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(Jobs(), ElementsAre(IsJob(job)));
    Reopen();
  }
}

TEST_P(StoreConformance, UpdateStoresTheJobAndThatItemOnly) {
  Job job = SampleJob("j-1", 3);
  const Job before = job;
  const Job other = SampleJob("j-2", 3);
  ASSERT_THAT(store().PutJob(job), IsOk());
  ASSERT_THAT(store().PutJob(other), IsOk());
  job.state = JobState::kDone;
  job.message = "done";
  job.ended_unix_ms = 1'700'000'001'000;
  for (JobItem& item : job.items) {
    item.state = ContestState::kDecided;
    item.decision_id = 5;
    item.already_decided = true;
    item.message = "decided";
  }
  ASSERT_THAT(store().UpdateJobItem(job, 1), IsOk());
  Job expected = job;
  expected.items[0] = before.items[0];
  expected.items[2] = before.items[2];
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(Jobs(), ElementsAre(IsJob(expected), IsJob(other)));
    Reopen();
  }
}

TEST_P(StoreConformance, UpdateOfAnUnknownJobOrItemIsNotFoundAndChangesNothing) {
  const Job job = SampleJob("j-1", 2);
  ASSERT_THAT(store().PutJob(job), IsOk());
  EXPECT_THAT(store().UpdateJobItem(SampleJob("j-9", 2), 0),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("j-9")));
  EXPECT_THAT(store().UpdateJobItem(job, 2), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store().UpdateJobItem(SampleJob("j-1", 3), 2),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("3 items")));
  EXPECT_THAT(Jobs(), ElementsAre(IsJob(job)));
}

TEST_P(StoreConformance, MalformedJobsAreRefused) {
  EXPECT_THAT(store().PutJob(SampleJob("", 1)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("job.id")));
  Job odd_runner = SampleJob("j-1", 1);
  odd_runner.runners = {"fine", "not,a name"};
  EXPECT_THAT(store().PutJob(odd_runner),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("job.runners[1]")));
  Job odd_item = SampleJob("j-1", 2);
  odd_item.items[1].fingerprint.low ^= 1;
  EXPECT_THAT(store().PutJob(odd_item),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("job.items[1].fingerprint")));
  EXPECT_THAT(Jobs(), IsEmpty());
}

TEST_P(StoreConformance, JobsThatEndedBeforeAreForgottenAndOthersStay) {
  Job early = SampleJob("j-1", 2);
  early.state = JobState::kDone;
  early.ended_unix_ms = 999;
  Job late = SampleJob("j-2", 2);
  late.state = JobState::kCancelled;
  late.ended_unix_ms = 1000;
  const Job running = SampleJob("j-3", 2);
  for (const Job& job : {early, late, running}) ASSERT_THAT(store().PutJob(job), IsOk());
  ASSERT_THAT(store().DeleteJobsEndedBefore(1000), IsOk());
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(Jobs(), ElementsAre(IsJob(late), IsJob(running)));
    Reopen();
  }
  ASSERT_THAT(store().PutJob(early), IsOk());  // As if it had never been.
  EXPECT_THAT(Jobs(), ElementsAre(IsJob(late), IsJob(running), IsJob(early)));
}

TEST_P(StoreConformance, JobsAndDecisionsShareKeysWithoutTouchingEachOther) {
  ASSERT_THAT(store().PutJob(SampleJob("j-1", 3)), IsOk());
  EXPECT_THAT(Load(), IsEmpty());
  EXPECT_EQ(store().Info().revision, 0u);
  const Decision d = Put(1);
  ASSERT_THAT(store().DeleteJobsEndedBefore(INT64_MAX), IsOk());
  EXPECT_THAT(Load(), ElementsAre(d));
  EXPECT_THAT(Jobs(), SizeIs(1));
}

TEST_P(StoreConformance, ManyWritersAndReadersAtOnceLeaveNoGap) {
  constexpr int kThreads = 4;
  constexpr int kEach = 12;
  std::vector<std::vector<Decision>> stored(kThreads);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([this, t, &stored] {
        const std::string id = "j-" + std::to_string(t);
        for (int i = 0; i < kEach; ++i) {
          stored[static_cast<size_t>(t)].push_back(Put(i, static_cast<uint32_t>(1 + t)));
          EXPECT_THAT(store().PutJob(SampleJob(id, i)), IsOk());
          EXPECT_THAT(store().LoadDecisions(), IsOk());
          EXPECT_THAT(store().FindDecision(stored[static_cast<size_t>(t)].back().id), IsOk());
          EXPECT_GE(store().Info().revision, stored[static_cast<size_t>(t)].back().revision);
        }
      });
    }
  }
  std::set<uint64_t> revisions;
  for (const std::vector<Decision>& of_thread : stored) {
    for (const Decision& d : of_thread) {
      revisions.insert(d.revision);
      EXPECT_THAT(store().FindDecision(d.id), IsOkAndHolds(Eq(d)));
    }
  }
  EXPECT_THAT(revisions, SizeIs(kThreads * kEach));
  EXPECT_EQ(*revisions.rbegin(), static_cast<uint64_t>(kThreads * kEach));
  Reopen();
  EXPECT_THAT(Load(), SizeIs(kEach));
  EXPECT_THAT(Jobs(), SizeIs(kThreads));
}

}  // namespace tactic::testing
