// Another autotuner's tactics as ours. Theirs are any Python value, ours are named parameters:
//   -1                              the empty tactic: the runner's default
//   5, 2.5, True, 'name', [1, [2]]  {tactic = 5}
//   {'tile': [64, 2], 'a': True}    {a = true, tile = [64,2]}: a dict whose keys are names
//   anything else, (1, (2, 3))      {literal = "(1, (2, 3))"}: its Python literal, since a tuple
//                                   is not a list
// The way back gives the same value again; of a dict the order of its items is lost.
#pragma once

#include "client/interop/python_literal.h"
#include "tactic/model/parameters.h"
#include "tactic/model/result.h"

namespace tactic::interop {

// InvalidArgument: it is beyond the limits of a tactic (limits:: in problem.h).
Result<Tactic> ToTactic(const PyValue& theirs);
PyValue FromTactic(const Tactic& ours);

}  // namespace tactic::interop
