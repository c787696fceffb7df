#include <string>

#include "client/cli/commands.h"
#include "client/cli/connection.h"
#include "client/cli/describe.h"
#include "client/cli/requests.h"
#include "client/cli/tune_job.h"
#include "proto/convert/convert.h"

namespace tactic::cli {
namespace {

Result<v1::TuneRequest> MakeRequest(const OpSchema& schema, const TuneFlags& flags) {
  const auto problems = MakeProblems(schema, flags.problems);
  if (!problems.ok()) return problems.error();
  const auto policy = MakePolicy(flags.problems);
  if (!policy.ok()) return policy.error();
  auto request = NewTuneRequest(flags.job);
  if (!request.ok()) return request;
  for (const Problem& problem : *problems) convert::ToProto(problem, request->add_problems());
  convert::ToProto(*policy, request->mutable_policy());
  for (const std::string& runner : flags.runners) request->add_runners(runner);
  request->set_again(flags.again);
  return request;
}

}  // namespace

Result<int> RunTune(const Settings& settings, const TuneFlags& flags) {
  auto connection = Connection::Open(settings.target, settings.timeout);
  if (!connection.ok()) return connection.error();
  const auto info = GetReadyServerInfo(*connection);
  if (!info.ok()) return info.error();
  const Schemas schemas(*info);
  const auto schema = schemas.Get(flags.problems.op);
  if (!schema.ok()) return schema.error();
  const auto request = MakeRequest(*schema, flags);
  if (!request.ok()) return request.error();
  return RunJob(settings, *connection, schemas, *request, flags.job);
}

}  // namespace tactic::cli
