// Fills the inputs of a problem as its op wants them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tactic/model/problem.h"
#include "tactic/sdk/runner.h"

namespace tactic::timing {

// Fills every input (each Bytes() long; nullptr: absent) by `op`'s InputFills and then calls its
// InputsPreHook. The same content for the same arguments. Gives for each input whether its content
// is its own: declared, or changed by the hook; other inputs hold FillRandom's, of which one piece
// is as good as another. Throws std::invalid_argument, which names the input, the value and the
// bound; and what the op throws.
std::vector<bool> FillInputs(const sdk::Op& op, const Problem& problem, uint64_t seed,
                             std::span<void* const> inputs);

}  // namespace tactic::timing
