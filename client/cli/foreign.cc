#include "client/cli/foreign.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <utility>

#include "client/cli/archive.h"
#include "client/cli/connection.h"
#include "client/cli/exit_codes.h"
#include "client/cli/format.h"
#include "client/cli/import_call.h"
#include "client/cli/json.h"
#include "client/cli/requests.h"
#include "client/cli/spec.h"
#include "client/interop/cache_file.h"
#include "client/interop/decisions.h"

namespace tactic::cli {
namespace {

using Names = std::map<std::string, std::string>;

Result<std::string> ReadText(const std::string& file) {
  std::ostringstream text;
  if (file == "-") {
    text << std::cin.rdbuf();
  } else {
    const std::ifstream in(file, std::ios::binary);
    if (!in) return Error{ErrorCode::kNotFound, file + ": cannot be read"};
    text << in.rdbuf();
  }
  return std::move(text).str();
}

// "a=b" items; of one without "=", both sides are it if `alone` allows that.
Result<Names> ParseNames(const char* flag, const std::vector<std::string>& items, bool alone) {
  Names names;
  for (const std::string& item : items) {
    if (alone && item.find('=') == item.npos) {
      names[item] = item;
      continue;
    }
    const auto pair = ParsePair(item);
    if (!pair.ok()) return InvalidArgument(std::string(flag) + ": " + pair.error().message);
    names[pair->first] = pair->second;
  }
  return names;
}

Result<interop::ImportMapping> MappingOf(const ImportFlags& flags) {
  interop::ImportMapping mapping;
  mapping.program = flags.format == FileFormat::kFlashInfer ? "flashinfer" : "tensorrt_llm";
  auto ops = ParseNames("--op", flags.ops, true);
  if (!ops.ok()) return ops.error();
  auto runners = ParseNames("--map", flags.runners, false);
  if (!runners.ok()) return runners.error();
  mapping.ops = *std::move(ops);
  mapping.runners = *std::move(runners);
  mapping.arch = flags.arch;
  if (flags.dtypes.empty()) {
    return InvalidArgument(
        "--dtype: the file does not say the element types of the inputs; give "
        "them: --dtype bf16, or by input --dtype bf16,f8e4m3,f32");
  }
  for (const std::string& name : flags.dtypes) {
    const std::optional<DType> dtype = ParseDType(name);
    if (!dtype || *dtype == DType::kAbsent) {
      return InvalidArgument("--dtype: '" + name + "' is no element type, such as f32 or bf16");
    }
    mapping.dtypes.push_back(*dtype);
  }
  // The programs' own default, and what they time: a graph, compared with nothing.
  mapping.policy = {CacheState::kWarm, LaunchMode::kGraph, Validation::kNone, 0};
  if (flags.cache.empty()) return mapping;
  const std::optional<CacheState> cache = ParseCacheState(flags.cache);
  if (!cache) {
    return InvalidArgument("--policy: '" + flags.cache +
                           "'; must be weights_cold, all_cold or warm");
  }
  mapping.policy.cache = *cache;
  return mapping;
}

Result<interop::CacheFile> ReadCache(const ImportFlags& flags, const std::string& text) {
  if (flags.format == FileFormat::kTensorRtLlm) return interop::ReadTensorRtLlm(text, flags.rank);
  auto expected = ParseNames("--expect", flags.expected, false);
  if (!expected.ok()) return expected.error();
  return interop::ReadFlashInfer(text, {*std::move(expected), flags.accept_unknown});
}

Result<interop::ImportedDecisions> ReadDecisions(const ImportFlags& flags) {
  const auto mapping = MappingOf(flags);
  if (!mapping.ok()) return mapping.error();
  const auto text = ReadText(flags.file);
  if (!text.ok()) return text.error();
  const auto file = ReadCache(flags, *text);
  if (!file.ok()) return Error{file.error().code, flags.file + ": " + file.error().message};
  auto decisions = interop::ToDecisions(*file, *mapping);
  if (!decisions.ok()) {
    return Error{decisions.error().code, flags.file + ": " + decisions.error().message};
  }
  return decisions;
}

}  // namespace

Result<int> ImportForeign(const Settings& settings, const ImportFlags& flags) {
  const auto read = ReadDecisions(flags);
  if (!read.ok()) return read.error();
  auto connection = Connection::Open(settings.target, settings.timeout);
  if (!connection.ok()) return connection.error();
  const auto imported =
      ImportRecords(settings, *connection, flags.dry_run, RecordsOf(read->decisions));
  if (settings.interrupts->Seen()) return kExitInterrupted;
  if (!imported.ok()) return imported.error();
  std::vector<LeftOut> left_out;
  for (const interop::SkippedRow& row : read->skipped) left_out.push_back({row.key, row.why});
  const Check written =
      WriteImported(settings, *connection, flags.dry_run, imported->response, left_out);
  if (!written.ok()) return written.error();
  return kExitOk;
}

Result<int> ExportForeign(const Settings& settings, const ExportFlags& flags) {
  auto ops = ParseNames("--op", flags.ops, true);
  if (!ops.ok()) return ops.error();
  auto runners = ParseNames("--map", flags.runners, false);
  if (!runners.ok()) return runners.error();
  auto connection = Connection::Open(settings.target, settings.timeout);
  if (!connection.ok()) return connection.error();
  const auto decisions = Snapshot(*connection, {});
  if (!decisions.ok()) return decisions.error();
  const auto text = interop::WriteTensorRtLlm(*decisions, {*std::move(ops), *std::move(runners)});
  if (!text.ok()) return text.error();
  auto writer = ArchiveWriter::Open(flags.file);
  if (!writer.ok()) return writer.error();
  Check written = writer->WriteText(*text);
  if (written.ok()) written = writer->Close();
  if (!written.ok()) return written.error();
  if (flags.file == "-") return kExitOk;
  written = Write(settings.json ? Pretty(Json{{"file", flags.file}, {"bytes", text->size()}})
                                : "wrote " + FormatBytes(text->size()) + " to " +
                                      Printable(flags.file) + "\n");
  if (!written.ok()) return written.error();
  return kExitOk;
}

}  // namespace tactic::cli
