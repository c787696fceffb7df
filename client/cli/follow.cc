#include "client/cli/follow.h"

#include <unistd.h>

#include <chrono>
#include <memory>
#include <utility>

#include "client/cli/exit_codes.h"
#include "client/cli/json.h"
#include "client/cli/progress.h"
#include "client/cli/requests.h"
#include "client/cli/summary.h"

namespace tactic::cli {
namespace {

// How long a daemon that went away may take to come back.
constexpr std::chrono::minutes kPatience(1);

class Follower {
 public:
  Follower(const Settings& settings, Connection& connection, const Schemas& schemas, v1::Job job,
           const FollowOptions& options)
      : settings_(settings),
        connection_(connection),
        schemas_(schemas),
        options_(options),
        job_(std::move(job)),
        progress_(stderr, ModeOf(settings, options), schemas,
                  [this](uint64_t id) { return Find(id); }) {}

  // Until the job has ended or the user interrupted.
  Check Run() {
    if (Check shown = Show(); !shown.ok()) return shown;
    while (!IsEnded(job_.state()) && !settings_.interrupts->Seen()) {
      const grpc::Status status = ReadUntilStreamEnds();
      if (settings_.interrupts->Seen() || IsEnded(job_.state())) break;
      if (status.ok())
        return Error{ErrorCode::kInternal, "the daemon stopped reporting on " + job_.id()};
      if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return connection_.ErrorOf(status);
      progress_.Note("the daemon went away; waiting for it (" + job_.id() + " will be resumed)");
      if (!connection_.WaitUntilBack(kPatience)) return connection_.ErrorOf(status);
    }
    progress_.Clear();
    return Ok();
  }

  const v1::Job& job() const { return job_; }

 private:
  static Progress::Mode ModeOf(const Settings& settings, const FollowOptions& options) {
    if (IsTerminal(STDERR_FILENO)) return Progress::Mode::kLive;
    return settings.json || options.stream ? Progress::Mode::kSilent : Progress::Mode::kLines;
  }

  grpc::Status ReadUntilStreamEnds() {
    v1::WatchJobRequest request;
    request.set_id(job_.id());
    grpc::ClientContext context;
    const auto stream = connection_.stub().WatchJob(&context, request);
    const Interrupts::Scope cancel(*settings_.interrupts, [&] { context.TryCancel(); });
    v1::WatchJobResponse response;
    while (stream->Read(&response)) {
      job_ = response.job();
      if (!Show().ok()) context.TryCancel();
    }
    return stream->Finish();
  }

  Check Show() {
    progress_.Update(job_);
    return options_.stream ? Write(OneLine(ToJson(schemas_, job_))) : Ok();
  }

  std::optional<Decision> Find(uint64_t id) {
    const auto found = FindById(connection_, id, false);
    return found.ok() ? std::optional(found->decision) : std::nullopt;
  }

  const Settings& settings_;
  Connection& connection_;
  const Schemas& schemas_;
  const FollowOptions options_;
  v1::Job job_;
  Progress progress_;
};

Result<int> EndInterrupted(Connection& connection, const v1::Job& job,
                           const FollowOptions& options) {
  if (!options.cancel_on_interrupt) {
    std::fprintf(stderr,
                 "\ninterrupted; %s goes on in the daemon.\n  follow it:  tacticctl jobs watch %s\n"
                 "  end it:     tacticctl jobs cancel %s\n",
                 job.id().c_str(), job.id().c_str(), job.id().c_str());
    return kExitInterrupted;
  }
  v1::CancelJobRequest request;
  request.set_id(job.id());
  const auto cancelled = connection.Call(&v1::Tuning::Stub::CancelJob, request);
  if (!cancelled.ok()) return cancelled.error();
  std::fprintf(stderr, "\ninterrupted; cancelled %s with %u of %u problems decided.\n",
               job.id().c_str(), job.contests_ended() - job.contests_failed(),
               job.contests_total());
  return kExitInterrupted;
}

}  // namespace

Result<int> Follow(const Settings& settings, Connection& connection, const Schemas& schemas,
                   const v1::Job& job, const FollowOptions& options) {
  v1::Job last;
  {
    Follower follower(settings, connection, schemas, job, options);
    if (const Check followed = follower.Run(); !followed.ok()) return followed.error();
    last = follower.job();
  }
  if (!IsEnded(last.state())) return EndInterrupted(connection, last, options);
  if (!options.stream) {
    const Check written = WriteSummary(settings, connection, schemas, last);
    if (!written.ok()) return written.error();
  }
  return AllDecided(last) ? kExitOk : kExitIncomplete;
}

}  // namespace tactic::cli
