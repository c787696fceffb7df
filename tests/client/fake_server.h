// A server of tuning.proto that does what a test tells it, on a unix socket or a TCP port. It
// decides what it is asked to tune at once, unless told otherwise.
#pragma once

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tactic/model/decision.h"
#include "tactic/v1/tuning.grpc.pb.h"

namespace tactic::testing {

// What a FakeServer starts with.
struct FakeStore {
  std::string id = "store-1";
  std::vector<Decision> decisions;  // Their revisions are 1, 2, 3….
  // Jobs that an earlier server of the same store took.
  std::map<std::string, v1::TuneRequest> jobs;
  // Streams end after so many frames each; those after the last of the list do not.
  std::deque<int> cuts;
};

class FakeServer final : private v1::Tuning::Service {
 public:
  // Listens at once.
  FakeServer(const std::string& address, FakeStore store);
  ~FakeServer() override;

  // Where a client reaches it.
  std::string target() const { return target_; }

  // Gives the decision the next id and revision and sends it to who watches.
  uint64_t Put(Decision decision);

  // From now on nothing is written; streams stay open.
  void FallSilent();
  // Ends each open stream with a Goodbye.
  void SayGoodbye();
  // Sends this to one stream, as it is.
  void Send(v1::WatchResponse frame);
  // Sends a change that bears another store's id, with no snapshot before it.
  void SendForeignChange(const Decision& decision);
  // What GetServerInfo says of its lane: with no ops, or as it starts with gemm.
  void SetLaneReady(bool ready);
  // What Tune answers, that many times, before it takes a request.
  void RefuseTune(grpc::StatusCode code, int times);
  // Jobs stay RUNNING until Release; jobs fail with a message.
  void HoldJobs();
  void ReleaseJobs();
  void FailJobs(std::string message);
  // What Lookup gives as evidence of every decision; without it, Lookup is not known.
  void SetEvidence(Evidence evidence);
  // Tune calls hang until the client gives up.
  void HangInTune();

  // These wait until there are at least so many, and give them.
  std::vector<v1::WatchRequest> WaitForWatches(size_t count);
  std::vector<v1::TuneRequest> WaitForTunes(size_t count);
  std::vector<std::string> WaitForJobWatches(size_t count);
  std::vector<v1::ReportMissesRequest> WaitForReports(size_t count);
  size_t tunes() const;

  size_t snapshots() const;
  uint64_t revision() const;

 private:
  struct Stream;
  grpc::Status GetServerInfo(grpc::ServerContext*, const v1::GetServerInfoRequest*,
                             v1::GetServerInfoResponse* response) override;
  grpc::Status Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                     grpc::ServerWriter<v1::WatchResponse>* writer) override;
  grpc::Status Tune(grpc::ServerContext* context, const v1::TuneRequest* request,
                    v1::TuneResponse* response) override;
  grpc::Status WatchJob(grpc::ServerContext* context, const v1::WatchJobRequest* request,
                        grpc::ServerWriter<v1::WatchJobResponse>* writer) override;
  grpc::Status Lookup(grpc::ServerContext* context, const v1::LookupRequest* request,
                      v1::LookupResponse* response) override;
  grpc::Status ReportMisses(grpc::ServerContext* context, const v1::ReportMissesRequest* request,
                            v1::ReportMissesResponse* response) override;

  uint64_t PutLocked(Decision decision);
  void Decide(const v1::TuneRequest& request, v1::Job& job);  // REQUIRES: mu_.
  bool SendSnapshot(Stream& stream);
  bool SendChanges(Stream& stream);
  // Waits until `ready` or the call is cancelled or the server stops. False: one of the latter.
  template <typename Ready>
  bool WaitFor(std::unique_lock<std::mutex>& lock, grpc::ServerContext* context, Ready ready);

  const std::string store_id_;
  std::string target_;

  mutable std::mutex mu_;
  std::condition_variable changed_;
  // Guarded by mu_:
  bool stopping_ = false;
  bool silent_ = false;
  bool lane_ready_ = true;
  bool hold_jobs_ = false;
  bool hang_in_tune_ = false;
  int goodbyes_ = 0;
  int refusals_ = 0;
  size_t snapshots_ = 0;
  uint64_t revision_ = 0;
  grpc::StatusCode refusal_ = grpc::StatusCode::OK;
  std::string job_failure_;
  std::deque<int> cuts_;
  std::deque<v1::WatchResponse> to_send_;
  std::map<uint64_t, Decision> by_revision_;
  std::map<std::string, v1::TuneRequest> jobs_;
  std::vector<v1::WatchRequest> watches_;
  std::vector<v1::TuneRequest> tunes_;
  std::vector<std::string> job_watches_;
  std::vector<v1::ReportMissesRequest> reports_;
  std::optional<Evidence> evidence_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace tactic::testing
