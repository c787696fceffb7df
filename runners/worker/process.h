// Making a process fit to run untrusted kernels.
#pragma once

#include <cstdint>

#include "tactic/model/result.h"

namespace tactic {

// Dies with its parent; signals as a fresh process has them, except that an interrupt from the
// terminal is left to the daemon; no core files; at most `memory_bytes` of data (0 = no limit; a
// limit that is lower already stays), so that a candidate which allocates without end gets
// std::bad_alloc; standard input empty, standard output on standard error, where what candidates
// print harms nobody. An Error says what the kernel refused, or that the parent is dead already.
Check PrepareProcess(uint64_t memory_bytes);

// Three quarters of the machine's memory; 0 in builds with a sanitizer, whose own maps are larger
// than any machine.
uint64_t DefaultMemoryCeiling();

}  // namespace tactic
