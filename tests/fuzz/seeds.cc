// Writes the seeds of the fuzz targets: sound inputs, from which the fuzzer goes on. Argument: the
// folder, in which each target has one of its own.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "proto/convert/contest.h"
#include "proto/convert/convert.h"
#include "proto/wire/frame.h"
#include "tactic/model/codec.h"
#include "tactic/v1/admin.pb.h"
#include "tactic/v1/tuning.pb.h"
#include "tactic/v1/worker.pb.h"
#include "tests/support/ban_samples.h"
#include "tests/support/contest_samples.h"
#include "tests/support/samples.h"
#include "tests/table/fixture.h"

namespace tactic::fuzz {
namespace {

// Seeds of one target, numbered. The first byte of a seed picks what the target does with it.
class Folder {
 public:
  explicit Folder(std::filesystem::path path) : path_(std::move(path)) {
    std::filesystem::create_directories(path_);
  }
  void Add(int first, const std::string& bytes) {
    std::ofstream out(path_ / ("seed" + std::to_string(count_++)), std::ios::binary);
    out << static_cast<char>(first) << bytes;
    out.exceptions(std::ios::failbit);
    out.close();
  }
  void Add(int first, const google::protobuf::Message& message) {
    Add(first, message.SerializeAsString());
  }

 private:
  std::filesystem::path path_;
  int count_ = 0;
};

void WriteCodecSeeds(Folder folder) {
  folder.Add(0, Encode(testing::SampleKey()));
  folder.Add(1, Encode(testing::SampleEnvironment()));
  folder.Add(2, Encode(testing::SampleCandidate(1)));
  folder.Add(3, Encode(testing::SampleDecision().ranking));
  folder.Add(4, Encode(testing::SampleEvidence().trials[0].samples));
}

void WriteFrameSeeds(Folder folder) {
  const std::string stream = *wire::EncodeFrame("") + *wire::EncodeFrame("payload");
  folder.Add(0, stream);
  folder.Add(255, stream + "TCTF");
}

void WriteTableSeeds(Folder folder) {
  const std::string image = *testing::SampleBuilder().Image(testing::SampleFacts());
  folder.Add(0, image);
  folder.Add(1, image);
  folder.Add(1, *table::Builder().Image({}));
}

void WriteLiteralSeeds(Folder folder) {
  folder.Add(0, "('op', 'R', \"('x', 1)\", ((-1, 64), (0,)))");
  folder.Add(0, "{'a': [None, True, -1.5e3], (1,): 'it\\'s \\x41'}");
  folder.Add(1, R"json({"metadata": {"device_capability": [9, 0]}, "cache_data": {)json"
                R"json("('o', 'R', '()', ((4,),))": )json"
                R"json({"runner_id": 0, "tactic": {"t": 1}, "min_time": Infinity}}})json");
  folder.Add(
      2, R"json({"_metadata": {"gpu": "x"}, "('o', 'R', ((4,),), (1,))": ["R", [1, [2]]]})json");
}

void WriteServiceSeeds(Folder& folder) {
  const Decision decision = testing::SampleDecision();
  v1::LookupRequest lookup;
  convert::ToProto(decision.key.problem, lookup.mutable_problem());
  convert::ToProto(decision.key.policy, lookup.mutable_policy());
  convert::ToProto(decision.key.environment, lookup.mutable_environment());
  folder.Add(0, lookup);
  v1::TuneRequest tune;
  tune.set_request_id("request-1");
  convert::ToProto(decision.key.problem, tune.add_problems());
  convert::ToProto(decision.key.policy, tune.mutable_policy());
  tune.add_runners("host_blocked");
  folder.Add(1, tune);
  v1::LookupResponse found;
  convert::ToProto(decision, found.mutable_decision());
  for (const Trial& trial : testing::SampleEvidence().trials) {
    convert::ToProto(trial, found.mutable_evidence()->add_trials());
  }
  folder.Add(2, found);
  v1::WatchResponse change;
  convert::ToProto(decision, change.mutable_decisions()->add_decisions());
  folder.Add(3, change);
  v1::BanRequest ban;
  convert::ToProto(testing::BanOf(decision.ranking[0].candidate, "gemm"), ban.mutable_ban());
  folder.Add(11, ban);
  *change.mutable_bans()->add_bans() = ban.ban();
  folder.Add(3, change);
  v1::GetServerInfoResponse info;
  v1::Lane* lane = info.add_lanes();
  convert::ToProto(decision.key.environment.device, lane->mutable_device());
  convert::ToProto(testing::GemmSchema(), lane->add_ops()->mutable_schema());
  convert::ToProto(decision.ranking[0].candidate.runner, lane->mutable_ops(0)->add_runners());
  convert::ToProto(decision.key.environment.components[0], lane->mutable_ops(0)->add_components());
  folder.Add(4, info);
}

void WriteWorkerSeeds(Folder& folder) {
  v1::FromWorker ready;
  convert::ToProto(testing::SampleEnvironment().device, ready.mutable_ready()->mutable_device());
  convert::ToProto(testing::GemmSchema(), ready.mutable_ready()->add_ops()->mutable_schema());
  folder.Add(5, ready);
  v1::FromWorker candidates;
  convert::ToProto(testing::SampleCandidate(1), candidates.mutable_candidates()->add_candidates());
  folder.Add(5, candidates);
  v1::FromWorker observed;
  v1::Observed::Item* item = observed.mutable_observed()->add_items();
  item->set_outcome(v1::OUTCOME_MEASURED);
  item->set_nanoseconds(1000);
  folder.Add(5, observed);
  v1::ToWorker run;
  convert::ToProto(testing::GemmProblem(), run.mutable_run()->mutable_problem());
  convert::ToProto(testing::SampleCandidate(), run.mutable_run()->mutable_incumbent());
  convert::ToProto(testing::SampleEvidence().trials[0], run.mutable_run()->add_earlier());
  folder.Add(6, run);
}

void WriteLeaseSeeds(Folder& folder) {
  v1::AcquireLeaseRequest acquire;
  convert::ToProto(testing::SampleKey(), acquire.mutable_key());
  acquire.set_client("engine");
  folder.Add(7, acquire);
  v1::ReportTrialsRequest report;
  report.mutable_lease()->set_key(ToHex(FingerprintOf(testing::SampleKey())));
  report.mutable_lease()->set_epoch("run-1");
  convert::ToProto(testing::SampleCandidate(0), report.add_candidates());
  convert::ToProto(testing::Results({{0, 100}, {1, 0}}), &report);
  report.set_launching(0);
  folder.Add(8, report);
  v1::CompleteLeaseRequest complete;
  convert::ToProto(testing::VerdictOver(2, {1, 0}), complete.mutable_verdict());
  folder.Add(9, complete);
}

void WriteExportSeeds(Folder& folder) {
  const Decision decision = testing::SampleDecision();
  v1::ExportRecord contest;
  convert::ToProto(decision.key, contest.mutable_contest()->mutable_key());
  convert::ToProto(decision, contest.mutable_contest()->mutable_decision());
  contest.mutable_contest()->mutable_decision()->clear_key();
  folder.Add(10, contest);
  v1::ExportRecord trials;
  convert::ToProto(testing::SampleEvidence().trials[0], trials.mutable_trials()->add_trials());
  folder.Add(10, trials);
}

}  // namespace
}  // namespace tactic::fuzz

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  const std::filesystem::path root = argv[1];
  tactic::fuzz::WriteCodecSeeds(tactic::fuzz::Folder(root / "fuzz_codec"));
  tactic::fuzz::WriteFrameSeeds(tactic::fuzz::Folder(root / "fuzz_frame"));
  tactic::fuzz::WriteTableSeeds(tactic::fuzz::Folder(root / "fuzz_table"));
  tactic::fuzz::WriteLiteralSeeds(tactic::fuzz::Folder(root / "fuzz_literal"));
  tactic::fuzz::Folder requests(root / "fuzz_requests");
  tactic::fuzz::WriteServiceSeeds(requests);
  tactic::fuzz::WriteWorkerSeeds(requests);
  tactic::fuzz::WriteLeaseSeeds(requests);
  tactic::fuzz::WriteExportSeeds(requests);
  return 0;
}
