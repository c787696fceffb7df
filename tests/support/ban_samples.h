// Bans for tests: valid, and with every field set.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "tactic/model/ban.h"

namespace tactic::testing {

// Of one candidate, of every op unless one is given.
inline Ban BanOf(const Candidate& candidate, std::string op = "") {
  return {candidate.runner, candidate.tactic,      std::move(op),
          "wrong results",  "operator@example:17", 1'700'000'000'000};
}

// Of every tactic of a runner.
inline Ban BanOf(const RunnerId& runner, std::string op = "") {
  Ban ban = BanOf(Candidate{runner, {}}, std::move(op));
  ban.tactic.reset();
  return ban;
}

}  // namespace tactic::testing
