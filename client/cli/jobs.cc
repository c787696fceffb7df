#include <string>

#include "client/cli/commands.h"
#include "client/cli/connection.h"
#include "client/cli/describe.h"
#include "client/cli/exit_codes.h"
#include "client/cli/follow.h"
#include "client/cli/format.h"
#include "client/cli/json.h"
#include "client/cli/requests.h"

namespace tactic::cli {
namespace {

std::string JobsTable(const v1::ListJobsResponse& response) {
  using Align = Table::Align;
  Table table({{"job"},
               {"state"},
               {"ended", Align::kRight},
               {"measured", Align::kRight},
               {"failed", Align::kRight},
               {"left", Align::kRight},
               {"created"},
               {"client"},
               {"message", Align::kLeft, true}});
  for (const v1::Job& job : response.jobs()) {
    table.Add({job.id(), StateName(job.state()),
               std::to_string(job.contests_ended()) + "/" + std::to_string(job.contests_total()),
               std::to_string(job.contests_measured()), std::to_string(job.contests_failed()),
               job.seconds_left() > 0 ? FormatSeconds(job.seconds_left()) : "-",
               FormatUtc(job.created_unix_ms()), job.client(), job.message()});
  }
  return response.jobs().empty() ? "no jobs\n" : table.Render(OutputWidth());
}

}  // namespace

Result<int> RunJobs(const Settings& settings, uint32_t limit) {
  auto connection = Connection::Open(settings.target, settings.timeout);
  if (!connection.ok()) return connection.error();
  v1::ListJobsRequest request;
  request.set_limit(limit);
  const auto response = connection->Call(&v1::Tuning::Stub::ListJobs, request);
  if (!response.ok()) return response.error();
  Json json = Json::array();
  for (const v1::Job& job : response->jobs()) json.push_back(ToJson(Schemas(), job));
  const Check written = Write(settings.json ? Pretty(json) : JobsTable(*response));
  if (!written.ok()) return written.error();
  return kExitOk;
}

Result<int> RunJobsCancel(const Settings& settings, const std::string& id) {
  auto connection = Connection::Open(settings.target, settings.timeout);
  if (!connection.ok()) return connection.error();
  v1::CancelJobRequest request;
  request.set_id(id);
  const auto response = connection->Call(&v1::Tuning::Stub::CancelJob, request);
  if (!response.ok()) return response.error();
  const v1::Job& job = response->job();
  const std::string text = Printable(job.id()) + " " + StateName(job.state()) + ": " +
                           std::to_string(job.contests_ended()) + " of " +
                           std::to_string(job.contests_total()) + " problems had ended\n";
  const Check written = Write(settings.json ? Pretty(ToJson(Schemas(), job)) : text);
  if (!written.ok()) return written.error();
  return kExitOk;
}

Result<int> RunJobsWatch(const Settings& settings, const JobsWatchFlags& flags) {
  auto connection = Connection::Open(settings.target, settings.timeout);
  if (!connection.ok()) return connection.error();
  v1::GetJobRequest request;
  request.set_id(flags.id);
  const auto job = connection->Call(&v1::Tuning::Stub::GetJob, request);
  if (!job.ok()) return job.error();
  const auto info = connection->Call(&v1::Tuning::Stub::GetServerInfo, v1::GetServerInfoRequest());
  if (!info.ok()) return info.error();
  return Follow(settings, *connection, Schemas(*info), job->job(),
                {.cancel_on_interrupt = flags.cancel_on_interrupt, .stream = settings.json});
}

}  // namespace tactic::cli
