#include "client/cli/summary.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "client/cli/format.h"
#include "client/cli/json.h"
#include "client/cli/requests.h"
#include "client/cli/verified.h"

namespace tactic::cli {
namespace {

// How many trials there are of which `is` holds.
size_t Count(const Evidence& evidence, bool (*is)(Outcome)) {
  return static_cast<size_t>(std::count_if(evidence.trials.begin(), evidence.trials.end(),
                                           [is](const Trial& t) { return is(t.outcome); }));
}

std::string TriedText(const SummaryRow& row) {
  if (row.contest.already_decided()) return "already decided";
  if (!row.evidence) return "-";
  const size_t failed = Count(*row.evidence, IsFailure);
  const size_t tried = Count(*row.evidence, IsValid) + failed;
  const size_t all = row.evidence->trials.size();
  return (tried < all ? std::to_string(tried) + " of " : "") + std::to_string(all) +
         (failed > 0 ? " (" + std::to_string(failed) + " failed)" : "");
}

std::vector<std::string> CellsOf(const Schemas& schemas, const SummaryRow& row) {
  const std::string sizes = schemas.SizesText(row.contest.problem());
  if (!row.decision || row.decision->ranking.empty()) {
    return {sizes, StateName(row.contest.state())};
  }
  const Decision& decision = *row.decision;
  const Ranked& pick = decision.ranking.front();
  return {sizes,
          ToText(pick.candidate),
          FormatNanoseconds(pick.median_ns),
          FormatNanoseconds(decision.default_ns),
          FormatSpeedup(decision.default_ns, pick.median_ns),
          std::string(Name(decision.reason)),
          TriedText(row)};
}

// The geometric mean: of ratios, the one that does not depend on which is divided by which.
std::string SpeedupsText(const std::vector<SummaryRow>& rows) {
  double log_sum = 0;
  double best = 0;
  size_t count = 0;
  for (const SummaryRow& row : rows) {
    if (!row.decision || row.decision->ranking.empty()) continue;
    const double speedup = row.decision->default_ns / row.decision->ranking.front().median_ns;
    if (!(speedup > 0) || !std::isfinite(speedup)) continue;
    log_sum += std::log(speedup);
    best = std::max(best, speedup);
    ++count;
  }
  if (count == 0) return "";
  const double mean = std::exp(log_sum / static_cast<double>(count));
  return "speed-up over the default: " + FormatSpeedup(mean, 1) + " on average (geometric), " +
         FormatSpeedup(best, 1) + " at best\n";
}

// Under the table, where there is room: why problems have no decision.
std::string FailuresText(const Schemas& schemas, const std::vector<SummaryRow>& rows) {
  std::string text;
  for (const SummaryRow& row : rows) {
    if (row.decision || row.contest.message().empty()) continue;
    text += Printable(schemas.SizesText(row.contest.problem())) + ": " +
            Printable(row.contest.message()) + "\n";
  }
  return text;
}

std::string TotalsText(const v1::Job& job, const std::vector<SummaryRow>& rows) {
  size_t decided = 0;
  size_t already = 0;
  double seconds = 0;
  for (const SummaryRow& row : rows) {
    decided += row.contest.state() == v1::CONTEST_STATE_DECIDED ? 1 : 0;
    already += row.contest.already_decided() ? 1 : 0;
    seconds += row.evidence ? row.evidence->seconds : 0;
  }
  const std::string of = std::to_string(decided) + " of " + std::to_string(rows.size());
  std::string text;
  if (already == rows.size()) {
    text = std::to_string(already) + " of " + std::to_string(rows.size()) +
           " decisions already there: nothing to tune\n";
  } else {
    text = of + " decided (" + std::to_string(decided - already) + " measured in " +
           FormatSeconds(seconds) + ", " + std::to_string(already) + " already there)\n";
  }
  return text + HowItEnded(job);
}

Json ToJson(const Schemas& schemas, const v1::Job& job, const std::vector<SummaryRow>& rows) {
  Json json = cli::ToJson(schemas, job);
  for (size_t i = 0; i < rows.size(); ++i) {
    Json& contest = json["contests"][i];
    contest["decision"] = nullptr;
    if (rows[i].decision) contest["decision"] = cli::ToJson(schemas, *rows[i].decision);
    if (!rows[i].evidence) continue;
    contest["candidates"] = rows[i].evidence->trials.size();
    contest["candidates_failed"] = Count(*rows[i].evidence, IsFailure);
    contest["candidates_not_measured"] =
        Count(*rows[i].evidence, [](Outcome outcome) { return outcome == Outcome::kNotMeasured; });
    contest["seconds"] = rows[i].evidence->seconds;
  }
  return json;
}

}  // namespace

std::string SummaryText(const Schemas& schemas, const v1::Job& job,
                        const std::vector<SummaryRow>& rows, size_t width) {
  using Align = Table::Align;
  const std::string op = rows.empty() ? "problem" : rows.front().contest.problem().op();
  Table table({{Printable(op)},
               {"chosen", Align::kLeft, true},
               {"time", Align::kRight},
               {"default", Align::kRight},
               {"speed-up", Align::kRight},
               {"why"},
               {"candidates"}});
  for (const SummaryRow& row : rows) table.Add(CellsOf(schemas, row));
  return table.Render(width) + "\n" + FailuresText(schemas, rows) + SpeedupsText(rows) +
         TotalsText(job, rows);
}

namespace {

Check WriteVerified(const Settings& settings, Connection& connection, const Schemas& schemas,
                    const v1::Job& job) {
  if (settings.json) return Write(Pretty(cli::ToJson(schemas, job)));
  const auto find = [&](uint64_t id, std::optional<Decision>& to) -> Check {
    if (id == 0) return Ok();
    auto found = FindById(connection, id, false);
    if (!found.ok()) return found.error();
    to = std::move(found->decision);
    return Ok();
  };
  std::vector<VerifiedRow> rows;
  for (const v1::Contest& contest : job.contests()) {
    VerifiedRow& row = rows.emplace_back();
    row.contest = contest;
    Check found = find(contest.verification().decision_id(), row.before);
    if (contest.decision_id() == contest.verification().decision_id()) {
      row.now = row.before;
    } else if (found.ok()) {
      found = find(contest.decision_id(), row.now);
    }
    if (!found.ok()) return found;
  }
  return Write(VerifiedText(schemas, job, rows, OutputWidth()));
}

}  // namespace

Check WriteSummary(const Settings& settings, Connection& connection, const Schemas& schemas,
                   const v1::Job& job) {
  if (job.verify()) return WriteVerified(settings, connection, schemas, job);
  std::vector<SummaryRow> rows;
  for (const v1::Contest& contest : job.contests()) {
    SummaryRow row{contest, std::nullopt, std::nullopt};
    if (contest.decision_id() != 0) {
      auto found = FindById(connection, contest.decision_id(), !contest.already_decided());
      if (!found.ok()) return found.error();
      row.decision = std::move(found->decision);
      row.evidence = std::move(found->evidence);
    }
    rows.push_back(std::move(row));
  }
  if (settings.json) return Write(Pretty(ToJson(schemas, job, rows)));
  return Write(SummaryText(schemas, job, rows, OutputWidth()));
}

}  // namespace tactic::cli
