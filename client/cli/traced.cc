#include "client/cli/traced.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <set>

#include "client/cli/problem_flags.h"

namespace tactic::cli {
namespace {

// What a trace tells problems apart by: "cold,16,2048,2048".
std::string IdentityOf(const Schemas& schemas, const Decision& decision) {
  const Problem& problem = decision.key.problem;
  std::array<int64_t, 3> sizes{};
  const OpSchema* schema = schemas.Find(problem.op);
  if (schema != nullptr && CheckAgainst(*schema, problem).ok()) {
    const std::map<std::string, int64_t> by_name = SizesByName(*schema, problem);
    std::vector<std::string> names = DimNames(*schema);
    const std::vector<std::string> gemm = {"m", "n", "k"};
    if (std::is_permutation(names.begin(), names.end(), gemm.begin(), gemm.end())) names = gemm;
    for (size_t i = 0; i < std::min(names.size(), sizes.size()); ++i) {
      if (const auto size = by_name.find(names[i]); size != by_name.end()) sizes[i] = size->second;
    }
  } else {
    sizes[0] = static_cast<int64_t>(decision.id);
  }
  std::string text = decision.key.policy.cache == CacheState::kWarm ? "warm" : "cold";
  for (const int64_t size : sizes) text += "," + std::to_string(size);
  return text;
}

// A value in one cell.
std::string CellOf(const Value& value) {
  std::string text = ToText(value);
  std::replace(text.begin(), text.end(), ',', ';');
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string CandidateCells(const Candidate& candidate, const std::set<std::string>& settings) {
  std::string text = candidate.runner.name;
  for (const std::string& name : settings) {
    const Value* value = candidate.tactic.Find(name);
    text += "," + (value == nullptr ? std::string() : CellOf(*value));
  }
  return text;
}

uint32_t LastEpoch(const Evidence& evidence) {
  uint32_t last = 0;
  for (const Trial& trial : evidence.trials) {
    for (const Sample& sample : trial.samples) last = std::max(last, sample.epoch);
  }
  return last;
}

std::string SampleCells(const Trial& trial, uint32_t epoch) {
  std::string text;
  if (!IsValid(trial.outcome)) return text;
  uint32_t next = 0;
  for (const Sample& sample : trial.samples) {
    if (sample.epoch != epoch) continue;
    if (sample.round != next++) break;
    char cell[32];
    std::snprintf(cell, sizeof(cell), ",%.6g", 1e-3 * static_cast<double>(sample.nanoseconds));
    text += cell;
  }
  return text;
}

std::set<std::string> SettingsOf(const std::vector<Found>& found) {
  std::set<std::string> names;
  for (const Found& one : found) {
    for (const Trial& trial : one.evidence->trials) {
      for (const Parameter& setting : trial.candidate.tactic.items()) names.insert(setting.name);
    }
  }
  return names;
}

}  // namespace

Result<std::string> TraceText(const Schemas& schemas, const std::vector<Found>& found) {
  if (found.empty()) {
    return Error{ErrorCode::kFailedPrecondition,
                 "no decision to write; tacticctl list shows those that stand"};
  }
  const std::set<std::string> settings = SettingsOf(found);
  std::string text = "mode,m,n,k,candidate,runner";
  for (const std::string& name : settings) text += "," + name;
  text += ",samples_us\n";
  const std::string& op = found.front().decision.key.problem.op;
  std::map<std::string, uint64_t> written;
  for (const Found& one : found) {
    const Decision& decision = one.decision;
    const std::string id = std::to_string(decision.id);
    if (decision.key.problem.op != op) {
      return InvalidArgument("decisions of two ops, " + op + " and " + decision.key.problem.op +
                             "; choose one with --op");
    }
    const std::string identity = IdentityOf(schemas, decision);
    const auto [other, is_new] = written.emplace(identity, decision.id);
    if (!is_new) {
      return InvalidArgument("decisions " + std::to_string(other->second) + " and " + id +
                             " are both " + identity +
                             " in a trace; name the ids of those to write");
    }
    const uint32_t epoch = LastEpoch(*one.evidence);
    for (size_t i = 0; i < one.evidence->trials.size(); ++i) {
      const Trial& trial = one.evidence->trials[i];
      text += identity + "," + std::to_string(i) + "," + CandidateCells(trial.candidate, settings) +
              SampleCells(trial, epoch) + "\n";
    }
  }
  return text;
}

}  // namespace tactic::cli
