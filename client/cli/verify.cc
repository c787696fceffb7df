#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/connection.h"
#include "client/cli/describe.h"
#include "client/cli/exit_codes.h"
#include "client/cli/format.h"
#include "client/cli/requests.h"
#include "client/cli/tune_job.h"
#include "client/cli/verified.h"
#include "proto/convert/convert.h"

namespace tactic::cli {
namespace {

constexpr int kMostProblemsAJob = 1024;

Result<std::vector<Decision>> Select(Connection& connection, const VerifyFlags& flags) {
  auto decisions = Snapshot(connection, flags.ops);
  if (!decisions.ok() || flags.ids.empty()) return decisions;
  std::vector<Decision> selected;
  for (const uint64_t id : flags.ids) {
    const auto found = std::find_if(decisions->begin(), decisions->end(),
                                    [id](const Decision& decision) { return decision.id == id; });
    if (found == decisions->end()) {
      return Error{ErrorCode::kNotFound, "no decision " + std::to_string(id) +
                                             " stands; tacticctl list shows those that do"};
    }
    selected.push_back(std::move(*found));
    decisions->erase(found);
  }
  return selected;
}

// One request for each policy and at most so many problems.
Result<std::vector<v1::TuneRequest>> RequestsFor(const std::vector<Decision>& decisions,
                                                 const JobFlags& flags) {
  std::map<MeasurementPolicy, std::vector<const Decision*>> by_policy;
  for (const Decision& decision : decisions) by_policy[decision.key.policy].push_back(&decision);
  std::vector<v1::TuneRequest> requests;
  for (const auto& [policy, group] : by_policy) {
    for (const Decision* decision : group) {
      const bool full = !requests.empty() && requests.back().problems_size() == kMostProblemsAJob;
      if (full || decision == group.front()) {
        auto request = NewTuneRequest(flags);
        if (!request.ok()) return request.error();
        request->set_verify(true);
        convert::ToProto(policy, request->mutable_policy());
        requests.push_back(*std::move(request));
      }
      convert::ToProto(decision->key.problem, requests.back().add_problems());
    }
  }
  return requests;
}

}  // namespace

Result<int> RunVerify(const Settings& settings, const VerifyFlags& flags) {
  auto connection = Connection::Open(settings.target, settings.timeout);
  if (!connection.ok()) return connection.error();
  const auto info = GetReadyServerInfo(*connection);
  if (!info.ok()) return info.error();
  auto decisions = Select(*connection, flags);
  if (!decisions.ok()) return decisions.error();
  const size_t elsewhere = DropUnmeasurable(*info, *decisions);
  if (elsewhere > 0) {
    std::fprintf(stderr, "%s of other devices or versions left out: no lane here measures them\n",
                 Plural(elsewhere, "decision").c_str());
  }
  if (decisions->empty()) {
    const Check written = Write(settings.json ? "[]\n" : "nothing to verify: no decisions\n");
    if (!written.ok()) return written.error();
    return kExitOk;
  }
  const auto requests = RequestsFor(*decisions, flags.job);
  if (!requests.ok()) return requests.error();
  return RunJobsInTurn(settings, *connection, Schemas(*info), *requests, flags.job);
}

}  // namespace tactic::cli
