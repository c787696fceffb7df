#include "tactic/model/decision.h"

#include "proto/model/names.h"
#include "proto/model/text.h"

namespace tactic {
namespace {

using internal::Field;
using internal::NameTable;

constexpr NameTable<Outcome, 10> kOutcomes = {{{Outcome::kMeasured, "measured"},
                                               {Outcome::kEliminated, "eliminated"},
                                               {Outcome::kRejected, "rejected"},
                                               {Outcome::kOutOfMemory, "out_of_memory"},
                                               {Outcome::kCrashed, "crashed"},
                                               {Outcome::kTimedOut, "timed_out"},
                                               {Outcome::kWrongResult, "wrong_result"},
                                               {Outcome::kOutOfBounds, "out_of_bounds"},
                                               {Outcome::kProtocolError, "protocol_error"},
                                               {Outcome::kNotMeasured, "not_measured"}}};
constexpr NameTable<Reason, 6> kReasons = {{{Reason::kClear, "clear"},
                                            {Reason::kTie, "tie"},
                                            {Reason::kIncumbent, "incumbent"},
                                            {Reason::kDefault, "default"},
                                            {Reason::kOnly, "only"},
                                            {Reason::kBudget, "budget"}}};

Check CheckRunnerIdAt(const Field& field, const RunnerId& runner) {
  Check name = internal::CheckName(Field(field, "name"), runner.name);
  if (!name.ok()) return name;
  return internal::CheckText(Field(field, "unique_id"), runner.unique_id, 0,
                             limits::kUniqueIdBytes);
}

}  // namespace

std::string ToText(const Candidate& candidate) {
  return candidate.runner.name + ' ' + candidate.tactic.ToText();
}

std::string_view Name(Outcome outcome) { return internal::NameIn(kOutcomes, outcome); }
std::string_view Name(Reason reason) { return internal::NameIn(kReasons, reason); }

Check CheckRunnerId(std::string_view field, const RunnerId& runner) {
  return CheckRunnerIdAt(Field(field), runner);
}

Check CheckCandidate(std::string_view field, const Candidate& candidate) {
  const Field prefix(field);
  Check runner = CheckRunnerIdAt(Field(prefix, "runner."), candidate.runner);
  if (!runner.ok()) return runner;
  return internal::CheckParameters(Field(prefix, "tactic"), candidate.tactic);
}

}  // namespace tactic
