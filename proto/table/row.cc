#include "proto/table/row.h"

#include "tactic/model/codec.h"

namespace tactic::table {

std::string FamilyKey(const std::string& op, const Parameters& attributes,
                      const MeasurementPolicy& policy) {
  return Encode(tactic::Key{{op, attributes, {}}, policy, {}});
}

std::optional<InputSizes> SizesOf(const Decision& decision) {
  const std::vector<Tensor>& inputs = decision.key.problem.inputs;
  if (decision.ranking.empty() || inputs.size() > limits::kInputs ||
      decision.id > kMostDecisionId) {
    return std::nullopt;
  }
  InputSizes sizes;
  sizes.inputs = inputs.size();
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::vector<Dim>& dims = inputs[i].dims;
    if (dims.size() > limits::kRank) return std::nullopt;
    sizes.ranks[i] = static_cast<uint8_t>(dims.size());
    for (size_t d = 0; d < dims.size(); ++d) {
      if (dims[d].opt < 0 || dims[d].opt > limits::kDim) return std::nullopt;
      sizes.sizes[i][d] = dims[d].KeySize();
    }
  }
  return sizes;
}

std::vector<InputRecord> InputsOf(const Problem& problem) {
  std::vector<InputRecord> inputs;
  for (const Tensor& tensor : problem.inputs) {
    InputRecord input{static_cast<uint8_t>(tensor.dtype), static_cast<uint8_t>(tensor.layout),
                      static_cast<uint8_t>(tensor.dims.size()), 0};
    for (size_t d = 0; d < tensor.dims.size(); ++d) {
      if (tensor.dims[d].derived) input.derived |= static_cast<uint8_t>(1u << d);
    }
    inputs.push_back(input);
  }
  return inputs;
}

bool SameFamily(const tactic::Key& a, const tactic::Key& b) {
  return a.problem.op == b.problem.op && a.problem.attributes == b.problem.attributes &&
         a.policy == b.policy && a.environment == b.environment;
}

}  // namespace tactic::table
