// What tacticd's exit status means (after sysexits.h). Unit files and scripts depend on these:
// never renumber. docs/operations.md says what to do about each.
#pragma once

namespace tactic {

inline constexpr int kExitOk = 0;             // Stopped when asked to, nothing lost.
inline constexpr int kExitInternal = 1;       // Something broke inside, or the stop was forced.
inline constexpr int kExitUsage = 64;         // The command line is wrong.
inline constexpr int kExitCannotCreate = 73;  // State or socket cannot be made or written.
inline constexpr int kExitAlreadyRuns = 75;   // Another daemon has the state, socket or port.
inline constexpr int kExitDamaged = 76;       // The database is damaged; nothing was changed.
inline constexpr int kExitConfiguration =
    78;  // Cannot work as configured; a restart will not help.

}  // namespace tactic
