#include "tests/client/fake_server.h"

#include <gtest/gtest.h>

#include <chrono>
#include <utility>

#include "proto/convert/convert.h"
#include "tests/client/gemm_op.h"

namespace tactic::testing {
namespace {

using std::chrono::milliseconds;

// How long a test waits for what must come.
constexpr std::chrono::seconds kPatience{60};
// How often a handler looks whether its call was cancelled: the synchronous API has no event for
// it.
constexpr milliseconds kCancelCheck{5};

void AddLane(v1::GetServerInfoResponse& info) {
  const Environment environment = HostEnvironment();
  v1::Lane& lane = *info.add_lanes();
  lane.set_name("host");
  lane.set_state(v1::LANE_STATE_READY);
  convert::ToProto(environment.device, lane.mutable_device());
  v1::OpInfo& op = *lane.add_ops();
  const InputSchema a{"a", {"m", "k"}, {DType::kF32}, {Layout::kRowMajor}, false};
  const InputSchema b{"b", {"k", "n"}, {DType::kF32}, {Layout::kRowMajor}, true};
  convert::ToProto(OpSchema{"gemm", {a, b}, {}}, op.mutable_schema());
  for (const Component& component : environment.components) {
    convert::ToProto(component, op.add_components());
  }
}

}  // namespace

struct FakeServer::Stream {
  grpc::ServerContext* context;
  grpc::ServerWriter<v1::WatchResponse>* writer;
  uint64_t sent = 0;     // Revision.
  int goodbyes = 0;      // Said before it began.
  int frames_left = -1;  // -1: no limit.

  // False: the stream ends here.
  bool Write(const v1::WatchResponse& frame) {
    if (frames_left == 0) return false;
    if (frames_left > 0) --frames_left;
    return writer->Write(frame);
  }
};

FakeServer::FakeServer(const std::string& address, FakeStore store)
    : store_id_(std::move(store.id)), cuts_(std::move(store.cuts)), jobs_(std::move(store.jobs)) {
  for (const Decision& decision : store.decisions) PutLocked(decision);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
  EXPECT_NE(server_, nullptr) << "cannot listen on " << address;
  target_ = address.starts_with("unix:") ? address : "localhost:" + std::to_string(port);
}

FakeServer::~FakeServer() {
  {
    std::lock_guard lock(mu_);
    stopping_ = true;
    changed_.notify_all();
  }
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

uint64_t FakeServer::PutLocked(Decision decision) {
  decision.id = decision.revision = ++revision_;
  std::erase_if(by_revision_, [&](const auto& held) { return held.second.key == decision.key; });
  by_revision_[revision_] = std::move(decision);
  changed_.notify_all();
  return revision_;
}

uint64_t FakeServer::Put(Decision decision) {
  std::lock_guard lock(mu_);
  return PutLocked(std::move(decision));
}

void FakeServer::FallSilent() {
  std::lock_guard lock(mu_);
  silent_ = true;
}

void FakeServer::SayGoodbye() {
  std::lock_guard lock(mu_);
  ++goodbyes_;
  changed_.notify_all();
}

void FakeServer::Send(v1::WatchResponse frame) {
  std::lock_guard lock(mu_);
  to_send_.push_back(std::move(frame));
  changed_.notify_all();
}

void FakeServer::SendForeignChange(const Decision& decision) {
  v1::WatchResponse frame;
  frame.set_store_id("another store");
  frame.set_revision(1000);
  convert::ToProto(decision, frame.mutable_decisions()->add_decisions());
  Send(std::move(frame));
}

void FakeServer::SetLaneReady(bool ready) {
  std::lock_guard lock(mu_);
  lane_ready_ = ready;
}

void FakeServer::RefuseTune(grpc::StatusCode code, int times) {
  std::lock_guard lock(mu_);
  refusal_ = code;
  refusals_ = times;
}

void FakeServer::HoldJobs() {
  std::lock_guard lock(mu_);
  hold_jobs_ = true;
}

void FakeServer::ReleaseJobs() {
  std::lock_guard lock(mu_);
  hold_jobs_ = false;
  changed_.notify_all();
}

void FakeServer::FailJobs(std::string message) {
  std::lock_guard lock(mu_);
  job_failure_ = std::move(message);
}

void FakeServer::SetEvidence(Evidence evidence) {
  std::lock_guard lock(mu_);
  evidence_ = std::move(evidence);
}

size_t FakeServer::tunes() const {
  std::lock_guard lock(mu_);
  return tunes_.size();
}

void FakeServer::HangInTune() {
  std::lock_guard lock(mu_);
  hang_in_tune_ = true;
}

std::vector<v1::WatchRequest> FakeServer::WaitForWatches(size_t count) {
  std::unique_lock lock(mu_);
  EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return watches_.size() >= count; }));
  return watches_;
}

std::vector<v1::TuneRequest> FakeServer::WaitForTunes(size_t count) {
  std::unique_lock lock(mu_);
  EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return tunes_.size() >= count; }));
  return tunes_;
}

std::vector<std::string> FakeServer::WaitForJobWatches(size_t count) {
  std::unique_lock lock(mu_);
  EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return job_watches_.size() >= count; }));
  return job_watches_;
}

std::vector<v1::ReportMissesRequest> FakeServer::WaitForReports(size_t count) {
  std::unique_lock lock(mu_);
  EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return reports_.size() >= count; }));
  return reports_;
}

size_t FakeServer::snapshots() const {
  std::lock_guard lock(mu_);
  return snapshots_;
}

uint64_t FakeServer::revision() const {
  std::lock_guard lock(mu_);
  return revision_;
}

template <typename Ready>
bool FakeServer::WaitFor(std::unique_lock<std::mutex>& lock, grpc::ServerContext* context,
                         Ready ready) {
  while (!stopping_ && !context->IsCancelled()) {
    if (ready()) return true;
    changed_.wait_for(lock, kCancelCheck);
  }
  return false;
}

grpc::Status FakeServer::GetServerInfo(grpc::ServerContext*, const v1::GetServerInfoRequest*,
                                       v1::GetServerInfoResponse* response) {
  std::lock_guard lock(mu_);
  response->set_store_id(store_id_);
  response->set_revision(revision_);
  if (lane_ready_) AddLane(*response);
  return grpc::Status::OK;
}

bool FakeServer::SendSnapshot(Stream& stream) {
  std::vector<Decision> decisions;
  uint64_t revision = 0;
  {
    std::lock_guard lock(mu_);
    ++snapshots_;
    revision = revision_;
    for (const auto& [at, decision] : by_revision_) decisions.push_back(decision);
  }
  v1::WatchResponse frame;
  frame.set_store_id(store_id_);
  frame.mutable_snapshot_begin();
  if (!stream.Write(frame)) return false;
  for (const Decision& decision : decisions) {
    frame.mutable_decisions()->clear_decisions();
    convert::ToProto(decision, frame.mutable_decisions()->add_decisions());
    if (!stream.Write(frame)) return false;
  }
  frame.mutable_snapshot_end();
  frame.set_revision(revision);
  stream.sent = revision;
  return stream.Write(frame);
}

bool FakeServer::SendChanges(Stream& stream) {
  std::unique_lock lock(mu_);
  const int goodbyes = stream.goodbyes;
  while (WaitFor(lock, stream.context, [&] {
    return !silent_ && (revision_ > stream.sent || goodbyes_ > goodbyes || !to_send_.empty());
  })) {
    v1::WatchResponse frame;
    frame.set_store_id(store_id_);
    if (goodbyes_ > goodbyes) {
      frame.set_revision(stream.sent);
      frame.mutable_goodbye()->set_reason("test");
      frame.mutable_goodbye()->set_reconnect_after_ms(1);
    } else if (!to_send_.empty()) {
      frame = std::move(to_send_.front());
      to_send_.pop_front();
    } else {
      const auto next = by_revision_.upper_bound(stream.sent);
      stream.sent = next->first;
      frame.set_revision(next->first);
      convert::ToProto(next->second, frame.mutable_decisions()->add_decisions());
    }
    lock.unlock();
    if (!stream.Write(frame)) return false;
    if (frame.has_goodbye()) return true;
    lock.lock();
  }
  return true;
}

grpc::Status FakeServer::Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                               grpc::ServerWriter<v1::WatchResponse>* writer) {
  Stream stream{context, writer};
  bool resumes = false;
  {
    std::lock_guard lock(mu_);
    watches_.push_back(*request);
    changed_.notify_all();
    if (!cuts_.empty()) {
      stream.frames_left = cuts_.front();
      cuts_.pop_front();
    }
    resumes = request->store_id() == store_id_ && request->from_revision() <= revision_;
    stream.sent = request->from_revision();
    stream.goodbyes = goodbyes_;
  }
  const bool ended_well = (resumes || SendSnapshot(stream)) && SendChanges(stream);
  return ended_well ? grpc::Status::OK : grpc::Status(grpc::StatusCode::UNAVAILABLE, "cut");
}

void FakeServer::Decide(const v1::TuneRequest& request, v1::Job& job) {
  for (const v1::Problem& problem : request.problems()) {
    v1::Contest& contest = *job.add_contests();
    *contest.mutable_problem() = problem;
    if (!job_failure_.empty()) {
      contest.set_state(v1::CONTEST_STATE_FAILED);
      contest.set_message(job_failure_);
      continue;
    }
    const Problem what = convert::FromProto("problem", problem).value();
    contest.set_decision_id(PutLocked(DecisionFor(what, revision_ + 1, 0)));
    contest.set_state(v1::CONTEST_STATE_DECIDED);
  }
  job.set_state(v1::JOB_STATE_DONE);
}

grpc::Status FakeServer::Tune(grpc::ServerContext* context, const v1::TuneRequest* request,
                              v1::TuneResponse* response) {
  std::unique_lock lock(mu_);
  tunes_.push_back(*request);
  changed_.notify_all();
  if (hang_in_tune_) {
    WaitFor(lock, context, [] { return false; });
    return {grpc::StatusCode::CANCELLED, "given up"};
  }
  if (refusals_ > 0) {
    --refusals_;
    return {refusal_, "refused by the test"};
  }
  v1::Job& job = *response->mutable_job();
  job.set_id("job-" + request->request_id());
  jobs_[job.id()] = *request;
  job.set_state(v1::JOB_STATE_RUNNING);
  if (!hold_jobs_) Decide(*request, job);
  return grpc::Status::OK;
}

grpc::Status FakeServer::WatchJob(grpc::ServerContext* context, const v1::WatchJobRequest* request,
                                  grpc::ServerWriter<v1::WatchJobResponse>* writer) {
  std::unique_lock lock(mu_);
  job_watches_.push_back(request->id());
  changed_.notify_all();
  const auto job = jobs_.find(request->id());
  if (job == jobs_.end()) return {grpc::StatusCode::NOT_FOUND, "no such job"};
  if (!WaitFor(lock, context, [&] { return !hold_jobs_; })) {
    return {grpc::StatusCode::UNAVAILABLE, "stopping"};
  }
  v1::WatchJobResponse response;
  response.mutable_job()->set_id(request->id());
  Decide(job->second, *response.mutable_job());
  lock.unlock();
  writer->Write(response);
  return grpc::Status::OK;
}

grpc::Status FakeServer::Lookup(grpc::ServerContext*, const v1::LookupRequest* request,
                                v1::LookupResponse* response) {
  std::lock_guard lock(mu_);
  if (!evidence_) return {grpc::StatusCode::UNIMPLEMENTED, "an older daemon"};
  const auto decision = by_revision_.find(request->decision_id());
  // One that was superseded meanwhile has its evidence too, as in the daemon.
  if (decision != by_revision_.end()) {
    convert::ToProto(decision->second, response->mutable_decision());
  }
  response->mutable_evidence()->set_seconds(evidence_->seconds);
  for (const Trial& trial : evidence_->trials) {
    convert::ToProto(trial, response->mutable_evidence()->add_trials());
  }
  return grpc::Status::OK;
}

grpc::Status FakeServer::ReportMisses(grpc::ServerContext*, const v1::ReportMissesRequest* request,
                                      v1::ReportMissesResponse* response) {
  std::lock_guard lock(mu_);
  reports_.push_back(*request);
  response->set_taken(static_cast<uint32_t>(request->misses_size()));
  changed_.notify_all();
  return grpc::Status::OK;
}

}  // namespace tactic::testing
