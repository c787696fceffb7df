// Reads a tactic's parameters one by one and keeps the first thing that is wrong with them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tactic/model/parameters.h"
#include "tactic/model/result.h"

namespace tactic::sdk {

// Each getter returns the parameter's value if it is there and valid, else `otherwise`; what was
// wrong comes out of Finish(). Messages name the parameter, its value, and what it must be.
class TacticReader {
 public:
  explicit TacticReader(const Tactic& tactic) : tactic_(tactic) {}  // Outlives this.

  int64_t Int(std::string_view name, int64_t least, int64_t most, int64_t otherwise);
  int64_t OneOf(std::string_view name, std::span<const int> choices, int64_t otherwise);
  bool Bool(std::string_view name, bool otherwise);
  std::string Text(std::string_view name, std::span<const std::string_view> choices,
                   std::string_view otherwise);

  // For what only the caller can judge; `wanted` completes "must be …".
  void Reject(std::string_view name, const std::string& wanted);

  // The first error; else an error if there is a parameter that nobody asked for; else ok.
  Check Finish();

 private:
  const Value* Find(std::string_view name);

  const Tactic& tactic_;
  std::vector<std::string> asked_;
  std::optional<Error> error_;
};

}  // namespace tactic::sdk
