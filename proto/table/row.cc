#include "proto/table/row.h"

#include <functional>
#include <type_traits>
#include <variant>

#include "tactic/model/codec.h"

namespace tactic::table {
namespace {

uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9fb21c651e98df25;
  return hash ^ (hash >> 29);
}

uint64_t HashOf(const Value& value);

uint64_t HashOf(const Parameters& parameters) {
  uint64_t hash = parameters.size();
  for (const Parameter& parameter : parameters.items()) {
    hash = Mix(hash, std::hash<std::string>()(parameter.name));
    hash = Mix(hash, HashOf(parameter.value));
  }
  return hash;
}

uint64_t HashOf(const ValueList& list) {
  uint64_t hash = list.items.size();
  for (const Value& item : list.items) hash = Mix(hash, HashOf(item));
  return hash;
}

uint64_t HashOf(const Value& value) {
  return Mix(value.index(), std::visit(
                                [](const auto& held) -> uint64_t {
                                  using Held = std::decay_t<decltype(held)>;
                                  if constexpr (std::is_same_v<Held, Parameters> ||
                                                std::is_same_v<Held, ValueList>) {
                                    return HashOf(held);
                                  } else {
                                    return std::hash<Held>()(held);
                                  }
                                },
                                value));
}

}  // namespace

size_t CandidateHash::operator()(const Candidate& candidate) const {
  const uint64_t hash = Mix(std::hash<std::string>()(candidate.runner.name),
                            std::hash<std::string>()(candidate.runner.unique_id));
  return Mix(hash, HashOf(candidate.tactic));
}

Shapes SizesOf(std::span<const InputRecord> inputs, const Key& key) {
  Shapes sizes;
  size_t next = inputs.size() > size_hash::kRanksPerWord ? 1 : 0;
  for (const InputRecord& input : inputs) {
    std::vector<int64_t>& dims = sizes.emplace_back();
    for (unsigned d = 0; d < input.rank; ++d) {
      const auto size = static_cast<int64_t>(key[next++]);
      dims.push_back((input.derived >> d & 1) != 0 ? -1 : size);
    }
  }
  return sizes;
}

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
