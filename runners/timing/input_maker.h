// Fills the inputs of a problem as its op wants them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tactic/model/problem.h"
#include "tactic/sdk/runner.h"

namespace tactic::timing {

// How each input of `problem` is filled. Throws std::invalid_argument if the op names too many or
// too few.
std::vector<sdk::InputFill> FillsOf(const sdk::Op& op, const Problem& problem);

// Fills input `input` alone. Throws as FillInputs.
void FillInput(const sdk::Op& op, const Problem& problem, size_t input, const sdk::InputFill& fill,
               uint64_t seed, void* memory);

// What FillInput passes on for input `input` of a problem made from `seed`.
inline uint64_t SeedOf(uint64_t seed, size_t input) { return seed + input; }

// Fills every input (each Bytes() long; nullptr: absent) by `op`'s InputFills and then calls its
// InputsPreHook. The same content for the same arguments. Gives for each input whether its content
// is its own: declared, or changed by the hook; other inputs hold FillRandom's, of which one piece
// is as good as another. Throws std::invalid_argument, which names the input, the value and the
// bound; and what the op throws.
std::vector<bool> FillInputs(const sdk::Op& op, const Problem& problem, uint64_t seed,
                             std::span<void* const> inputs);

}  // namespace tactic::timing
