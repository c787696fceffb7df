#include "bench/gpu/regret_problem.h"

#include <algorithm>
#include <map>

namespace tactic::bench {
namespace {

struct Layer {
  const char* op;
  const char* name;
  const char* rows;  // What the op calls its number of rows.
  std::map<std::string, int64_t> sizes;
};

const std::vector<Layer>& Layers() {
  static const std::vector<Layer> layers = {
      {"gemm", "qkv", "m", {{"n", 6144}, {"k", 4096}}},
      {"gemm", "o", "m", {{"n", 4096}, {"k", 4096}}},
      {"gemm", "gate_up", "m", {{"n", 28672}, {"k", 4096}}},
      {"gemm", "down", "m", {{"n", 4096}, {"k", 14336}}},
      {"rms_norm", "norm", "rows", {{"cols", 4096}}},
      {"silu_and_mul", "activation", "rows", {{"width", 28672}}},
  };
  return layers;
}

RegretProblem Make(const sdk::Registry::Entry& entry, const Layer& layer, int64_t rows) {
  std::map<std::string, int64_t> sizes = layer.sizes;
  sizes[layer.rows] = rows;
  std::map<std::string, Layout> layouts;
  if (std::string(layer.op) == "gemm") layouts["b"] = Layout::kColMajor;
  const OpSchema schema = entry.op->Schema();
  RegretProblem made;
  made.entry = &entry;
  made.problem = MakeProblem(schema, sizes, DType::kBF16, layouts, {}).value();
  FillDefaults(schema, made.problem);
  made.name = std::string(layer.op) + " " + layer.name;
  for (const auto& [dim, size] : sizes) made.name += " " + dim + "=" + std::to_string(size);
  made.policy = Resolve({}, DeviceKind::kCuda);
  made.list = ListCandidates(SelectRunners(entry, {}).value(), made.problem);
  return made;
}

}  // namespace

std::vector<RegretProblem> LlamaProblems(const sdk::Registry& registry,
                                         const std::vector<int64_t>& rows,
                                         const std::vector<std::string>& ops) {
  std::vector<RegretProblem> problems;
  for (const Layer& layer : Layers()) {
    const sdk::Registry::Entry* const entry = registry.Find(layer.op);
    if (entry == nullptr) continue;
    if (!ops.empty() && std::find(ops.begin(), ops.end(), layer.op) == ops.end()) continue;
    for (const int64_t count : rows) problems.push_back(Make(*entry, layer, count));
  }
  return problems;
}

}  // namespace tactic::bench
