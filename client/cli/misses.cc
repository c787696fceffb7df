#include <string>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/connection.h"
#include "client/cli/describe.h"
#include "client/cli/exit_codes.h"
#include "client/cli/json.h"
#include "client/cli/missed.h"
#include "client/cli/requests.h"
#include "client/cli/tune_job.h"

namespace tactic::cli {
namespace {

constexpr uint32_t kMostListed = 4096;
constexpr int kMostProblemsAJob = 1024;

Result<std::vector<v1::Miss>> List(Connection& connection, const MissesFlags& flags) {
  v1::ListMissesRequest request;
  for (const std::string& op : flags.ops) request.add_ops(op);
  request.set_limit(kMostListed);
  const auto response = connection.Call(&v1::Tuning::Stub::ListMisses, request);
  if (!response.ok()) return response.error();
  std::vector<v1::Miss> misses;
  for (const v1::Miss& miss : response->misses()) {
    if (!flags.undecided || miss.decision_id() == 0) misses.push_back(miss);
  }
  return misses;
}

Result<int> Show(const Settings& settings, const Schemas& schemas,
                 const std::vector<v1::Miss>& misses) {
  Json json = Json::array();
  if (settings.json) {
    for (const v1::Miss& miss : misses) json.push_back(ToJson(schemas, miss));
  }
  const Check written =
      Write(settings.json ? Pretty(json) : MissesText(schemas, misses, OutputWidth()));
  if (!written.ok()) return written.error();
  return kExitOk;
}

Result<int> Tune(const Settings& settings, Connection& connection, const Schemas& schemas,
                 const std::vector<v1::Miss>& misses, const JobFlags& flags) {
  const std::vector<v1::TuneRequest> undecided = UndecidedOf(misses, kMostProblemsAJob);
  if (undecided.empty()) {
    const Check written =
        Write(settings.json ? "[]\n" : "nothing to tune: no missed call is without a decision\n");
    if (!written.ok()) return written.error();
    return kExitOk;
  }
  std::vector<v1::TuneRequest> requests;
  for (const v1::TuneRequest& part : undecided) {
    auto request = NewTuneRequest(flags);
    if (!request.ok()) return request.error();
    request->MergeFrom(part);
    requests.push_back(*std::move(request));
  }
  return RunJobsInTurn(settings, connection, schemas, requests, flags);
}

}  // namespace

Result<int> RunMisses(const Settings& settings, const MissesFlags& flags) {
  auto connection = Connection::Open(settings.target, settings.timeout);
  if (!connection.ok()) return connection.error();
  const auto info = GetReadyServerInfo(*connection);
  if (!info.ok()) return info.error();
  const Schemas schemas(*info);
  const auto misses = List(*connection, flags);
  if (!misses.ok()) return misses.error();
  if (!flags.tune) return Show(settings, schemas, *misses);
  return Tune(settings, *connection, schemas, *misses, flags.job);
}

}  // namespace tactic::cli
