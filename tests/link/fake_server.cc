#include "tests/link/fake_server.h"

#include <functional>
#include <utility>

#include "proto/convert/convert.h"
#include "tests/support/samples.h"

namespace tactic::testing {
namespace {

constexpr std::chrono::seconds kPatience{20};

}  // namespace

// One Watch call.
struct FakeServer::Stream {
  grpc::ServerContext* context;
  grpc::ServerWriter<v1::WatchResponse>* writer;
  uint64_t sent = 0;  // Revision.
  int frames = 0;
};

FakeServer::FakeServer(std::string address, std::string store_id) : store_id_(std::move(store_id)) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
}

FakeServer::~FakeServer() {
  {
    std::lock_guard lock(mu_);
    stopping_ = true;
    changed_.notify_all();
  }
  server_->Shutdown(std::chrono::system_clock::now());
}

uint64_t FakeServer::Publish(Decision decision) {
  std::lock_guard lock(mu_);
  PublishLocked(std::move(decision));
  return revision_;
}

void FakeServer::PublishLocked(Decision decision) {
  const Fingerprint key = FingerprintOf(decision.key);
  std::erase_if(decisions_, [&](const auto& old) { return FingerprintOf(old.second.key) == key; });
  decision.id = decision.revision = ++revision_;
  decisions_[revision_] = std::move(decision);
  changed_.notify_all();
}

void FakeServer::CutStreamsAfter(int frames) {
  std::lock_guard lock(mu_);
  cut_after_ = frames;
}

void FakeServer::SayGoodbye() {
  std::lock_guard lock(mu_);
  goodbye_ = true;
  changed_.notify_all();
}

void FakeServer::AddUnreadableDecision() {
  std::lock_guard lock(mu_);
  unreadable_ = true;
}

void FakeServer::SetTuneMode(TuneMode mode) {
  std::lock_guard lock(mu_);
  tune_mode_ = mode;
}

void FakeServer::HideLanes(bool hide) {
  std::lock_guard lock(mu_);
  hide_lanes_ = hide;
}

bool FakeServer::AwaitLocked(std::unique_lock<std::mutex>& lock,
                             const std::function<bool()>& holds) {
  return changed_.wait_for(lock, kPatience, holds);
}

std::vector<v1::WatchRequest> FakeServer::AwaitWatches(size_t count) {
  std::unique_lock lock(mu_);
  AwaitLocked(lock, [&] { return watches_.size() >= count; });
  return watches_;
}

std::vector<v1::TuneRequest> FakeServer::AwaitTunes(size_t count) {
  std::unique_lock lock(mu_);
  AwaitLocked(lock, [&] { return tunes_.size() >= count; });
  return tunes_;
}

bool FakeServer::AwaitInfos(size_t count) {
  std::unique_lock lock(mu_);
  return AwaitLocked(lock, [&] { return infos_ >= count; });
}

size_t FakeServer::InfosAnswered() const {
  std::lock_guard lock(mu_);
  return infos_;
}

grpc::Status FakeServer::GetServerInfo(grpc::ServerContext*, const v1::GetServerInfoRequest*,
                                       v1::GetServerInfoResponse* response) {
  std::lock_guard lock(mu_);
  response->set_store_id(store_id_);
  response->set_revision(revision_);
  v1::Lane* lane = response->add_lanes();
  ++infos_;
  changed_.notify_all();
  if (hide_lanes_) return grpc::Status::OK;
  const Environment environment = SampleEnvironment();
  convert::ToProto(environment.device, lane->mutable_device());
  lane->set_driver(environment.driver);
  lane->set_runtime(environment.runtime);
  v1::OpInfo* op = lane->add_ops();
  convert::ToProto(GemmSchema(), op->mutable_schema());
  for (const Component& component : environment.components) {
    convert::ToProto(component, op->add_components());
  }
  return grpc::Status::OK;
}

grpc::Status FakeServer::Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                               grpc::ServerWriter<v1::WatchResponse>* writer) {
  Stream stream{context, writer};
  bool resume = false;
  {
    std::lock_guard lock(mu_);
    watches_.push_back(*request);
    changed_.notify_all();
    resume = request->store_id() == store_id_ && request->from_revision() <= revision_;
  }
  stream.sent = resume ? request->from_revision() : 0;
  const bool whole = (resume || SendSnapshot(stream)) && SendChanges(stream);
  if (!whole) return {grpc::StatusCode::UNAVAILABLE, "cut by the test"};
  v1::WatchResponse goodbye;
  goodbye.mutable_goodbye()->set_reason("test");
  Send(stream, goodbye);
  return grpc::Status::OK;
}

bool FakeServer::Send(Stream& stream, v1::WatchResponse frame) {
  {
    std::lock_guard lock(mu_);
    if (cut_after_ && stream.frames >= *cut_after_) return false;
  }
  ++stream.frames;
  frame.set_store_id(store_id_);
  return stream.writer->Write(frame);
}

bool FakeServer::SendSnapshot(Stream& stream) {
  std::vector<Decision> decisions;
  v1::WatchResponse begin, content, end;
  {
    std::lock_guard lock(mu_);
    for (const auto& [revision, decision] : decisions_) {
      convert::ToProto(decision, content.mutable_decisions()->add_decisions());
    }
    if (unreadable_) content.mutable_decisions()->add_decisions()->set_id(77);
    stream.sent = revision_;
  }
  begin.mutable_snapshot_begin();
  end.mutable_snapshot_end();
  end.set_revision(stream.sent);
  content.mutable_decisions();
  return Send(stream, begin) && Send(stream, content) && Send(stream, end);
}

// One decision a frame, so that a stream can be cut between any two. False: cut or stopped.
bool FakeServer::SendChanges(Stream& stream) {
  while (true) {
    v1::WatchResponse frame;
    {
      std::unique_lock lock(mu_);
      AwaitLocked(lock, [&] { return stopping_ || goodbye_ || revision_ > stream.sent; });
      if (stopping_) return false;
      const auto next = decisions_.upper_bound(stream.sent);
      if (next == decisions_.end()) {
        if (goodbye_) return true;
        if (stream.context->IsCancelled()) return false;
        continue;
      }
      stream.sent = next->first;
      frame.set_revision(next->first);
      convert::ToProto(next->second, frame.mutable_decisions()->add_decisions());
    }
    if (!Send(stream, frame)) return false;
  }
}

grpc::Status FakeServer::Tune(grpc::ServerContext*, const v1::TuneRequest* request,
                              v1::TuneResponse* response) {
  std::lock_guard lock(mu_);
  tunes_.push_back(*request);
  changed_.notify_all();
  if (tune_mode_ == TuneMode::kRefuse) return {grpc::StatusCode::NOT_FOUND, "refused by the test"};
  v1::Job& job = *response->mutable_job();
  job.set_id("j-" + std::to_string(tunes_.size()));
  job.set_state(tune_mode_ == TuneMode::kDecide ? v1::JOB_STATE_DONE : v1::JOB_STATE_RUNNING);
  for (const v1::Problem& message : request->problems()) {
    v1::Contest& contest = *job.add_contests();
    if (tune_mode_ == TuneMode::kNeverEnd) continue;
    auto problem = convert::FromProto("problem", message);
    Key key{*problem, SampleKey().policy, SampleEnvironment()};
    key.problem.attributes = GemmProblem().attributes;
    PublishLocked(SampleDecision(key));
    contest.set_state(v1::CONTEST_STATE_DECIDED);
    contest.set_decision_id(revision_);
  }
  jobs_[job.id()] = job;
  return grpc::Status::OK;
}

grpc::Status FakeServer::WatchJob(grpc::ServerContext* context, const v1::WatchJobRequest* request,
                                  grpc::ServerWriter<v1::WatchJobResponse>* writer) {
  std::unique_lock lock(mu_);
  v1::WatchJobResponse response;
  *response.mutable_job() = jobs_[request->id()];
  const bool ended = response.job().state() == v1::JOB_STATE_DONE;
  lock.unlock();
  writer->Write(response);
  lock.lock();
  if (!ended) AwaitLocked(lock, [&] { return stopping_ || context->IsCancelled(); });
  return grpc::Status::OK;
}

}  // namespace tactic::testing
