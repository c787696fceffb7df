#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/connection.h"
#include "client/cli/describe.h"
#include "client/cli/exit_codes.h"
#include "client/cli/format.h"
#include "client/cli/json.h"
#include "client/cli/requests.h"

namespace tactic::cli {
namespace {

// By op, then by sizes as numbers, then by id: the order in which people look for a row.
bool ComesBefore(const Decision& a, const Decision& b) {
  const auto sizes = [](const Decision& decision) {
    std::vector<int64_t> all;
    for (const Tensor& tensor : decision.key.problem.inputs) {
      for (const Dim& dim : tensor.dims) all.push_back(dim.opt);
    }
    // The first tensor's leading size (a batch, a token count) varies fastest in the list.
    if (!all.empty()) std::rotate(all.begin(), all.begin() + 1, all.end());
    return all;
  };
  return std::tuple(a.key.problem.op, sizes(a), a.id) <
         std::tuple(b.key.problem.op, sizes(b), b.id);
}

std::string ListText(const Schemas& schemas, const std::vector<Decision>& decisions) {
  if (decisions.empty()) return "no decisions\n";
  using Align = Table::Align;
  Table table({{"id", Align::kRight},
               {"problem"},
               {"chosen", Align::kLeft, true},
               {"time", Align::kRight},
               {"speed-up", Align::kRight},
               {"why"},
               {"decided"}});
  for (const Decision& decision : decisions) {
    const bool ranked = !decision.ranking.empty();
    const Ranked pick = ranked ? decision.ranking.front() : Ranked();
    table.Add({std::to_string(decision.id), schemas.ProblemText(decision.key.problem),
               ranked ? ToText(pick.candidate) : "-", FormatNanoseconds(pick.median_ns),
               FormatSpeedup(decision.default_ns, pick.median_ns),
               std::string(Name(decision.reason)), FormatUtc(decision.created_unix_ms)});
  }
  return table.Render(OutputWidth()) + Plural(decisions.size(), "decision") + "\n";
}

}  // namespace

Result<int> RunList(const Settings& settings, const ListFlags& flags) {
  auto connection = Connection::Open(settings.target, settings.timeout);
  if (!connection.ok()) return connection.error();
  const auto info = connection->Call(&v1::Tuning::Stub::GetServerInfo, v1::GetServerInfoRequest());
  if (!info.ok()) return info.error();
  auto decisions = Snapshot(*connection, flags.ops);
  if (!decisions.ok()) return decisions.error();
  std::sort(decisions->begin(), decisions->end(), ComesBefore);
  const Schemas schemas(*info);
  Json json = Json::array();
  if (settings.json) {
    for (const Decision& decision : *decisions) json.push_back(ToJson(schemas, decision));
  }
  const Check written = Write(settings.json ? Pretty(json) : ListText(schemas, *decisions));
  if (!written.ok()) return written.error();
  return kExitOk;
}

}  // namespace tactic::cli
