#include "tactic/statistics.h"

#include <cstdio>
#include <string_view>

namespace tactic {
namespace {

std::string ShapesText(const Shapes& shapes) {
  std::string text;
  for (const std::vector<int64_t>& shape : shapes) {
    text += text.empty() ? "[" : " [";
    for (size_t d = 0; d < shape.size(); ++d) {
      text += (d == 0 ? "" : ",") + std::to_string(shape[d]);
    }
    text += ']';
  }
  return text;
}

std::string SecondsText(double seconds) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g s", seconds);
  return text;
}

std::string Counted(uint64_t count, const char* noun) {
  return std::to_string(count) + ' ' + noun + (count == 1 ? "" : "s");
}

void AddMisses(const OpStatistics& op, std::string& text) {
  if (op.misses == 0) return;
  text += "  " + op.op + ": " + std::to_string(op.misses) + '\n';
  for (const MissedShapes& missed : op.missed) {
    text += "    " + std::to_string(missed.count) + " x " + ShapesText(missed.shapes) + '\n';
  }
  if (op.unlisted_misses > 0) {
    text += "    " + std::to_string(op.unlisted_misses) + " x shapes that are not listed\n";
  }
}

void AddTuned(const OpStatistics& op, std::string& text) {
  if (op.profiled + op.failed_profiles == 0) return;
  text += "  " + op.op + ": " + Counted(op.profiled, "profile") + " decided, " +
          std::to_string(op.failed_profiles) + " without a decision, in " +
          SecondsText(op.tuning_seconds) + "; " + Counted(op.failed_candidates, "candidate") +
          " failed\n";
  for (const FailedProfile& profile : op.without_decision) {
    text += "    " + profile.problem + ": no decision: " + profile.reason + '\n';
  }
  for (const FailedCandidate& failed : op.failed) {
    text += "    " + ToText(failed.candidate) + " on " + failed.problem + ": " +
            std::string(Name(failed.outcome)) + ": " + failed.detail + '\n';
  }
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\u%04x", byte);
      quoted += escaped;
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string Field(std::string_view name, const std::string& json) {
  return Quoted(name) + ':' + json;
}

template <typename Items, typename ToJson>
std::string ListOf(const Items& items, ToJson to_json) {
  std::string json;
  for (const auto& item : items) json += (json.empty() ? "" : ",") + to_json(item);
  return '[' + json + ']';
}

std::string JsonOf(const MissedShapes& missed) {
  const auto number = [](int64_t n) { return std::to_string(n); };
  const auto shape = [&](const std::vector<int64_t>& sizes) { return ListOf(sizes, number); };
  return '{' + Field("shapes", ListOf(missed.shapes, shape)) + ',' +
         Field("count", std::to_string(missed.count)) + '}';
}

std::string JsonOf(const FailedProfile& profile) {
  return '{' + Field("problem", Quoted(profile.problem)) + ',' +
         Field("reason", Quoted(profile.reason)) + '}';
}

std::string JsonOf(const FailedCandidate& failed) {
  return '{' + Field("problem", Quoted(failed.problem)) + ',' +
         Field("runner", Quoted(failed.candidate.runner.name)) + ',' +
         Field("runner_id", Quoted(failed.candidate.runner.unique_id)) + ',' +
         Field("tactic", Quoted(failed.candidate.tactic.ToText())) + ',' +
         Field("outcome", Quoted(Name(failed.outcome))) + ',' +
         Field("detail", Quoted(failed.detail)) + '}';
}

std::string JsonOf(const OpStatistics& op) {
  const auto item = [](const auto& value) { return JsonOf(value); };
  return '{' + Field("op", Quoted(op.op)) + ',' + Field("misses", std::to_string(op.misses)) + ',' +
         Field("missed", ListOf(op.missed, item)) + ',' +
         Field("unlisted_misses", std::to_string(op.unlisted_misses)) + ',' +
         Field("profiled", std::to_string(op.profiled)) + ',' +
         Field("failed_profiles", std::to_string(op.failed_profiles)) + ',' +
         Field("without_decision", ListOf(op.without_decision, item)) + ',' +
         Field("failed_candidates", std::to_string(op.failed_candidates)) + ',' +
         Field("failed", ListOf(op.failed, item)) + ',' +
         Field("tuning_seconds", ToText(Value(op.tuning_seconds))) + '}';
}

uint64_t MissesOf(const StatisticsByOp& statistics) {
  uint64_t misses = 0;
  for (const OpStatistics& op : statistics) misses += op.misses;
  return misses;
}

}  // namespace

std::string ToText(const StatisticsByOp& statistics) {
  std::string missed, tuned;
  for (const OpStatistics& op : statistics) {
    AddMisses(op, missed);
    AddTuned(op, tuned);
  }
  std::string text = "Misses: " + std::to_string(MissesOf(statistics)) + '\n' + missed;
  if (!tuned.empty()) text += "Tuned:\n" + tuned;
  return text;
}

std::string ToJson(const StatisticsByOp& statistics) {
  const auto item = [](const OpStatistics& op) { return JsonOf(op); };
  return '{' + Field("misses", std::to_string(MissesOf(statistics))) + ',' +
         Field("ops", ListOf(statistics, item)) + '}';
}

}  // namespace tactic
