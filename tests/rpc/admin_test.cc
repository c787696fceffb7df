// Export and Import over a real socket.
#include <functional>

#include "proto/convert/export_format.h"
#include "server/rpc/export_records.h"
#include "tests/rpc/rpc_fixture.h"
#include "tests/support/ban_samples.h"

namespace tactic::testing {
namespace {

using convert::kExportFormatVersion;
using convert::kExportRecordBytes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class AdminTest : public RpcTest {
 protected:
  AdminTest() { Start(); }

  std::vector<v1::ExportRecord> Export() {
    grpc::ClientContext context;
    const auto reader = admin_stub_->Export(&context, {});
    std::vector<v1::ExportRecord> records;
    v1::ExportResponse response;
    while (reader->Read(&response)) records.push_back(response.record());
    EXPECT_THAT(reader->Finish(), RpcOk());
    return records;
  }

  grpc::Status Import(const std::vector<v1::ExportRecord>& records, v1::ImportResponse* response,
                      bool dry_run = false) {
    grpc::ClientContext context;
    const auto writer = admin_stub_->Import(&context, response);
    for (const v1::ExportRecord& record : records) {
      v1::ImportRequest request;
      request.set_dry_run(dry_run);
      *request.mutable_record() = record;
      if (!writer->Write(request)) break;
    }
    writer->WritesDone();
    return writer->Finish();
  }

  // What a store with these contests exports.
  static std::vector<v1::ExportRecord> RecordsOf(const std::vector<StoredContest>& contests) {
    std::vector<v1::ExportRecord> records(1);
    records[0].mutable_header()->set_format_version(kExportFormatVersion);
    v1::ExportEnd end;
    for (const StoredContest& contest : contests) {
      Render(contest, records.emplace_back().mutable_contest());
      RenderTrials(contest.evidence.trials, 0, records.emplace_back().mutable_trials());
      end.set_contests(end.contests() + 1);
      end.set_decisions(end.decisions() + (contest.decision ? 1 : 0));
      end.set_trials(end.trials() + contest.evidence.trials.size());
    }
    *records.emplace_back().mutable_end() = end;
    return records;
  }
  static StoredContest Sample(int variant) {
    return {0, SampleKey(variant), SampleDecision(variant), SampleEvidence(), true};
  }
};

TEST_F(AdminTest, AnEmptyStoreIsAHeaderAndAnEnd) {
  const auto records = Export();
  ASSERT_THAT(records, SizeIs(2));
  const v1::ExportHeader& header = records[0].header();
  EXPECT_EQ(header.format_version(), 1u);
  EXPECT_EQ(header.store_id(), store_.Info().store_id);
  EXPECT_EQ(header.revision(), 0u);
  EXPECT_EQ(header.writer(), "tacticd 1.2.3");
  EXPECT_GT(header.created_unix_ms(), 0);
  EXPECT_EQ(records[1].end().contests(), 0u);
}

TEST_F(AdminTest, WhatIsExportedIsImportedIntoAnotherStoreWhole) {
  Publish(SampleDecision(0));
  Publish(SampleDecision(0));  // Supersedes.
  Publish(SampleDecision(1));
  ASSERT_THAT(store_.PutContest(SampleKey(2), std::nullopt, SampleEvidence(0)), IsOk());
  const auto records = Export();
  EXPECT_EQ(records.back().end().contests(), 4u);
  EXPECT_EQ(records.back().end().decisions(), 3u);

  ExportReader reader;
  for (const v1::ExportRecord& record : records) ASSERT_THAT(reader.Take(record), IsOk());
  EXPECT_TRUE(reader.complete());
  const std::vector<StoredContest> contests = reader.TakeWhole();
  ASSERT_THAT(contests, SizeIs(4));
  uint64_t damaged = 0;
  uint64_t id = 0;
  for (const StoredContest& contest : contests) {
    const StoredContest stored = store_.NextContest(id, damaged).value().value();
    id = stored.id;
    EXPECT_EQ(ContentOf(contest), ContentOf(stored));
    EXPECT_EQ(contest.standing, stored.standing);
    EXPECT_EQ(contest.key, stored.key);
    EXPECT_EQ(contest.evidence.trials, stored.evidence.trials);
  }
}

TEST_F(AdminTest, ImportedDecisionsReachWatchersAsNewRevisions) {
  grpc::ClientContext context;
  const auto watch = stub_->Watch(&context, {});
  v1::WatchResponse frame;
  do {
    ASSERT_TRUE(watch->Read(&frame));
  } while (!frame.has_snapshot_end());
  v1::ImportResponse response;
  ASSERT_THAT(Import(RecordsOf({Sample(0), Sample(1)}), &response), RpcOk());
  EXPECT_TRUE(response.complete());
  EXPECT_EQ(response.added(), 2u);
  EXPECT_EQ(response.revision(), 2u);
  EXPECT_EQ(response.store_id(), store_.Info().store_id);
  int seen = 0;
  while (seen < 2) {
    ASSERT_TRUE(watch->Read(&frame));
    seen += frame.decisions().decisions_size();
  }
  EXPECT_EQ(frame.revision(), 2u);
  context.TryCancel();
  EXPECT_EQ(store_.LoadDecisions()->size(), 2u);
}

TEST_F(AdminTest, ConflictsAreListedWithBothSides) {
  const uint64_t ours = Publish(SampleDecision(0));
  StoredContest theirs = Sample(0);
  theirs.decision->tied = 7;
  theirs.evidence.trials[0].samples.push_back({0, 9, 1000});
  v1::ImportResponse response;
  ASSERT_THAT(Import(RecordsOf({theirs}), &response), RpcOk());
  EXPECT_EQ(response.replaced(), 1u);
  EXPECT_EQ(response.conflict_count(), 1u);
  ASSERT_EQ(response.conflicts_size(), 1);
  EXPECT_EQ(response.conflicts(0).ours().id(), ours);
  EXPECT_EQ(response.conflicts(0).theirs().tied(), 7u);
  EXPECT_TRUE(response.conflicts(0).theirs_won());
  EXPECT_THAT(response.conflicts(0).why(), HasSubstr("samples"));
}

TEST_F(AdminTest, ADryRunChangesNothing) {
  v1::ImportResponse response;
  ASSERT_THAT(Import(RecordsOf({Sample(0)}), &response, /*dry_run=*/true), RpcOk());
  EXPECT_EQ(response.added(), 1u);
  EXPECT_EQ(response.revision(), 0u);
  EXPECT_EQ(store_.LoadDecisions()->size(), 0u);
}

TEST_F(AdminTest, AStreamWithoutItsEndIsTakenAsFarAsItIsWhole) {
  auto records = RecordsOf({Sample(0), Sample(1)});
  records.resize(records.size() - 2);  // No end, and the second contest lacks its trials.
  v1::ImportResponse response;
  ASSERT_THAT(Import(records, &response), RpcOk());
  EXPECT_FALSE(response.complete());
  EXPECT_EQ(response.added(), 1u);
  EXPECT_EQ(store_.LoadDecisions()->size(), 1u);
}

TEST_F(AdminTest, ManyContestsAreStoredInGroupsAndAllCounted) {
  std::vector<StoredContest> contests;
  for (int i = 0; i < 150; ++i) contests.push_back(Sample(i));
  v1::ImportResponse response;
  ASSERT_THAT(Import(RecordsOf(contests), &response), RpcOk());
  EXPECT_EQ(response.added(), 150u);
  ASSERT_THAT(Import(Export(), &response), RpcOk());
  EXPECT_EQ(response.known(), 150u);
  EXPECT_EQ(response.revision(), 150u);
}

TEST_F(AdminTest, ALargeContestTravelsInSeveralRecords) {
  StoredContest large = Sample(0);
  large.evidence.trials.clear();
  for (int i = 0; i < 1000; ++i) {
    Trial trial{SampleCandidate(i), Outcome::kMeasured, "", 1000, {}};
    trial.samples.assign(500, {1, 300, 1000.5f});
    large.evidence.trials.push_back(std::move(trial));
  }
  ASSERT_THAT(store_.AddContests({large}), IsOk());
  const auto records = Export();
  EXPECT_GT(records.size(), 5u);
  for (const v1::ExportRecord& record : records) {
    EXPECT_LE(record.ByteSizeLong(), kExportRecordBytes + 4096);
  }
  v1::ImportResponse response;
  ASSERT_THAT(Import(records, &response), RpcOk());
  EXPECT_TRUE(response.complete());
  EXPECT_EQ(response.known(), 1u);
}

TEST_F(AdminTest, WhatCannotBeTakenIsNamed) {
  struct Case {
    std::function<void(std::vector<v1::ExportRecord>&)> spoil;
    grpc::StatusCode code;
    std::vector<std::string> says;
  };
  using Records = std::vector<v1::ExportRecord>;
  constexpr auto kInvalid = grpc::StatusCode::INVALID_ARGUMENT;
  const Case cases[] = {
      {[](Records& r) { r.clear(); }, kInvalid, {"nothing came"}},
      {[](Records& r) { r.erase(r.begin()); }, kInvalid, {"record 1", "header"}},
      {[](Records& r) { r[0].mutable_header()->set_format_version(2); },
       grpc::StatusCode::FAILED_PRECONDITION,
       {"record 1", "header.format_version is 2", "up to 1", "newer tacticd"}},
      {[](Records& r) { r[0].mutable_header()->set_format_version(0); }, kInvalid, {"record 1"}},
      {[](Records& r) { r.insert(r.begin(), r[0]); }, kInvalid, {"record 2", "second header"}},
      {[](Records& r) { r[1].mutable_contest()->mutable_key()->mutable_problem()->set_op("a b"); },
       kInvalid,
       {"record 2", "contest.key.problem.op"}},
      {[](Records& r) { r[1].mutable_contest()->mutable_decision()->clear_ranking(); },
       kInvalid,
       {"record 2", "contest.decision.ranking"}},
      {[](Records& r) { r[1].mutable_contest()->mutable_decision()->set_fingerprint("00"); },
       kInvalid,
       {"record 2", "fingerprint"}},
      {[](Records& r) { r[1].mutable_contest()->set_trial_count(5000); },
       kInvalid,
       {"record 2", "trial_count: 5000", "4096"}},
      {[](Records& r) { r[1].mutable_contest()->set_seconds(-1); }, kInvalid, {"seconds"}},
      {[](Records& r) { r[2].mutable_trials()->mutable_trials(1)->set_median_ns(-1); },
       kInvalid,
       {"record 3", "trials[1].median_ns"}},
      {[](Records& r) { r[2].mutable_trials()->mutable_trials()->RemoveLast(); },
       kInvalid,
       {"record 4", "lacks 1 trials"}},
      {[](Records& r) { *r[2].mutable_trials()->add_trials() = r[2].trials().trials(0); },
       kInvalid,
       {"record 3", "the contest lacks"}},
      {[](Records& r) { r.erase(r.begin() + 1); }, kInvalid, {"record 2", "lacks 0"}},
      {[](Records& r) { r.back().mutable_end()->set_contests(9); },
       kInvalid,
       {"record 6", "counts 9 contests", "2, 2"}},
      {[](Records& r) { r.push_back(r[0]); }, kInvalid, {"record 7", "after the end"}},
      {[](Records& r) { r[1].Clear(); }, kInvalid, {"record 2", "nothing that this daemon knows"}},
  };
  for (const Case& bad : cases) {
    auto records = RecordsOf({Sample(0), Sample(1)});
    bad.spoil(records);
    v1::ImportResponse response;
    const grpc::Status status = Import(records, &response);
    EXPECT_EQ(status.error_code(), bad.code) << status.error_message();
    for (const std::string& text : bad.says) {
      EXPECT_THAT(status.error_message(), HasSubstr(text));
    }
    EXPECT_THAT(status.error_message(), HasSubstr("nothing was changed"));
  }
  EXPECT_EQ(store_.Info().revision, 0u);
}

TEST_F(AdminTest, WhatWasStoredBeforeAnErrorStaysAndIsSaid) {
  std::vector<StoredContest> contests;
  for (int i = 0; i < 70; ++i) contests.push_back(Sample(i));
  auto records = RecordsOf(contests);
  records.back().mutable_end()->set_contests(71);
  v1::ImportResponse response;
  EXPECT_THAT(Import(records, &response),
              RpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                          HasSubstr("64 contests before it are stored and stay")));
  EXPECT_EQ(store_.LoadDecisions()->size(), 64u);
}

TEST_F(AdminTest, OnlySoManyCallsRunAtATime) {
  struct Open {
    grpc::ClientContext context;
    v1::ImportResponse response;
    std::unique_ptr<grpc::ClientWriter<v1::ImportRequest>> writer;
  };
  std::vector<std::unique_ptr<Open>> open;
  v1::ImportRequest header;
  header.mutable_record()->mutable_header()->set_format_version(1);
  for (int i = 0; i < 8; ++i) {
    auto& call = *open.emplace_back(std::make_unique<Open>());
    call.writer = admin_stub_->Import(&call.context, &call.response);
    ASSERT_TRUE(call.writer->Write(header));
    call.writer->WaitForInitialMetadata();
  }
  v1::ImportResponse response;
  EXPECT_THAT(Import(RecordsOf({}), &response),
              RpcStatusIs(grpc::StatusCode::RESOURCE_EXHAUSTED, HasSubstr("run already")));
  for (auto& call : open) {
    call->writer->WritesDone();
    EXPECT_THAT(call->writer->Finish(), RpcOk());
  }
  EXPECT_THAT(Import(RecordsOf({}), &response), RpcOk());
}

class BansTest : public AdminTest {
 protected:
  grpc::Status PutBan(const Ban& ban, v1::BanResponse* response) {
    grpc::ClientContext context;
    v1::BanRequest request;
    convert::ToProto(ban, request.mutable_ban());
    return admin_stub_->Ban(&context, request, response);
  }
  grpc::Status Unban(const Ban& ban, v1::UnbanResponse* response) {
    grpc::ClientContext context;
    v1::UnbanRequest request;
    convert::ToProto(ban, request.mutable_ban());
    return admin_stub_->Unban(&context, request, response);
  }
  std::vector<Ban> ListBans() {
    grpc::ClientContext context;
    v1::ListBansResponse response;
    EXPECT_THAT(admin_stub_->ListBans(&context, {}, &response), RpcOk());
    EXPECT_EQ(response.damaged(), 0u);
    std::vector<Ban> bans;
    for (const v1::Ban& ban : response.bans().bans()) {
      bans.push_back(convert::FromProto("", ban).value());
    }
    return bans;
  }
};

TEST_F(BansTest, AreStoredShownAndLifted) {
  Ban one = BanOf(SampleCandidate(1), "gemm");
  Ban runner = BanOf(SampleCandidate(-1).runner);
  v1::BanResponse banned;
  EXPECT_THAT(PutBan(one, &banned), RpcOk());
  EXPECT_FALSE(banned.replaced());
  EXPECT_THAT(PutBan(runner, &banned), RpcOk());
  one.reason = "crashes";
  EXPECT_THAT(PutBan(one, &banned), RpcOk());
  EXPECT_TRUE(banned.replaced());
  one.created_unix_ms = runner.created_unix_ms = clock_.UnixMillis();  // The daemon's clock.
  EXPECT_THAT(ListBans(), ElementsAre(one, runner));
  uint64_t damaged = 0;
  EXPECT_THAT(store_.LoadBans(damaged), IsOkAndHolds(ElementsAre(one, runner)));

  one.reason = "";  // Only what is banned counts.
  v1::UnbanResponse lifted;
  EXPECT_THAT(Unban(one, &lifted), RpcOk());
  EXPECT_TRUE(lifted.removed());
  EXPECT_THAT(Unban(one, &lifted), RpcOk());
  EXPECT_FALSE(lifted.removed());
  EXPECT_THAT(ListBans(), ElementsAre(runner));
}

TEST_F(BansTest, LookupAnswersWithTheNextCandidate) {
  Decision decision = SampleDecision(0);
  decision.key.environment = EnvironmentOf(lane_.Info(), lane_.Info().ops[0]);
  decision.key.policy = Resolve({}, DeviceKind::kHost);
  Publish(decision);
  const auto picks = [&] {
    grpc::ClientContext context;
    v1::LookupRequest request;
    convert::ToProto(decision.key.problem, request.mutable_problem());
    v1::LookupResponse response;
    EXPECT_THAT(stub_->Lookup(&context, request, &response), RpcOk());
    return response.decision().ranking_size();
  };
  ASSERT_EQ(picks(), 2);
  v1::BanResponse banned;
  ASSERT_THAT(PutBan(BanOf(decision.ranking[0].candidate), &banned), RpcOk());
  EXPECT_EQ(picks(), 1);
  ASSERT_THAT(PutBan(BanOf(decision.ranking[1].candidate), &banned), RpcOk());
  EXPECT_EQ(picks(), 0) << "a miss";
}

TEST_F(BansTest, EveryFieldIsChecked) {
  constexpr auto kInvalid = grpc::StatusCode::INVALID_ARGUMENT;
  const Ban good = BanOf(SampleCandidate(1), "gemm");
  v1::BanResponse banned;
  Ban bad = good;
  bad.reason = "";
  EXPECT_THAT(PutBan(bad, &banned), RpcStatusIs(kInvalid, HasSubstr("ban.reason")));
  bad.reason = "two\nlines";
  EXPECT_THAT(PutBan(bad, &banned), RpcStatusIs(kInvalid, HasSubstr("ban.reason")));
  bad = good;
  bad.client = std::string(129, 'x');
  EXPECT_THAT(PutBan(bad, &banned), RpcStatusIs(kInvalid, HasSubstr("ban.client")));
  bad = good;
  bad.op = "no name";
  EXPECT_THAT(PutBan(bad, &banned), RpcStatusIs(kInvalid, HasSubstr("ban.op")));
  bad = good;
  bad.runner.name = "";
  v1::UnbanResponse lifted;
  EXPECT_THAT(PutBan(bad, &banned), RpcStatusIs(kInvalid, HasSubstr("ban.runner.name")));
  EXPECT_THAT(Unban(bad, &lifted), RpcStatusIs(kInvalid, HasSubstr("ban.runner.name")));
  EXPECT_THAT(ListBans(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace tactic::testing
