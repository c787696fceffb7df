// A registered op as the program holds it: choosing, and which problems its calls stand for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "tactic/model/parameters.h"
#include "tactic/model/problem.h"
#include "tactic/model/result.h"
#include "tactic/op_spec.h"
#include "tactic/shape_key.h"

namespace tactic {

// What to run. `tactic()` stays valid as long as the Cache.
struct Choice {
  int runner = 0;                      // Index in OpSpec::runners.
  bool hit = false;                    // False: the fallback, runner 0 with its default tactic.
  const Parameters* chosen = nullptr;  // nullptr = default tactic.
  uint64_t decision_id = 0;
  const Tactic& tactic() const;  // *chosen, or the empty tactic.
};

namespace cache_internal {
struct CompiledOp;
class Session;
}  // namespace cache_internal

// A registered op: a cheap copyable handle, valid as long as its Cache.
class OpHandle {
 public:
  // The decision for the profile of these shapes: its first candidate that the caller can run; else
  // the fallback. From any thread, also from a signal handler; takes no lock, allocates nothing,
  // makes no system call (a thread's first call may set a thread-local key), throws nothing.
  Choice ChooseOne(std::span<const Shape> shapes) const noexcept;
  Choice ChooseOne(std::initializer_list<Shape> shapes) const noexcept {
    return ChooseOne(std::span<const Shape>(shapes.begin(), shapes.size()));
  }
  // The same, faster: for a key that is at hand, or whose ranks the compiler knows.
  Choice ChooseOne(const ShapeKey& call) const noexcept;
  // choices[i] for calls[i], as far as both go; all from one state of the table, so that they
  // belong together. Less a call than ChooseOne.
  void ChooseEach(std::span<const ShapeKey> calls, std::span<Choice> choices) const noexcept;

  const OpSpec& spec() const;

  // The problems to tune so that sizes like these hit: every bucket of every dynamic dimension,
  // last one fastest, with the current sizes mapped and added; each at the size that it is looked
  // up by, none twice. InvalidArgument names the shape or constraint at fault, or says that there
  // are more than limits::kProblems. For tuning, not for the hot path.
  Result<std::vector<Problem>> Profiles(const Shapes& shapes) const;
  // Those of the profiles that the table does not answer yet.
  Result<std::vector<Problem>> MissingProfiles(const Shapes& shapes) const;
  // The problem that these shapes map to.
  Result<Problem> ProblemOf(const Shapes& shapes) const;

 private:
  friend class Cache;
  friend class Capture;
  explicit OpHandle(const cache_internal::CompiledOp* op) : op_(op) {}
  const cache_internal::CompiledOp* op_;
};

// Shapes that missed in ChooseOne.
struct Miss {
  OpHandle op;
  Shapes shapes;
};
// The same with how often.
struct MissCount {
  OpHandle op;
  Shapes shapes;
  uint64_t count = 0;
};

// An answer that ChooseOne may give: what has to be prepared so that it can be run.
struct Primed {
  OpHandle op;
  Problem problem;  // At the sizes that were tuned.
  Choice choice;
};

}  // namespace tactic
