#include "client/cli/missed.h"

#include <map>
#include <set>

#include "client/cli/format.h"

namespace tactic::cli {

std::string ShapesText(const v1::Miss& miss) {
  std::string text;
  for (const v1::Shape& shape : miss.shapes()) {
    text += text.empty() ? "[" : " [";
    for (int d = 0; d < shape.dims_size(); ++d) {
      text += (d == 0 ? "" : ",") + std::to_string(shape.dims(d));
    }
    text += ']';
  }
  return text;
}

std::string MissesText(const Schemas& schemas, const std::vector<v1::Miss>& misses, size_t width) {
  if (misses.empty()) return "no misses\n";
  using Align = Table::Align;
  Table table({{"problem", Align::kLeft, true},
               {"called with"},
               {"count", Align::kRight},
               {"last seen"},
               {"decided"}});
  uint64_t calls = 0;
  for (const v1::Miss& miss : misses) {
    calls += miss.count();
    table.Add({schemas.ProblemText(miss.problem()), ShapesText(miss), std::to_string(miss.count()),
               FormatUtc(miss.last_unix_ms()),
               miss.decision_id() == 0 ? "no" : "by " + std::to_string(miss.decision_id())});
  }
  return table.Render(width) + Plural(misses.size(), "missed call") + ", met " +
         Plural(calls, "time") + "\n";
}

std::vector<v1::TuneRequest> UndecidedOf(const std::vector<v1::Miss>& misses, int most) {
  std::map<std::string, std::vector<v1::TuneRequest>> by_policy;
  std::set<std::string> seen;
  for (const v1::Miss& miss : misses) {
    if (miss.decision_id() != 0 || !seen.insert(miss.fingerprint()).second) continue;
    auto& requests = by_policy[miss.policy().SerializeAsString()];
    if (requests.empty() || requests.back().problems_size() == most) {
      *requests.emplace_back().mutable_policy() = miss.policy();
    }
    *requests.back().add_problems() = miss.problem();
  }
  std::vector<v1::TuneRequest> all;
  for (const auto& [policy, requests] : by_policy) {
    all.insert(all.end(), requests.begin(), requests.end());
  }
  return all;
}

}  // namespace tactic::cli
