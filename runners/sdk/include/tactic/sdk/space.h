// The tactics of a runner as a space: parameters with the values worth trying, and what must hold
// among them. For Runner::Tactics:
//
//   return sdk::TacticSpace()
//       .Add("tile", {int64_t{128}, int64_t{64}, int64_t{256}})
//       .Add("stages", {int64_t{3}, int64_t{2}, int64_t{4}})
//       .Require([&](const Tactic& t) { return SharedBytes(t) <= limit; })
//       .Tactics();
//
// A space may be large: of more than 1000 tactics a contest measures those that a search proposes.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "tactic/model/parameters.h"
#include "tactic/model/problem.h"

namespace tactic::sdk {

// Not thread-safe. A space without parameters has no tactics.
class TacticSpace {
 public:
  // A parameter and its values, best guess first. One without values leaves the space empty.
  TacticSpace& Add(std::string name, std::vector<Value> values);
  // A constraint on complete tactics. Called for each combination until enough are found: it should
  // be quick.
  TacticSpace& Require(std::function<bool(const Tactic&)> holds);

  // What all constraints allow, at most `most`, most promising first: by how far down their lists
  // the values are, added up. After a million combinations that were refused it gives up, with what
  // it has.
  std::vector<Tactic> Tactics(size_t most = limits::kCandidates) const;

 private:
  struct Dimension {
    std::string name;
    std::vector<Value> values;
  };
  struct Walk;
  void Visit(size_t dimension, size_t rank, Walk& walk) const;
  bool Holds(const Tactic& tactic) const;

  std::vector<Dimension> dimensions_;
  std::vector<std::function<bool(const Tactic&)>> constraints_;
};

}  // namespace tactic::sdk
