#include "client/cli/verified.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>
#include <utility>

#include "client/cli/format.h"
#include "proto/convert/lane.h"

namespace tactic::cli {
namespace {

// "+1.2 %", "0.0 %": a ratio less 1.
std::string FormatChange(double change) {
  char text[32];
  std::snprintf(text, sizeof(text), "%+.2f %%", 100 * change);
  return text;
}

std::string FormatShare(double share) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f %%", 100 * share);
  return text;
}

std::string OutcomeText(const VerifiedRow& row) {
  const v1::Verification& found = row.contest.verification();
  if (!found.superseded()) return "stands";
  std::string text = "superseded by " + std::to_string(row.contest.decision_id());
  if (row.now && !row.now->ranking.empty()) {
    text += ": " + ToText(row.now->ranking.front().candidate);
  }
  return text;
}

std::vector<std::string> CellsOf(const Schemas& schemas, const VerifiedRow& row) {
  const std::string problem = schemas.ProblemText(row.contest.problem());
  if (!row.contest.has_verification() || !row.before || row.before->ranking.empty()) {
    return {"-", problem, StateName(row.contest.state())};
  }
  const v1::Verification& found = row.contest.verification();
  const Ranked& pick = row.before->ranking.front();
  const std::string id = std::to_string(found.decision_id());
  if (found.pick_failed()) {
    return {id,  problem, ToText(pick.candidate), FormatNanoseconds(pick.median_ns), "failed",
            "-", "-",     OutcomeText(row)};
  }
  return {id,
          problem,
          ToText(pick.candidate),
          FormatNanoseconds(pick.median_ns),
          FormatNanoseconds(pick.median_ns * (1 + found.drift())),
          FormatChange(found.drift()),
          FormatShare(found.regret()) + " ± " + FormatShare(found.regret_error()),
          OutcomeText(row)};
}

std::string MessagesText(const Schemas& schemas, const std::vector<VerifiedRow>& rows) {
  std::string text;
  for (const VerifiedRow& row : rows) {
    if (row.contest.message().empty()) continue;
    text +=
        schemas.ProblemText(row.contest.problem()) + ": " + Printable(row.contest.message()) + "\n";
  }
  return text;
}

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::string TotalsText(const v1::Job& job, const std::vector<VerifiedRow>& rows) {
  std::vector<double> drifts;
  std::vector<double> regrets;
  size_t verified = 0;
  size_t superseded = 0;
  for (const VerifiedRow& row : rows) {
    if (!row.contest.has_verification()) continue;
    const v1::Verification& found = row.contest.verification();
    ++verified;
    superseded += found.superseded() ? 1 : 0;
    if (found.pick_failed()) continue;
    drifts.push_back(found.drift());
    regrets.push_back(found.regret());
  }
  std::string text = std::to_string(verified) + " of " + Plural(rows.size(), "decision") +
                     " verified: " + std::to_string(verified - superseded) + " stand, " +
                     std::to_string(superseded) + " superseded\n";
  if (!drifts.empty()) {
    double sum = 0;
    for (const double regret : regrets) sum += regret;
    text += "regret " + FormatShare(sum / static_cast<double>(regrets.size())) + " on average, " +
            FormatShare(*std::max_element(regrets.begin(), regrets.end())) + " at most; drift " +
            FormatChange(Median(drifts)) + " in the median\n";
  }
  return text + HowItEnded(job);
}

// Of each op of each lane.
std::set<std::pair<std::string, Fingerprint>> EnvironmentsOf(
    const v1::GetServerInfoResponse& info) {
  std::set<std::pair<std::string, Fingerprint>> environments;
  for (const v1::Lane& lane : info.lanes()) {
    for (const v1::OpInfo& op : lane.ops()) {
      const auto environment = convert::EnvironmentOf(lane, op);
      if (environment.ok()) environments.emplace(op.schema().op(), FingerprintOf(*environment));
    }
  }
  return environments;
}

}  // namespace

std::string VerifiedText(const Schemas& schemas, const v1::Job& job,
                         const std::vector<VerifiedRow>& rows, size_t width) {
  using Align = Table::Align;
  Table table({{"id", Align::kRight},
               {"problem"},
               {"chosen", Align::kLeft, true},
               {"decided", Align::kRight},
               {"now", Align::kRight},
               {"drift", Align::kRight},
               {"regret", Align::kRight},
               {"", Align::kLeft, true}});
  for (const VerifiedRow& row : rows) table.Add(CellsOf(schemas, row));
  return table.Render(width) + "\n" + MessagesText(schemas, rows) + TotalsText(job, rows);
}

size_t DropUnmeasurable(const v1::GetServerInfoResponse& info, std::vector<Decision>& decisions) {
  const auto environments = EnvironmentsOf(info);
  return std::erase_if(decisions, [&](const Decision& decision) {
    return !environments.contains(
        {decision.key.problem.op, FingerprintOf(decision.key.environment)});
  });
}

}  // namespace tactic::cli
