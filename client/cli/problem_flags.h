// From the flags that describe problems to the problems themselves, by the schema of the op.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/cli/spec.h"
#include "tactic/model/key.h"
#include "tactic/model/op_schema.h"
#include "tactic/model/result.h"

namespace tactic::cli {

// As typed.
struct ProblemFlags {
  std::string op;
  std::vector<std::string> dims;        // "m=1..512:pow2": --m, or --dim.
  std::vector<std::string> shapes;      // "m=1,n=2048,k=2048": --shapes.
  std::string dtype;                    // Empty: the op's first.
  std::vector<std::string> layouts;     // "b=col_major".
  std::vector<std::string> attributes;  // "name=value".
  std::string cache;                    // "weights_cold"; empty: the daemon's default.
  std::string budget;                   // "500ms"; empty: the lane's own rule.
};

// "m=1,2,8": the sizes of each dimension of the op, in the order given.
Result<NamedSizes> ParseNamedSizes(const OpSchema& schema, const std::vector<std::string>& flags);

// The problems in order: the combinations of --m, --n, … in the order given, the last one varying
// fastest; with --shapes, those combinations for each of them in turn. An Error names the flag and
// lists what is known.
Result<std::vector<Problem>> MakeProblems(const OpSchema& schema, const ProblemFlags& flags);

Result<MeasurementPolicy> MakePolicy(const ProblemFlags& flags);

}  // namespace tactic::cli
