#include "client/link/tune_call.h"

#include <algorithm>
#include <random>

#include "client/link/evidence.h"
#include "proto/convert/convert.h"

namespace tactic::link {
namespace {

constexpr Millis kCallDeadline{5'000};

grpc::Status Send(v1::Tuning::Stub& stub, const v1::TuneRequest& request, const TimeLimit& limit,
                  v1::Job& job) {
  return Retry(limit, [&] {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    SetDeadline(context, std::min(limit.Rest(), kCallDeadline));
    v1::TuneResponse response;
    const grpc::Status status = stub.Tune(&context, request, &response);
    if (status.ok()) job = response.job();
    return status;
  });
}

bool Ended(const v1::Job& job) {
  return job.state() != v1::JOB_STATE_QUEUED && job.state() != v1::JOB_STATE_RUNNING;
}

// Follows the job to its end, attaching again after each break.
grpc::Status Follow(v1::Tuning::Stub& stub, const TimeLimit& limit, v1::Job& job) {
  if (Ended(job)) return grpc::Status::OK;
  return Retry(limit, [&] {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    SetDeadline(context, limit.Rest());
    v1::WatchJobRequest request;
    request.set_id(job.id());
    const auto reader = stub.WatchJob(&context, request);
    v1::WatchJobResponse response;
    while (reader->Read(&response)) job = response.job();
    grpc::Status status = reader->Finish();
    if (Ended(job)) return grpc::Status::OK;
    if (status.ok()) status = {grpc::StatusCode::UNAVAILABLE, "the daemon ended the stream"};
    return status;
  });
}

// Waits until the table holds all that is decided now.
bool WaitForTable(v1::Tuning::Stub& stub, StatusBoard& board, const TimeLimit& limit) {
  v1::GetServerInfoResponse info;
  const grpc::Status status = Retry(limit, [&] {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    SetDeadline(context, std::min(limit.Rest(), kCallDeadline));
    return stub.GetServerInfo(&context, {}, &info);
  });
  return status.ok() &&
         board.WaitForRevision(info.store_id(), info.revision(), std::max(limit.Rest(), Millis(0)));
}

TuneOutcome OutcomeOf(const v1::Job& job) {
  TuneOutcome outcome;
  outcome.finished = true;
  for (const v1::Contest& contest : job.contests()) {
    if (contest.state() == v1::CONTEST_STATE_DECIDED) {
      ++outcome.decided;
      continue;
    }
    ++outcome.failed;
    if (outcome.message.empty()) outcome.message = contest.message();
  }
  if (job.state() != v1::JOB_STATE_DONE) {
    outcome.message = "job " + job.id() + " ended early: " + job.message();
  }
  return outcome;
}

// For the statistics. A daemon that does not tell leaves out the details.
void NoteTuned(v1::Tuning::Stub& stub, const TimeLimit& limit, const v1::Job& job, Cache& cache) {
  bool ask = true;
  for (const v1::Contest& contest : job.contests()) {
    const bool decided = contest.state() == v1::CONTEST_STATE_DECIDED;
    const bool failed = contest.state() == v1::CONTEST_STATE_FAILED;
    const auto problem = convert::FromProto("problem.", contest.problem());
    if (!problem.ok() || contest.already_decided() || (!decided && !failed)) continue;
    TunedProfile profile{problem->op, ToText(*problem), decided, contest.message(), 0, {}};
    if (ask && decided) ask = ReadEvidence(stub, limit, contest.decision_id(), profile).ok();
    cache.NoteTuned(std::move(profile));
  }
}

TuneOutcome Unfinished(const std::string& what, const std::string& why) {
  TuneOutcome outcome;
  outcome.message = what + ": " + why;
  return outcome;
}

}  // namespace

std::string NewRequestId() {
  std::random_device random;
  std::string id = "c";
  for (int i = 0; i < 4; ++i) id += "-" + std::to_string(random());
  return id;
}

v1::TuneRequest MakeTuneRequest(const std::string& client, const std::vector<Problem>& problems,
                                const MeasurementPolicy& policy) {
  v1::TuneRequest request;
  request.set_request_id(NewRequestId());
  request.set_client(client);
  for (const Problem& problem : problems) convert::ToProto(problem, request.add_problems());
  convert::ToProto(policy, request.mutable_policy());
  return request;
}

TuneOutcome TuneAndWait(v1::Tuning::Stub& stub, StatusBoard& board, Cache& cache,
                        v1::TuneRequest request, TimeLimit limit) {
  v1::Job job;
  grpc::Status status = Send(stub, request, limit, job);
  if (!status.ok()) return Unfinished("the daemon did not take the request", ToText(status));
  board.CountSent();
  status = Follow(stub, limit, job);
  if (!status.ok()) return Unfinished("job " + job.id() + " goes on", ToText(status));
  NoteTuned(stub, limit, job, cache);
  TuneOutcome outcome = OutcomeOf(job);
  if (outcome.decided > 0 && !WaitForTable(stub, board, limit)) {
    outcome.finished = false;
    outcome.message = "job " + job.id() + " is done, but the table does not hold it yet";
  }
  return outcome;
}

}  // namespace tactic::link
