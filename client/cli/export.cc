// tacticctl export: a whole store into a file.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>

#include "client/cli/archive.h"
#include "client/cli/commands.h"
#include "client/cli/connection.h"
#include "client/cli/exit_codes.h"
#include "client/cli/foreign.h"
#include "client/cli/format.h"
#include "client/cli/json.h"

namespace tactic::cli {
namespace {

struct Exported {
  v1::ExportHeader header;
  v1::ExportEnd end;
  uint64_t bytes = 0;
};

// Every record into the file. The end record is what says that all came.
Result<Exported> CopyRecords(Connection& connection, Interrupts& interrupts,
                             ArchiveWriter& writer) {
  grpc::ClientContext context;  // No deadline: it takes as long as the store is large.
  const auto stream = connection.admin().Export(&context, v1::ExportRequest());
  const Interrupts::Scope cancel(interrupts, [&] { context.TryCancel(); });
  Exported exported;
  bool whole = false;
  std::optional<Error> failed;
  v1::ExportResponse response;
  while (stream->Read(&response)) {
    const v1::ExportRecord& record = response.record();
    if (record.has_header()) exported.header = record.header();
    if (record.has_end()) exported.end = record.end();
    whole = record.has_end();
    const Check written = failed ? Ok() : writer.Write(record);
    if (written.ok()) continue;
    failed = written.error();
    context.TryCancel();
  }
  const grpc::Status status = stream->Finish();
  if (failed) return *failed;
  if (!status.ok()) return connection.ErrorOf(status);
  if (!whole) return Error{ErrorCode::kDataLoss, "the daemon ended the export before its end"};
  exported.bytes = writer.bytes();
  return exported;
}

std::string SummaryText(const Exported& exported, const std::string& file) {
  const v1::ExportEnd& end = exported.end;
  std::string text = "exported " + Plural(end.contests(), "contest") + " (" +
                     Plural(end.decisions(), "decision") + ", " + Plural(end.trials(), "trial") +
                     ") of store " + Printable(exported.header.store_id()) + " at revision " +
                     std::to_string(exported.header.revision()) + ": " +
                     FormatBytes(exported.bytes) + " in " + Printable(file) + "\n";
  if (end.damaged() == 0) return text;
  return text + "left out: " + Plural(end.damaged(), "contest") +
         " whose rows are damaged in the store; the daemon's log names them\n";
}

Json SummaryJson(const Exported& exported, const std::string& file) {
  const v1::ExportEnd& end = exported.end;
  return {{"file", file},
          {"bytes", exported.bytes},
          {"format_version", exported.header.format_version()},
          {"store_id", exported.header.store_id()},
          {"revision", exported.header.revision()},
          {"contests", end.contests()},
          {"decisions", end.decisions()},
          {"trials", end.trials()},
          {"damaged", end.damaged()}};
}

}  // namespace

Result<int> RunExport(const Settings& settings, const ExportFlags& flags) {
  if (flags.format != FileFormat::kStore) return ExportForeign(settings, flags);
  if (!flags.ops.empty() || !flags.runners.empty()) {
    return InvalidArgument(
        "--op and --map are for the files of other programs; name one with "
        "--format");
  }
  const bool to_output = flags.file == "-";
  if (to_output && settings.json) {
    return InvalidArgument("--json: standard output is the export itself; name a file");
  }
  if (to_output && IsTerminal(STDOUT_FILENO)) {
    return InvalidArgument("standard output is a terminal; name a file, or redirect it");
  }
  auto connection = Connection::Open(settings.target, settings.timeout);
  if (!connection.ok()) return connection.error();
  auto writer = ArchiveWriter::Open(flags.file);
  if (!writer.ok()) return writer.error();
  const auto exported = CopyRecords(*connection, *settings.interrupts, *writer);
  if (settings.interrupts->Seen()) return kExitInterrupted;
  if (!exported.ok()) return exported.error();
  if (const Check closed = writer->Close(); !closed.ok()) return closed.error();
  if (to_output) {
    std::fputs(SummaryText(*exported, "standard output").c_str(), stderr);
    return kExitOk;
  }
  const Check written = Write(settings.json ? Pretty(SummaryJson(*exported, flags.file))
                                            : SummaryText(*exported, flags.file));
  if (!written.ok()) return written.error();
  return kExitOk;
}

}  // namespace tactic::cli
