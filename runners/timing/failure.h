// How a candidate failed, and the guard that turns what a runner throws into that.
#pragma once

#include <exception>
#include <new>
#include <optional>
#include <string>

#include "tactic/model/decision.h"

namespace tactic::timing {

struct Failure {
  Outcome outcome = Outcome::kRejected;
  std::string detail;
};

// Runs a runner's code; what it throws is how the candidate failed.
template <typename Body>
std::optional<Failure> Guarded(Body&& body) {
  try {
    body();
    return std::nullopt;
  } catch (const std::bad_alloc&) {
    return Failure{Outcome::kOutOfMemory, "ran out of memory"};
  } catch (const std::exception& e) {
    return Failure{Outcome::kRejected, e.what()};
  } catch (...) {
    return Failure{Outcome::kRejected, "threw something that is not a std::exception"};
  }
}

// What a runner says may be anything; what is passed on is short, printable text.
std::string Printable(std::string text);

}  // namespace tactic::timing
