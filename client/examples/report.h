// What a process found, for one layer and number of rows, as a value, as JSON and as a table.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tactic/model/result.h"

namespace tactic::examples {

struct LayerRow {
  std::string layer;   // "gate, up"
  int64_t rows = 0;    // m
  int64_t in = 0;      // k
  int64_t out = 0;     // n
  std::string chosen;  // "host_blocked kc=256"
  std::string source;  // "table", or "fallback": no decision was there.
  uint64_t decision_id = 0;
  double chosen_ns = 0;
  double fallback_ns = 0;
  bool agree = true;  // The outputs of both are equal, within what the op tolerates.
};

struct ProcessReport {
  std::string process;    // "llama_layers/3"
  std::string freshness;  // "fresh", "stale" or "offline".
  uint64_t revision = 0;  // Of the table.
  std::vector<LayerRow> rows;
};

nlohmann::json ToJson(const ProcessReport& report);
Result<ProcessReport> ParseReport(const std::string& text);

// One process: a row a layer and number of rows.
std::string ProcessText(const ProcessReport& report);
// Several: the same table with the medians over the processes, and whether all chose the same.
// Whether every process chose the same everywhere and every result agreed goes to `*good`.
std::string CombinedText(const std::vector<ProcessReport>& reports, bool* good);

}  // namespace tactic::examples
