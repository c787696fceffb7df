#include "client/cache/prime.h"

#include <utility>

#include "client/cache/profile.h"

namespace tactic::cache_internal {

Result<std::optional<Primed>> PrimedBy(const OpHandle& op, const Shapes& sizes,
                                       const Entry& entry) {
  if (entry.runner == Entry::kNoRunner) return std::optional<Primed>();
  // A size that is there for each constrained one, until it is inferred. Not 0: absent inputs are
  // known by it.
  Shapes shapes = sizes;
  for (auto& shape : shapes) {
    for (int64_t& size : shape) size = size < 0 ? 1 : size;
  }
  Result<Problem> problem = ProblemFor(op.spec(), shapes, sizes, nullptr);
  if (!problem.ok()) {
    return InvalidArgument("op '" + op.spec().op + "': " + problem.error().message);
  }
  return std::optional<Primed>(
      {op, *std::move(problem), {entry.runner, true, entry.chosen, entry.decision_id}});
}

}  // namespace tactic::cache_internal
