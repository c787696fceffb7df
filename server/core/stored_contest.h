// A contest as one store keeps it and another can take it: what Export sends and Import brings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tactic/model/decision.h"

namespace tactic {

struct StoredContest {
  uint64_t id = 0;  // Of its store, in the order of storing.
  Key key;
  std::optional<Decision> decision;  // nullopt: no candidate was valid.
  Evidence evidence;
  bool standing = false;  // The decision is the one that answers for its key.
};

// Whether two decisions say the same of the same key. Ids, revisions, and what of a key does not
// identify (labels, ranges) are aside.
bool SameVerdict(const Decision& a, const Decision& b);

// Over the key's fingerprint, the verdict and the evidence: equal for equal contests in any two
// stores.
Fingerprint ContentOf(const StoredContest& contest);

// What decides between the decisions of two stores for one key: the greater one stands. More
// samples of valid candidates, then the newer one, then a fixed order of contents, so that two
// stores that take each other's decisions end with the same ones.
struct Strength {
  uint64_t samples = 0;  // 0: a verdict without evidence, from another program's file.
  int64_t created_unix_ms = 0;
  Fingerprint verdict;
  auto operator<=>(const Strength&) const = default;
};
Strength StrengthOf(const Decision& decision, const Evidence& evidence);
// Why `winner` is the greater one: "more samples (1200, not 800)".
std::string WhyStronger(const Strength& winner, const Strength& loser);

}  // namespace tactic
