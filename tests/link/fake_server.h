// A daemon for tests of the client: real gRPC on a unix socket, decisions and answers from the
// test.
#pragma once

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tactic/model/decision.h"
#include "tactic/v1/tuning.grpc.pb.h"

namespace tactic::testing {

// Thread-safe. Keeps the contract of Watch: a snapshot, or what came after the position asked for.
class FakeServer final : public v1::Tuning::Service {
 public:
  // Listens on `address` at once.
  FakeServer(std::string address, std::string store_id);
  ~FakeServer() override;

  // Makes a decision visible, at the next revision, which it returns.
  uint64_t Publish(Decision decision);
  // Streams end with an error after this many frames each.
  void CutStreamsAfter(int frames);
  // A stream that has sent what there is ends with a Goodbye.
  void SayGoodbye();
  // The next snapshot also has a decision that cannot be read.
  void AddUnreadableDecision();
  // Tune decides each problem at once with SampleDecision's ranking (default), or refuses it, or
  // its job never ends.
  enum class TuneMode { kDecide, kRefuse, kNeverEnd };
  void SetTuneMode(TuneMode mode);
  // Without lanes from now on, as a daemon whose worker has not reported yet.
  void HideLanes(bool hide);

  // Wait until that many requests have come, for at most 20 s; the requests.
  std::vector<v1::WatchRequest> AwaitWatches(size_t count);
  std::vector<v1::TuneRequest> AwaitTunes(size_t count);
  size_t InfosAnswered() const;
  // Waits until GetServerInfo was answered that many times, for at most 20 s.
  bool AwaitInfos(size_t count);

  grpc::Status GetServerInfo(grpc::ServerContext* context, const v1::GetServerInfoRequest* request,
                             v1::GetServerInfoResponse* response) override;
  grpc::Status Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                     grpc::ServerWriter<v1::WatchResponse>* writer) override;
  grpc::Status Tune(grpc::ServerContext* context, const v1::TuneRequest* request,
                    v1::TuneResponse* response) override;
  grpc::Status WatchJob(grpc::ServerContext* context, const v1::WatchJobRequest* request,
                        grpc::ServerWriter<v1::WatchJobResponse>* writer) override;

 private:
  struct Stream;
  bool Send(Stream& stream, v1::WatchResponse frame);
  bool SendSnapshot(Stream& stream);
  bool SendChanges(Stream& stream);
  void PublishLocked(Decision decision);
  bool AwaitLocked(std::unique_lock<std::mutex>& lock, const std::function<bool()>& holds);

  const std::string store_id_;
  mutable std::mutex mu_;
  std::condition_variable changed_;
  // Guarded by mu_:
  bool stopping_ = false;
  uint64_t revision_ = 0;
  std::map<uint64_t, Decision> decisions_;  // By revision.
  std::optional<int> cut_after_;
  bool goodbye_ = false;
  bool unreadable_ = false;
  bool hide_lanes_ = false;
  TuneMode tune_mode_ = TuneMode::kDecide;
  std::vector<v1::WatchRequest> watches_;
  std::vector<v1::TuneRequest> tunes_;
  std::map<std::string, v1::Job> jobs_;
  size_t infos_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace tactic::testing
