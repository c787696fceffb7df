#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/describe.h"
#include "client/cli/exit_codes.h"
#include "client/cli/format.h"
#include "client/cli/json.h"
#include "proto/table/mapped_table.h"
#include "proto/table/path.h"
#include "tactic/model/codec.h"

namespace tactic::cli {
namespace {

// The decisions of one op in one environment.
struct OpRow {
  std::string op;
  Environment environment;
  uint64_t decisions = 0;
};

std::vector<OpRow> RowsOf(const table::View& view) {
  std::vector<OpRow> rows;
  for (const table::FamilyRecord& family : view.families()) {
    const std::string op(view.Text(family.op));
    const table::EnvironmentRecord& record = view.environments()[family.environment];
    const auto known = DecodeEnvironment(view.Text(record.environment));
    const Environment environment = known.ok() ? *known : Environment();
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const OpRow& r) {
      return r.op == op && r.environment == environment;
    });
    if (row == rows.end()) {
      rows.push_back({op, environment, family.decisions});
    } else {
      row->decisions += family.decisions;
    }
  }
  return rows;
}

std::string VersionsText(const Environment& environment) {
  std::string text;
  for (const Component& component : environment.components) {
    text += (text.empty() ? "" : ", ") + component.name + " " + component.version;
  }
  return text;
}

std::string TableText(const std::string& path, const table::View& view) {
  const table::Header& header = view.header();
  std::string text = "file       " + Printable(path) + "\n";
  text += "state      good: version " + std::to_string(header.version) + ", " +
          FormatBytes(header.file_bytes) + "\n";
  text += "store      " + Printable(view.store_id()) + ", revision " +
          std::to_string(header.revision) + "\n";
  text += "made       " + FormatUtc(header.created_unix_ms) + "\n";
  text += "decisions  " + std::to_string(header.decisions) + ", " +
          std::to_string(header.left_out) + " left out\n";
  text += std::string("for        ") +
          (view.of_this_host() ? "programs of this host that state no environment, too"
                               : "programs that state their environment") +
          "\n";
  Table table({{"op"},
               {"decisions", Table::Align::kRight},
               {"device"},
               {"versions", Table::Align::kLeft, true}});
  for (const OpRow& row : RowsOf(view)) {
    table.Add({row.op, std::to_string(row.decisions), DeviceText(row.environment.device),
               VersionsText(row.environment)});
  }
  return header.decisions == 0 ? text : text + "\n" + table.Render(OutputWidth());
}

Json TableJson(const std::string& path, const table::View& view) {
  const table::Header& header = view.header();
  Json ops = Json::array();
  for (const OpRow& row : RowsOf(view)) {
    ops.push_back(
        {{"op", row.op}, {"decisions", row.decisions}, {"environment", ToJson(row.environment)}});
  }
  return {{"file", path},
          {"version", header.version},
          {"bytes", header.file_bytes},
          {"store_id", std::string(view.store_id())},
          {"revision", header.revision},
          {"created_unix_ms", header.created_unix_ms},
          {"decisions", header.decisions},
          {"left_out", header.left_out},
          {"of_this_host", view.of_this_host()},
          {"ops", ops}};
}

}  // namespace

Result<int> RunTable(const Settings& settings, const std::string& file) {
  const std::string path = file.empty() ? table::DefaultPath() : file;
  const auto opened = table::MappedTable::Open(path);
  if (const auto* refusal = std::get_if<table::Refusal>(&opened)) {
    const bool missing = refusal->fault == table::Fault::kMissing;
    return Error{missing ? ErrorCode::kNotFound : ErrorCode::kDataLoss, refusal->message};
  }
  const table::View& view = std::get<std::shared_ptr<const table::MappedTable>>(opened)->view();
  const Check written =
      Write(settings.json ? Pretty(TableJson(path, view)) : TableText(path, view));
  if (!written.ok()) return written.error();
  return kExitOk;
}

}  // namespace tactic::cli
