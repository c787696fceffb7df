#include "client/examples/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

namespace tactic::examples {
namespace {

template <typename... Args>
std::string Print(const char* format, Args... args) {
  char buffer[512];
  std::snprintf(buffer, sizeof(buffer), format, args...);
  return buffer;
}

std::string Header(const char* last) {
  return Print("%-9s %12s %3s  %9s  %9s  %8s  %-8s  %s\n", "layer", "weights", "M", "chosen",
               "fallback", "speed-up", "answer", last);
}

std::string Line(const LayerRow& row) {
  const std::string weights =
      Print("%lld->%lld", static_cast<long long>(row.in), static_cast<long long>(row.out));
  return Print("%-9s %12s %3lld  %6.3f ms  %6.3f ms  %7.2fx  %-8s  ", row.layer.c_str(),
               weights.c_str(), static_cast<long long>(row.rows), row.chosen_ns / 1e6,
               row.fallback_ns / 1e6, row.fallback_ns / row.chosen_ns, row.source.c_str());
}

std::string Totals(const std::vector<LayerRow>& rows) {
  double log_sum = 0;
  size_t from_table = 0;
  size_t disagree = 0;
  for (const LayerRow& row : rows) {
    log_sum += std::log(row.fallback_ns / row.chosen_ns);
    from_table += row.source == "table" ? 1 : 0;
    disagree += row.agree ? 0 : 1;
  }
  std::string text = Print(
      "%zu of %zu answers from the table; %.2fx the fallback's speed on "
      "average (geometric)\n",
      from_table, rows.size(),
      std::exp(log_sum / static_cast<double>(std::max<size_t>(rows.size(), 1))));
  if (from_table < rows.size()) {
    text += "No decision was there for the others: they ran the fallback. Tune them first.\n";
  }
  return text + (disagree == 0 ? "chosen and fallback computed the same results\n"
                               : Print("%zu results DIFFER from the fallback's\n", disagree));
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// Row `index` of all the reports as one.
LayerRow Combine(const std::vector<ProcessReport>& reports, size_t index, size_t* choices) {
  LayerRow row = reports.front().rows[index];
  std::vector<double> chosen;
  std::vector<double> fallback;
  std::set<std::string> picks;
  for (const ProcessReport& report : reports) {
    const LayerRow& other = report.rows[index];
    chosen.push_back(other.chosen_ns);
    fallback.push_back(other.fallback_ns);
    picks.insert(other.chosen);
    row.agree = row.agree && other.agree;
    if (other.source != row.source) row.source = "mixed";
  }
  row.chosen_ns = Median(chosen);
  row.fallback_ns = Median(fallback);
  *choices = picks.size();
  return row;
}

}  // namespace

nlohmann::json ToJson(const ProcessReport& report) {
  nlohmann::json rows = nlohmann::json::array();
  for (const LayerRow& row : report.rows) {
    rows.push_back({{"layer", row.layer},
                    {"m", row.rows},
                    {"k", row.in},
                    {"n", row.out},
                    {"chosen", row.chosen},
                    {"source", row.source},
                    {"decision_id", row.decision_id},
                    {"chosen_ns", row.chosen_ns},
                    {"fallback_ns", row.fallback_ns},
                    {"agree", row.agree}});
  }
  return {{"process", report.process},
          {"freshness", report.freshness},
          {"revision", report.revision},
          {"layers", rows}};
}

Result<ProcessReport> ParseReport(const std::string& text) {
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    ProcessReport report{json.at("process"), json.at("freshness"), json.at("revision"), {}};
    for (const nlohmann::json& row : json.at("layers")) {
      report.rows.push_back({row.at("layer"), row.at("m"), row.at("k"), row.at("n"),
                             row.at("chosen"), row.at("source"), row.at("decision_id"),
                             row.at("chosen_ns"), row.at("fallback_ns"), row.at("agree")});
    }
    return report;
  } catch (const nlohmann::json::exception& error) {
    return InvalidArgument(std::string("not a report of llama_layers: ") + error.what());
  }
}

std::string ProcessText(const ProcessReport& report) {
  std::string text = report.process + ": table " + report.freshness + ", revision " +
                     std::to_string(report.revision) + "\n" + Header("tactic");
  for (const LayerRow& row : report.rows) text += Line(row) + row.chosen + "\n";
  return text + Totals(report.rows);
}

std::string CombinedText(const std::vector<ProcessReport>& reports, bool* good) {
  *good = !reports.empty();
  if (reports.empty()) return "no reports\n";
  std::string text = Header(Print("tactic, as chosen by %zu processes", reports.size()).c_str());
  std::vector<LayerRow> rows;
  size_t split = 0;
  for (size_t i = 0; i < reports.front().rows.size(); ++i) {
    size_t choices = 0;
    rows.push_back(Combine(reports, i, &choices));
    text += Line(rows.back()) + rows.back().chosen;
    text += choices == 1 ? "\n" : Print(" (and %zu others)\n", choices - 1);
    split += choices == 1 ? 0 : 1;
    *good = *good && choices == 1 && rows.back().agree;
  }
  const size_t same = rows.size() - split;
  text += Print("\nall %zu processes chose the same tactic for %zu of %zu\n", reports.size(), same,
                rows.size());
  return text + Totals(rows);
}

}  // namespace tactic::examples
