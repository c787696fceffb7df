// TensorRT-LLM's cache: {"metadata": {…}, "cache_data": {"(op, runner, unique id, profile)":
// {"runner_id", "tactic", "min_time"}}}; later versions have sections "shared" and "rank_N" in
// place of "cache_data", and tactics as text.
#include <charconv>
#include <utility>

#include "client/interop/cache_file.h"
#include "client/interop/json_text.h"
#include "client/interop/row_key.h"
#include "client/interop/tactics.h"

namespace tactic::interop {
namespace {

constexpr std::string_view kRankPrefix = "rank_";
constexpr double kMostMilliseconds = 1e9;

std::string TextOf(const Json& json) {
  return json.is_string() ? json.get<std::string>() : json.dump();
}

// Seconds may have a fraction.
int64_t UnixMillis(const Json& seconds) {
  if (!seconds.is_number()) return 0;
  const double ms = seconds.get<double>() * 1000;
  return ms > 0 && ms < 4e15 ? static_cast<int64_t>(ms) : 0;
}

std::optional<std::string> ArchOf(const Json& capability) {
  if (!capability.is_array() || capability.size() != 2 || !capability[0].is_number_integer() ||
      !capability[1].is_number_integer()) {
    return std::nullopt;
  }
  return "sm_" + std::to_string(capability[0].get<int>()) +
         std::to_string(capability[1].get<int>());
}

Check ReadMetadata(const Json& file, CacheFile& to) {
  const auto metadata = file.find("metadata");
  if (metadata == file.end() || !metadata->is_object()) {
    return InvalidArgument("no cache of TensorRT-LLM: it has no \"metadata\"");
  }
  for (const auto& item : metadata->items()) to.metadata[item.key()] = TextOf(item.value());
  to.device_name = to.metadata["device_name"];
  to.created_unix_ms = UnixMillis(metadata->value("creation_timestamp", Json()));
  to.arch = ArchOf(metadata->value("device_capability", Json()));
  return Ok();
}

// Unknown times stay apart from 0, which would be faster than all.
Result<double> ReadMinTime(const Json& value) {
  const auto found = value.find("min_time");
  if (found == value.end()) return 0.0;
  if (found->is_string() && found->get<std::string>() == "Infinity") return 0.0;
  const double ms = found->is_number() ? found->get<double>() : -1;
  if (!(ms >= 0 && ms <= kMostMilliseconds)) {
    return InvalidArgument("min_time is no time: " + found->dump());
  }
  return ms;
}

Result<Tactic> ReadTactic(const Json& value) {
  const auto found = value.find("tactic");
  if (found == value.end()) return InvalidArgument("it has no tactic");
  Result<PyValue> theirs = found->is_string() ? ParsePythonLiteral(found->get<std::string>())
                                              : ToPython(*found, Arrays::kLists);
  if (!theirs.ok()) {
    return Error{theirs.error().code, "its tactic cannot be decoded: " + theirs.error().message};
  }
  return ToTactic(*theirs);
}

Result<CacheRow> ReadRow(const std::string& key, const Json& value) {
  auto items = ParseRowKey(key);
  if (!items.ok()) return items.error();
  // A fifth item names the timer.
  if (items->size() != 4 && items->size() != 5) {
    return InvalidArgument("the key has " + std::to_string(items->size()) +
                           " items; op, runner, unique id and profile are 4");
  }
  CacheRow row;
  Result<std::string> op = TextAt(*items, 0, "op");
  Result<std::string> runner = TextAt(*items, 1, "runner");
  Result<std::string> unique_id = TextAt(*items, 2, "unique id");
  for (const auto* text : {&op, &runner, &unique_id}) {
    if (!text->ok()) return text->error();
  }
  auto shapes = ToShapes((*items)[3]);
  if (!shapes.ok()) return shapes.error();
  if (!value.is_object()) return InvalidArgument("its value is no object");
  Result<Tactic> tactic = ReadTactic(value);
  if (!tactic.ok()) return tactic.error();
  const Result<double> time = ReadMinTime(value);
  if (!time.ok()) return time.error();
  return CacheRow{*std::move(op),     *std::move(runner), *std::move(unique_id),
                  *std::move(shapes), *std::move(tactic), *time};
}

std::optional<int> RankOf(const std::string& section) {
  if (!section.starts_with(kRankPrefix)) return std::nullopt;
  int rank = 0;
  const char* end = section.data() + section.size();
  const auto [stopped, error] = std::from_chars(section.data() + kRankPrefix.size(), end, rank);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return rank;
}

bool IsWanted(const std::string& section, std::optional<int> rank) {
  if (section == "cache_data" || section == "shared") return true;
  const std::optional<int> its = RankOf(section);
  return its && (!rank || *rank == *its);
}

}  // namespace

Result<CacheFile> ReadTensorRtLlm(std::string_view text, std::optional<int> rank) {
  const Result<Json> json = ParseJson(text);
  if (!json.ok()) return json.error();
  if (!json->is_object()) return InvalidArgument("no cache of TensorRT-LLM: it is no object");
  CacheFile file;
  if (const Check metadata = ReadMetadata(*json, file); !metadata.ok()) return metadata.error();
  bool any_section = false;
  bool rank_found = !rank || json->contains("cache_data");
  for (const auto& section : json->items()) {
    if (!section.value().is_object() || !IsWanted(section.key(), rank)) continue;
    any_section = true;
    rank_found = rank_found || RankOf(section.key()) == rank;
    for (const auto& item : section.value().items()) {
      Result<CacheRow> row = ReadRow(item.key(), item.value());
      if (row.ok()) {
        file.rows.push_back(*std::move(row));
      } else {
        file.skipped.push_back({item.key(), row.error().message});
      }
    }
  }
  if (!rank_found) {
    return Error{ErrorCode::kNotFound,
                 "the file has no section \"rank_" + std::to_string(*rank) + "\""};
  }
  if (!any_section) {
    return InvalidArgument(
        "no cache of TensorRT-LLM: it has no \"cache_data\", \"shared\" or "
        "\"rank_N\"");
  }
  return file;
}

}  // namespace tactic::interop
