// Which decisions say something about a key to come: those of the same op, types and layouts at
// other sizes, in another environment, or under another policy.
#pragma once

#include <optional>
#include <vector>

#include "server/core/catalog.h"
#include "tactic/model/contest.h"
#include "tactic/model/key.h"

namespace tactic {

// How far apart two keys are: in doublings, over all sizes that differ, and half a doubling each
// for another environment and another policy. None for keys that have nothing to say to each other
// (another op, attribute, type, layout, rank or kind of device; over three doublings apart), and
// for equal ones.
std::optional<double> DistanceOf(const Key& a, const Key& b);

// The at most `limit` standing decisions nearest to `key`, the nearest first; of equally near ones
// the older first. Looks at all decisions.
std::vector<DecisionPtr> NearestDecisions(const Catalog& catalog, const Key& key, size_t limit);

// What the contest behind a decision measured, as a prior for another one.
Neighbour NeighbourOf(const Decision& decision, const Evidence& evidence);

}  // namespace tactic
