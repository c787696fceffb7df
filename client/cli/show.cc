#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/cli/bans.h"
#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/format.h"
#include "client/cli/json.h"
#include "client/cli/lookup.h"
#include "client/cli/requests.h"
#include "client/cli/trials.h"

namespace tactic::cli {
namespace {

constexpr size_t kShownTrials = 20;

std::string ReasonText(const Decision& decision) {
  switch (decision.reason) {
    case Reason::kClear:
      return "clear: faster than every other by more than the noise";
    case Reason::kTie:
      return "tie: " + std::to_string(decision.tied) +
             " candidates inside the noise; the fixed order chose";
    case Reason::kIncumbent:
      return "incumbent: the earlier pick is inside the noise of the fastest, so it stays";
    case Reason::kDefault:
      return "default: the default is inside the noise of the fastest, so it is preferred";
    case Reason::kOnly:
      return "only: one valid candidate";
    case Reason::kBudget:
      return "budget: the budget ended before the race did; best so far";
  }
  return std::string(Name(decision.reason));
}

std::string EnvironmentText(const Environment& environment) {
  std::string text = "device       " + Printable(DeviceText(environment.device)) + "\n";
  if (!environment.driver.empty()) {
    text += "driver       " + Printable(environment.driver) + ", runtime " +
            Printable(environment.runtime) + "\n";
  }
  std::string components;
  for (const Component& component : environment.components) {
    components += (components.empty() ? "" : ", ") + component.name + " " + component.version;
  }
  return text + "components   " + Printable(components) + "\n";
}

// The places in the ranking of what must not be run.
std::vector<size_t> BannedPlaces(const Decision& decision, const std::vector<Ban>& bans) {
  std::vector<size_t> places;
  for (size_t i = 0; i < decision.ranking.size(); ++i) {
    const Candidate& candidate = decision.ranking[i].candidate;
    if (FindBan(bans, decision.key.problem.op, candidate) != nullptr) places.push_back(i);
  }
  return places;
}

std::string RankingText(const Decision& decision, const std::vector<Ban>& bans) {
  using Align = Table::Align;
  Table table({{"ranking"},
               {"", Align::kLeft, true},
               {"median", Align::kRight},
               {"95 % interval"},
               {"speed-up", Align::kRight}});
  const std::vector<size_t> places = BannedPlaces(decision, bans);
  bool chosen =
      false;  // The first one that may be run answers; the next are whom it would fall to.
  for (size_t i = 0; i < decision.ranking.size(); ++i) {
    const Ranked& ranked = decision.ranking[i];
    const bool banned = std::binary_search(places.begin(), places.end(), i);
    const char* standing = banned ? "banned" : chosen ? "next" : "chosen";
    chosen = chosen || !banned;
    table.Add({standing, ToText(ranked.candidate), FormatNanoseconds(ranked.median_ns),
               FormatNanoseconds(ranked.low_ns) + " to " + FormatNanoseconds(ranked.high_ns),
               FormatSpeedup(decision.default_ns, ranked.median_ns)});
  }
  return table.Render(OutputWidth());
}

// Empty, or lines that begin on the line before.
std::string DisturbancesText(const Evidence& evidence) {
  std::string text;
  for (const Disturbance& seen : evidence.disturbances) {
    text += "\n  " + Printable(seen.cause);
    if (seen.discarded == 0) continue;
    text += ": " + Plural(seen.discarded, "time") + " of round " + std::to_string(seen.round) +
            " thrown away, and taken again";
  }
  return text.empty() ? text : "disturbed:" + text + "\n";
}

std::string ShowText(const Schemas& schemas, const Found& found, const std::vector<Ban>& bans,
                     bool all) {
  const Decision& decision = found.decision;
  std::string text = "decision " + std::to_string(decision.id) + ", revision " +
                     std::to_string(decision.revision) + ", made " +
                     FormatUtc(decision.created_unix_ms) + "\n";
  text += "problem      " + Printable(schemas.ProblemText(decision.key.problem)) + "\n";
  text += "measured     " + PolicyText(decision.key.policy) + "\n";
  text += EnvironmentText(decision.key.environment);
  text += "fingerprint  " + ToHex(FingerprintOf(decision.key)) + "\n";
  text +=
      "default      " +
      (decision.default_ns > 0 ? FormatNanoseconds(decision.default_ns) : std::string("failed")) +
      "\n";
  text += "why          " + ReasonText(decision) + "\n\n" + RankingText(decision, bans);
  if (!found.evidence) return text;
  const Evidence& evidence = *found.evidence;
  text += "\nmeasured in " + FormatSeconds(evidence.seconds);
  if (evidence.worker_restarts > 0) {
    text += " with " + Plural(evidence.worker_restarts, "worker restart");
  }
  return text + ": " + DisturbancesText(evidence) +
         TrialsText(evidence.trials, {.width = OutputWidth(), .limit = all ? 0 : kShownTrials});
}

Json DisturbancesJson(const std::vector<Disturbance>& disturbances) {
  Json json = Json::array();
  for (const Disturbance& seen : disturbances) {
    json.push_back({{"cause", seen.cause},
                    {"discarded", seen.discarded},
                    {"epoch", seen.epoch},
                    {"round", seen.round}});
  }
  return json;
}

Json ShowJson(const Schemas& schemas, const Found& found, const std::vector<Ban>& bans) {
  Json json = ToJson(schemas, found.decision);
  json["banned"] = BannedPlaces(found.decision, bans);
  json["evidence"] = nullptr;
  if (!found.evidence) return json;
  Json trials = Json::array();
  for (const Trial& trial : found.evidence->trials) trials.push_back(ToJson(trial));
  json["evidence"] = {{"seconds", found.evidence->seconds},
                      {"worker_restarts", found.evidence->worker_restarts},
                      {"disturbances", DisturbancesJson(found.evidence->disturbances)},
                      {"trials", trials}};
  return json;
}

// `op` may hold a decision's id instead of an op's name.
std::optional<uint64_t> ParseId(const std::string& text) {
  uint64_t id = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, id);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return id;
}

Result<Found> Find(Connection& connection, const Schemas& schemas, const ShowFlags& flags) {
  if (const std::optional<uint64_t> id = ParseId(flags.problem.op)) {
    return FindById(connection, *id, true);
  }
  auto found = FindByFlags(connection, schemas, flags.problem, true);
  if (!found.ok()) return found.error();
  if (!found->has_value()) return Miss(flags.problem);
  return std::move(**found);
}

}  // namespace

Result<int> RunShow(const Settings& settings, const ShowFlags& flags) {
  auto connection = Connection::Open(settings.target, settings.timeout);
  if (!connection.ok()) return connection.error();
  const auto info = GetReadyServerInfo(*connection);
  if (!info.ok()) return info.error();
  const Schemas schemas(*info);
  const auto found = Find(*connection, schemas, flags);
  if (!found.ok()) return found.error();
  // A daemon that knows of no bans has none.
  const auto held = ReadBans(*connection);
  const std::vector<Ban> bans = held.ok() ? held->bans : std::vector<Ban>();
  const Check written = Write(settings.json ? Pretty(ShowJson(schemas, *found, bans))
                                            : ShowText(schemas, *found, bans, flags.all));
  if (!written.ok()) return written.error();
  return kExitOk;
}

}  // namespace tactic::cli
