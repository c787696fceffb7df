#include "client/cli/lookup.h"

#include <string>
#include <utility>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/format.h"
#include "client/cli/json.h"
#include "client/cli/requests.h"

namespace tactic::cli {
namespace {

std::string LookupText(const Schemas& schemas, const Decision& decision) {
  std::string text = schemas.ProblemText(decision.key.problem) + ": ";
  if (decision.ranking.empty()) return text + "no candidate\n";
  const Ranked& pick = decision.ranking.front();
  text += ToText(pick.candidate) + "\n  " + FormatNanoseconds(pick.median_ns);
  if (decision.default_ns > 0) {
    text += ", default " + FormatNanoseconds(decision.default_ns) + ": " +
            FormatSpeedup(decision.default_ns, pick.median_ns);
  }
  return text + " (" + std::string(Name(decision.reason)) + "; all of it: tacticctl show " +
         std::to_string(decision.id) + ")\n";
}

// The command that would answer the miss.
std::string TuneCommand(const ProblemFlags& flags) {
  std::string command = "tacticctl tune " + flags.op;
  for (const std::string& dim : flags.dims) {
    const size_t equals = dim.find('=');
    command += " --" + dim.substr(0, equals) + " " + dim.substr(equals + 1);
  }
  for (const std::string& shape : flags.shapes) command += " --shapes " + shape;
  if (!flags.dtype.empty()) command += " --dtype " + flags.dtype;
  for (const std::string& layout : flags.layouts) command += " --layout " + layout;
  for (const std::string& attribute : flags.attributes) command += " --attr " + attribute;
  if (!flags.cache.empty()) command += " --policy " + flags.cache;
  if (!flags.budget.empty()) command += " --budget " + flags.budget;
  return command;
}

}  // namespace

Result<std::optional<Found>> FindByFlags(Connection& connection, const Schemas& schemas,
                                         const ProblemFlags& flags, bool with_evidence) {
  const auto schema = schemas.Get(flags.op);
  if (!schema.ok()) return schema.error();
  const auto problems = MakeProblems(*schema, flags);
  if (!problems.ok()) return problems.error();
  if (problems->size() != 1) {
    return InvalidArgument("these flags describe " + Plural(problems->size(), "problem") +
                           "; give one size for each dimension (tacticctl list shows many)");
  }
  const auto policy = MakePolicy(flags);
  if (!policy.ok()) return policy.error();
  return FindByProblem(connection, problems->front(), *policy, with_evidence);
}

Error Miss(const ProblemFlags& flags) {
  return {ErrorCode::kNotFound,
          "no decision stands for this problem; tune it:\n  " + TuneCommand(flags)};
}

Result<int> RunLookup(const Settings& settings, const ProblemFlags& problem) {
  auto connection = Connection::Open(settings.target, settings.timeout);
  if (!connection.ok()) return connection.error();
  const auto info = GetReadyServerInfo(*connection);
  if (!info.ok()) return info.error();
  const Schemas schemas(*info);
  const auto found = FindByFlags(*connection, schemas, problem, false);
  if (!found.ok()) return found.error();
  if (!found->has_value()) {
    if (!settings.json) return Miss(problem);
    const Check written = Write(Pretty(nullptr));
    if (!written.ok()) return written.error();
    return kExitNotFound;
  }
  const Decision& decision = (*found)->decision;
  const Check written =
      Write(settings.json ? Pretty(ToJson(schemas, decision)) : LookupText(schemas, decision));
  if (!written.ok()) return written.error();
  return kExitOk;
}

}  // namespace tactic::cli
