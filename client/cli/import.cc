// tacticctl import: what another store measured and decided into this one.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "client/cli/archive.h"
#include "client/cli/commands.h"
#include "client/cli/connection.h"
#include "client/cli/exit_codes.h"
#include "client/cli/foreign.h"
#include "client/cli/format.h"
#include "client/cli/import_call.h"

namespace tactic::cli {
namespace {

// Reads the file whole before anything is sent, so that a damaged one changes nothing. Standard
// input can be read only once.
Check CheckBeforeSending(const ImportFlags& flags) {
  if (flags.file == "-") return Ok();
  const auto check = CheckArchive(flags.file);
  if (!check.ok()) return check.error();
  if (check->end || flags.partial) return Ok();
  return Error{ErrorCode::kDataLoss, check->trouble +
                                         "\nNothing was imported. --partial imports the contests "
                                         "before the damage."};
}

Result<int> ImportStore(const Settings& settings, const ImportFlags& flags) {
  if (const Check sound = CheckBeforeSending(flags); !sound.ok()) return sound.error();
  auto opened = ArchiveReader::Open(flags.file);
  if (!opened.ok()) return opened.error();
  const auto reader = std::make_shared<ArchiveReader>(std::move(*opened));
  auto connection = Connection::Open(settings.target, settings.timeout);
  if (!connection.ok()) return connection.error();
  const auto imported =
      ImportRecords(settings, *connection, flags.dry_run, [reader] { return reader->Next(); });
  if (settings.interrupts->Seen()) {
    std::fprintf(stderr, "interrupted; contests that were stored already stay\n");
    return kExitInterrupted;
  }
  if (!imported.ok()) return imported.error();
  const v1::ImportResponse& response = imported->response;
  const Check written = WriteImported(settings, *connection, flags.dry_run, response);
  if (!written.ok()) return written.error();
  if (response.complete()) return kExitOk;
  const std::string trouble =
      imported->source_error ? imported->source_error->message : "it has no end record";
  std::fprintf(stderr, "not all of it came: %s\n", Printable(trouble).c_str());
  return flags.partial ? kExitOk : kExitError;
}

// What only means something for another program's file.
Check CheckFlags(const ImportFlags& flags) {
  const bool foreign = flags.format != FileFormat::kStore;
  const std::pair<const char*, bool> foreign_flags[] = {{"--op", !flags.ops.empty()},
                                                        {"--map", !flags.runners.empty()},
                                                        {"--dtype", !flags.dtypes.empty()},
                                                        {"--arch", !flags.arch.empty()},
                                                        {"--policy", !flags.cache.empty()}};
  for (const auto& [name, given] : foreign_flags) {
    if (given && !foreign) {
      return InvalidArgument(std::string(name) +
                             " is for the files of other programs; name one "
                             "with --format");
    }
  }
  if (flags.partial && foreign) {
    return InvalidArgument("--partial is for files of tacticctl export");
  }
  if (flags.rank && flags.format != FileFormat::kTensorRtLlm) {
    return InvalidArgument("--rank is for --format=tensorrt-llm");
  }
  if ((!flags.expected.empty() || flags.accept_unknown) &&
      flags.format != FileFormat::kFlashInfer) {
    return InvalidArgument("--expect and --accept-unknown are for --format=flashinfer");
  }
  return Ok();
}

}  // namespace

Result<int> RunImport(const Settings& settings, const ImportFlags& flags) {
  if (const Check sound = CheckFlags(flags); !sound.ok()) return sound.error();
  return flags.format == FileFormat::kStore ? ImportStore(settings, flags)
                                            : ImportForeign(settings, flags);
}

}  // namespace tactic::cli
