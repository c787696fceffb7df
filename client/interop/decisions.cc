#include "client/interop/decisions.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace tactic::interop {
namespace {

constexpr double kNanosecondsPerMillisecond = 1e6;

std::string Mapped(const std::map<std::string, std::string>& names, const std::string& name) {
  const auto found = names.find(name);
  return found == names.end() ? name : found->second;
}

// Versions that the file's metadata states, under the names that components have here.
Environment EnvironmentOf(const CacheFile& file, const ImportMapping& mapping) {
  Environment environment;
  environment.device.kind = DeviceKind::kCuda;
  environment.device.arch = mapping.arch.empty() ? *file.arch : mapping.arch;
  environment.device.label = ToPrintable(file.device_name, limits::kValueBytes);
  const auto text = [&](const char* field) {
    const auto found = file.metadata.find(field);
    return found == file.metadata.end() ? "" : ToPrintable(found->second, limits::kUniqueIdBytes);
  };
  environment.runtime = text("cuda_version");
  environment.components = {{"imported", mapping.program}};
  const std::pair<const char*, const char*> kVersions[] = {
      {"tensorrt_llm", "lib_version"},
      {"flashinfer", "flashinfer_version"},
      {"cublas", "cublas_version"},
      {"cudnn", "cudnn_version"},
      {"cudnn_frontend", "cudnn_frontend_version"}};
  for (const auto& [component, field] : kVersions) {
    if (file.metadata.contains(field)) environment.components.push_back({component, text(field)});
  }
  std::sort(environment.components.begin(), environment.components.end());
  return environment;
}

Problem ProblemOf(const CacheRow& row, const ImportMapping& mapping) {
  Problem problem;
  problem.op = Mapped(mapping.ops, row.op);
  for (size_t i = 0; i < row.shapes.size(); ++i) {
    Tensor& tensor = problem.inputs.emplace_back();
    tensor.dtype = mapping.dtypes[std::min(i, mapping.dtypes.size() - 1)];
    if (row.shapes[i] == std::vector<int64_t>{0}) tensor.dtype = DType::kAbsent;
    for (const int64_t size : row.shapes[i]) {
      tensor.dims.push_back(size < 0 ? Dim::Derived(0) : Dim::Static(size));
    }
  }
  return problem;
}

// Known times first.
bool IsFaster(const Ranked& a, const Ranked& b) {
  if ((a.median_ns > 0) != (b.median_ns > 0)) return a.median_ns > 0;
  return a.median_ns < b.median_ns;
}

// The fastest of each runner, the fastest of all in front.
void SortRanking(std::vector<Ranked>& ranking) {
  std::stable_sort(ranking.begin(), ranking.end(), IsFaster);
  std::vector<Ranked> best;
  for (Ranked& ranked : ranking) {
    const bool known = std::any_of(best.begin(), best.end(), [&](const Ranked& other) {
      return other.candidate.runner == ranked.candidate.runner;
    });
    if (!known) best.push_back(std::move(ranked));
  }
  ranking = std::move(best);
}

Check CheckMapping(const CacheFile& file, const ImportMapping& mapping) {
  if (mapping.dtypes.empty()) {
    return InvalidArgument("the file does not say the element types of the inputs; state them");
  }
  if (mapping.arch.empty() && !file.arch) {
    return InvalidArgument("the file does not say the device's architecture; state it: sm_90");
  }
  return Ok();
}

class Collector {
 public:
  Collector(const CacheFile& file, const ImportMapping& mapping) : mapping_(mapping) {
    environment_ = EnvironmentOf(file, mapping);
    created_unix_ms_ = file.created_unix_ms;
    result_.skipped = file.skipped;
  }

  void Add(const CacheRow& row) {
    if (!mapping_.ops.empty() && !mapping_.ops.contains(row.op)) return;
    const Ranked ranked = RankedOf(row);
    Key key{ProblemOf(row, mapping_), Resolve(mapping_.policy, DeviceKind::kCuda), environment_};
    Check sound = CheckProblem("", key.problem);
    if (sound.ok()) sound = CheckEnvironment("environment.", key.environment);
    if (sound.ok()) sound = CheckCandidate("", ranked.candidate);
    if (!sound.ok()) {
      result_.skipped.push_back({row.op + " " + row.runner, sound.error().message});
      return;
    }
    ++result_.rows;
    const auto [at, added] = by_key_.emplace(FingerprintOf(key), result_.decisions.size());
    if (added) {
      Decision& decision = result_.decisions.emplace_back();
      decision.key = std::move(key);
      decision.created_unix_ms = created_unix_ms_;
    }
    result_.decisions[at->second].ranking.push_back(ranked);
  }

  ImportedDecisions Take() {
    for (Decision& decision : result_.decisions) {
      for (const Ranked& ranked : decision.ranking) {
        if (ranked.candidate.tactic.empty()) decision.default_ns = ranked.median_ns;
      }
      SortRanking(decision.ranking);
      // Nothing is known of the noise.
      decision.reason = decision.ranking.size() == 1 ? Reason::kOnly : Reason::kBudget;
    }
    return std::move(result_);
  }

 private:
  Ranked RankedOf(const CacheRow& row) const {
    const double ns = row.milliseconds * kNanosecondsPerMillisecond;
    return {{{Mapped(mapping_.runners, row.runner), row.unique_id}, row.tactic}, ns, ns, ns};
  }

  const ImportMapping& mapping_;
  Environment environment_;
  int64_t created_unix_ms_ = 0;
  std::unordered_map<Fingerprint, size_t, FingerprintHash> by_key_;
  ImportedDecisions result_;
};

}  // namespace

Result<ImportedDecisions> ToDecisions(const CacheFile& file, const ImportMapping& mapping) {
  if (const Check check = CheckMapping(file, mapping); !check.ok()) return check.error();
  Collector collector(file, mapping);
  for (const CacheRow& row : file.rows) collector.Add(row);
  return collector.Take();
}

}  // namespace tactic::interop
