// What an op accepts, declared once beside its runners, so that every edge can check a request and
// the CLI can offer flags by dimension name, without knowing the op.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tactic/model/problem.h"
#include "tactic/model/result.h"

namespace tactic {

struct InputSchema {
  std::string name;               // "b"
  std::vector<std::string> dims;  // Symbolic: {"k","n"}; equal names are equal sizes.
  std::vector<DType> dtypes;      // Accepted; the first is the default.
  std::vector<Layout> layouts;    // Accepted; the first is the default.
  bool weight = false;  // Read-only between calls: what `weights_cold` keeps out of the cache.
  // An index, a scale: its dtype is its own. All inputs that do not say so share one dtype.
  bool own_dtype = false;
  bool operator==(const InputSchema&) const = default;
};

struct AttributeSchema {
  std::string name;
  Value default_value;  // Its type is the attribute's type. An attribute left out takes this value.
  bool operator==(const AttributeSchema&) const = default;
};

struct OpSchema {
  std::string op;
  std::vector<InputSchema> inputs;
  std::vector<AttributeSchema> attributes;
  bool operator==(const OpSchema&) const = default;
};

// Whether the schema itself is sound: names, limits, no name twice, at least one dtype and layout.
// `field` prefixes the name in the message.
Check CheckSchema(std::string_view field, const OpSchema& schema);

// The symbolic dimensions in order of first appearance: gemm -> m, k, n.
std::vector<std::string> DimNames(const OpSchema& schema);

// Checks `problem` (already through CheckProblem) against its op: number of inputs, ranks, dtypes,
// layouts, equal sizes for equal names, known attributes of the right type.
Check CheckAgainst(const OpSchema& schema, const Problem& problem);

// Adds the attributes that were left out, so that equal problems have equal keys.
void FillDefaults(const OpSchema& schema, Problem& problem);

// The problem with these sizes by dimension name; `dtype`, which is that of the inputs that share
// one, and the layouts default to the schema's first. `layouts` is by input name. An Error names
// what is missing or unknown and lists what is known.
Result<Problem> MakeProblem(const OpSchema& schema, const std::map<std::string, int64_t>& sizes,
                            std::optional<DType> dtype,
                            const std::map<std::string, Layout>& layouts,
                            const Parameters& attributes);

// The size of each symbolic dimension in a problem that passed CheckAgainst.
std::map<std::string, int64_t> SizesByName(const OpSchema& schema, const Problem& problem);

}  // namespace tactic
