// FlashInfer's cache: {"_metadata": {…}, "(op, runner, profile, extras)": ["runner", tactic], …}.
#include <utility>

#include "client/interop/cache_file.h"
#include "client/interop/json_text.h"
#include "client/interop/row_key.h"
#include "client/interop/tactics.h"

namespace tactic::interop {
namespace {

constexpr char kMetadata[] = "_metadata";

// What a writer that could not find out has written.
bool IsUnknown(const Json& value) {
  if (value.is_null()) return true;
  return value.is_string() && (value == "unknown" || value == "None" || value == "");
}

Check CheckExpected(const Json& metadata, const FlashInferOptions& options) {
  for (const auto& [field, expected] : options.expected) {
    const Json saved = metadata.value(field, Json());
    if (saved == "*" || saved == expected) continue;
    if (!IsUnknown(saved)) {
      return Error{
          ErrorCode::kFailedPrecondition,
          "its metadata says " + field + " = " + saved.dump() + ", expected \"" + expected + "\""};
    }
    if (options.accept_unknown) continue;
    return Error{ErrorCode::kFailedPrecondition,
                 "its metadata does not know " + field + ", expected \"" + expected + "\""};
  }
  return Ok();
}

Result<Tactic> ReadTactic(const std::string& runner, const Json& value) {
  Result<PyValue> theirs = ToPython(value, Arrays::kTuples);
  if (!theirs.ok()) {
    return Error{theirs.error().code, "its tactic cannot be decoded: " + theirs.error().message};
  }
  if (runner.starts_with("Cudnn") && std::holds_alternative<int64_t>(theirs->value)) {
    return InvalidArgument("a position in cuDNN's list of plans means nothing elsewhere");
  }
  return ToTactic(*theirs);
}

Result<CacheRow> ReadRow(const std::string& key, const Json& value) {
  auto items = ParseRowKey(key);
  if (!items.ok()) return items.error();
  if (items->size() != 3 && items->size() != 4) {
    return InvalidArgument("the key has " + std::to_string(items->size()) +
                           " items; op, runner, profile and extras are 3 or 4");
  }
  Result<std::string> op = TextAt(*items, 0, "op");
  if (!op.ok()) return op.error();
  Result<std::string> runner = TextAt(*items, 1, "runner");
  if (!runner.ok()) return runner.error();
  auto shapes = ToShapes((*items)[2]);
  if (!shapes.ok()) return shapes.error();
  if (!value.is_array() || value.size() != 2) {
    return InvalidArgument("its value is no pair of runner and tactic");
  }
  if (value[0] != *runner) {
    return InvalidArgument("its value is of runner " + value[0].dump() + ", its key of \"" +
                           *runner + "\"");
  }
  Result<Tactic> tactic = ReadTactic(*runner, value[1]);
  if (!tactic.ok()) return tactic.error();
  std::string extras;
  if (items->size() == 4 && !((*items)[3] == PyValue{PyTuple()})) {
    extras = ToPythonLiteral((*items)[3]);
  }
  return CacheRow{*std::move(op),     *std::move(runner), std::move(extras),
                  *std::move(shapes), *std::move(tactic), 0};
}

}  // namespace

Result<CacheFile> ReadFlashInfer(std::string_view text, const FlashInferOptions& options) {
  const Result<Json> json = ParseJson(text);
  if (!json.ok()) return json.error();
  if (!json->is_object()) return InvalidArgument("no cache of FlashInfer: it is no object");
  CacheFile file;
  if (const auto metadata = json->find(kMetadata); metadata != json->end()) {
    if (!metadata->is_object()) return InvalidArgument("\"_metadata\" is no object");
    if (const Check fits = CheckExpected(*metadata, options); !fits.ok()) return fits.error();
    for (const auto& item : metadata->items()) {
      file.metadata[item.key()] =
          item.value().is_string() ? item.value().get<std::string>() : item.value().dump();
    }
    file.device_name = file.metadata["gpu"];
  }
  for (const auto& item : json->items()) {
    if (item.key().starts_with("_")) continue;  // Its own bookkeeping.
    Result<CacheRow> row = ReadRow(item.key(), item.value());
    if (row.ok()) {
      file.rows.push_back(*std::move(row));
    } else {
      file.skipped.push_back({item.key(), row.error().message});
    }
  }
  return file;
}

}  // namespace tactic::interop
