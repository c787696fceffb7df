// What tacticctl's exit status means. Scripts depend on these: never renumber. docs/cli.md lists
// them.
#pragma once

namespace tactic::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitError = 1;        // The daemon refused, or something broke inside.
inline constexpr int kExitUsage = 2;        // The command line is wrong; nothing was asked.
inline constexpr int kExitUnreachable = 3;  // No daemon answers at the target.
inline constexpr int kExitNotFound = 4;     // A miss, or no such job or decision.
inline constexpr int kExitIncomplete = 5;   // The job ended without a decision for each problem.
inline constexpr int kExitInterrupted = 130;

}  // namespace tactic::cli
