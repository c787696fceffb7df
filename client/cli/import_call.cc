#include "client/cli/import_call.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "client/cli/describe.h"
#include "client/cli/format.h"
#include "client/cli/json.h"
#include "client/cli/terminal.h"
#include "proto/convert/convert.h"
#include "proto/convert/export_format.h"

namespace tactic::cli {
namespace {

struct Conflict {
  Decision ours;
  Decision theirs;
  bool theirs_won = false;
  std::string why;
};

Result<std::vector<Conflict>> ConflictsOf(const v1::ImportResponse& response) {
  std::vector<Conflict> conflicts;
  for (const v1::ImportConflict& message : response.conflicts()) {
    auto ours = convert::FromProto("conflict.ours.", message.ours());
    if (!ours.ok()) return Error{ErrorCode::kDataLoss, ours.error().message};
    auto theirs = convert::FromProto("conflict.theirs.", message.theirs());
    if (!theirs.ok()) return Error{ErrorCode::kDataLoss, theirs.error().message};
    conflicts.push_back(
        {*std::move(ours), *std::move(theirs), message.theirs_won(), message.why()});
  }
  return conflicts;
}

std::string SideText(const Decision& decision) {
  const Ranked& pick = decision.ranking.front();
  return ToText(pick.candidate) + ", " + FormatNanoseconds(pick.median_ns);
}

std::string ConflictsText(const Schemas& schemas, const std::vector<Conflict>& conflicts,
                          uint64_t count) {
  if (conflicts.empty()) return "";
  using Align = Table::Align;
  Table table({{"problem"},
               {"ours", Align::kLeft, true},
               {"theirs", Align::kLeft, true},
               {"stands"},
               {"why"}});
  for (const Conflict& conflict : conflicts) {
    table.Add({schemas.ProblemText(conflict.ours.key.problem), SideText(conflict.ours),
               SideText(conflict.theirs), conflict.theirs_won ? "theirs" : "ours", conflict.why});
  }
  std::string text = "\n" + table.Render(OutputWidth());
  if (count > conflicts.size()) {
    text += "… and " + std::to_string(count - conflicts.size()) + " more\n";
  }
  return text;
}

std::string SummaryText(const v1::ImportResponse& r, bool dry_run) {
  const uint64_t contests = r.known() + r.added() + r.replaced() + r.behind() + r.undecided();
  std::string text = (dry_run ? "would import " : "imported ") + Plural(contests, "contest") +
                     " into store " + Printable(r.store_id()) + ", now at revision " +
                     std::to_string(r.revision()) + "\n";
  const std::pair<uint64_t, const char*> lines[] = {
      {r.known(), "known already: nothing changed"},
      {r.added(), "for keys that had no decision"},
      {r.replaced(), "now stand in place of ours"},
      {r.behind(), "kept behind what stands"},
      {r.undecided(), "without a valid candidate, kept as evidence"},
      {r.conflict_count(), "conflicts: different decisions stood for one key"}};
  for (const auto& [count, what] : lines) {
    if (count > 0) text += "  " + std::to_string(count) + " " + what + "\n";
  }
  return text;
}

std::string LeftOutText(const std::vector<LeftOut>& left_out) {
  if (left_out.empty()) return "";
  constexpr size_t kShown = 20;
  std::string text = "  " + std::to_string(left_out.size()) + " rows of the file left out\n\n";
  Table table({{"row", Table::Align::kLeft, true}, {"why it was left out"}});
  for (size_t i = 0; i < std::min(kShown, left_out.size()); ++i) {
    table.Add({left_out[i].key, left_out[i].why});
  }
  text += table.Render(OutputWidth());
  if (left_out.size() <= kShown) return text;
  return text + "… and " + std::to_string(left_out.size() - kShown) + " more; --json has all\n";
}

Json SummaryJson(const Schemas& schemas, const std::vector<Conflict>& conflicts,
                 const v1::ImportResponse& r, bool dry_run, const std::vector<LeftOut>& left_out) {
  Json rows = Json::array();
  for (const LeftOut& row : left_out) rows.push_back({{"key", row.key}, {"why", row.why}});
  Json list = Json::array();
  for (const Conflict& conflict : conflicts) {
    list.push_back({{"ours", ToJson(schemas, conflict.ours)},
                    {"theirs", ToJson(schemas, conflict.theirs)},
                    {"stands", conflict.theirs_won ? "theirs" : "ours"},
                    {"why", conflict.why}});
  }
  return {{"dry_run", dry_run},         {"complete", r.complete()},
          {"known", r.known()},         {"added", r.added()},
          {"replaced", r.replaced()},   {"behind", r.behind()},
          {"undecided", r.undecided()}, {"conflict_count", r.conflict_count()},
          {"conflicts", list},          {"left_out", rows},
          {"store_id", r.store_id()},   {"revision", r.revision()}};
}

}  // namespace

RecordSource RecordsOf(std::vector<Decision> decisions) {
  v1::ExportRecord header;
  header.mutable_header()->set_format_version(convert::kExportFormatVersion);
  header.mutable_header()->set_writer("tacticctl");
  std::vector<v1::ExportRecord> records = {header};
  for (const Decision& decision : decisions) {
    v1::ExportedContest& contest = *records.emplace_back().mutable_contest();
    convert::ToProto(decision.key, contest.mutable_key());
    convert::ToProto(decision, contest.mutable_decision());
    contest.mutable_decision()->clear_key();
    contest.set_standing(true);
  }
  v1::ExportEnd& end = *records.emplace_back().mutable_end();
  end.set_contests(decisions.size());
  end.set_decisions(decisions.size());
  return [records = std::move(records),
          next = size_t{0}]() mutable -> Result<std::optional<v1::ExportRecord>> {
    if (next == records.size()) return std::optional<v1::ExportRecord>();
    return std::optional<v1::ExportRecord>(records[next++]);
  };
}

Result<Imported> ImportRecords(const Settings& settings, Connection& connection, bool dry_run,
                               const RecordSource& next) {
  Imported imported;
  grpc::ClientContext context;  // No deadline: it takes as long as the file is long.
  const auto stream = connection.admin().Import(&context, &imported.response);
  const Interrupts::Scope cancel(*settings.interrupts, [&] { context.TryCancel(); });
  v1::ImportRequest request;
  request.set_dry_run(dry_run);
  while (true) {
    auto record = next();
    if (!record.ok()) imported.source_error = record.error();
    if (!record.ok() || !record->has_value()) break;
    *request.mutable_record() = **std::move(record);
    if (!stream->Write(request)) break;  // The daemon ended the call; Finish says why.
  }
  stream->WritesDone();
  const grpc::Status status = stream->Finish();
  if (!status.ok()) return connection.ErrorOf(status);
  return imported;
}

Check WriteImported(const Settings& settings, Connection& connection, bool dry_run,
                    const v1::ImportResponse& response, const std::vector<LeftOut>& left_out) {
  const auto info = connection.Call(&v1::Tuning::Stub::GetServerInfo, v1::GetServerInfoRequest());
  if (!info.ok()) return info.error();
  const Schemas schemas(*info);
  const auto conflicts = ConflictsOf(response);
  if (!conflicts.ok()) return conflicts.error();
  return Write(settings.json ? Pretty(SummaryJson(schemas, *conflicts, response, dry_run, left_out))
                             : SummaryText(response, dry_run) + LeftOutText(left_out) +
                                   ConflictsText(schemas, *conflicts, response.conflict_count()));
}

}  // namespace tactic::cli
