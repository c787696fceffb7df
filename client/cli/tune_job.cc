#include "client/cli/tune_job.h"

#include <unistd.h>

#include <cstdio>
#include <random>
#include <string>

#include "client/cli/exit_codes.h"
#include "client/cli/follow.h"
#include "client/cli/format.h"
#include "client/cli/json.h"
#include "client/cli/requests.h"
#include "client/cli/spec.h"

namespace tactic::cli {
namespace {

// Unique enough that a retry is recognised and nobody else's request is.
std::string NewRequestId() {
  std::random_device random;
  char text[64];
  std::snprintf(text, sizeof(text), "tacticctl-%d-%08x%08x", getpid(), random(), random());
  return text;
}

Result<int> Detach(const Settings& settings, const Schemas& schemas, const v1::Job& job) {
  const std::string text = job.id() + ": " + Plural(job.contests_total(), "problem") + ", " +
                           std::to_string(job.contests_ended()) +
                           " already decided\nfollow it:  tacticctl jobs watch " + job.id() + "\n";
  const Check written = Write(settings.json ? Pretty(ToJson(schemas, job)) : text);
  if (!written.ok()) return written.error();
  return kExitOk;
}

}  // namespace

Result<v1::TuneRequest> NewTuneRequest(const JobFlags& flags) {
  v1::TuneRequest request;
  request.set_request_id(NewRequestId());
  request.set_client(ClientName());
  if (flags.deadline.empty()) return request;
  const auto deadline = ParseDuration(flags.deadline);
  if (!deadline.ok()) return InvalidArgument("--deadline: " + deadline.error().message);
  constexpr int64_t kMostMs = int64_t{7} * 24 * 3600 * 1000;
  const int64_t ms = *deadline / 1000000;
  if (ms < 1 || ms > kMostMs) {
    return InvalidArgument("--deadline " + flags.deadline + " is out of range: 1ms to 7d");
  }
  request.set_deadline_ms(static_cast<uint64_t>(ms));
  return request;
}

Result<int> RunJob(const Settings& settings, Connection& connection, const Schemas& schemas,
                   const v1::TuneRequest& request, const JobFlags& flags) {
  const auto response = connection.Call(&v1::Tuning::Stub::Tune, request);
  if (!response.ok()) return response.error();
  if (flags.detach) return Detach(settings, schemas, response->job());
  return Follow(settings, connection, schemas, response->job(),
                {.cancel_on_interrupt = flags.cancel_on_interrupt});
}

Result<int> RunJobsInTurn(const Settings& settings, Connection& connection, const Schemas& schemas,
                          const std::vector<v1::TuneRequest>& requests, const JobFlags& flags) {
  int code = kExitOk;
  for (const v1::TuneRequest& request : requests) {
    const auto ended = RunJob(settings, connection, schemas, request, flags);
    if (!ended.ok()) return ended;
    if (code == kExitOk) code = *ended;
    if (settings.interrupts->Seen()) break;
  }
  return code;
}

}  // namespace tactic::cli
