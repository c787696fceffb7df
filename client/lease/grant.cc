#include "client/lease/grant.h"

#include <algorithm>
#include <utility>

#include "proto/convert/contest.h"
#include "proto/convert/convert.h"

namespace tactic::lease {
namespace {

constexpr int kMostNeighbours = 8;

}  // namespace

void ReadGrant(const v1::AcquireLeaseResponse::Granted& granted, timing::ContestPlan& contest) {
  contest.seed = granted.seed();
  contest.epoch = granted.epoch();
  if (granted.has_incumbent()) {
    auto incumbent = convert::FromProto("incumbent.", granted.incumbent());
    if (incumbent.ok()) contest.incumbent = *std::move(incumbent);
  }
  for (const v1::Trial& message : granted.earlier()) {
    auto trial = convert::FromProto("earlier.", message);
    if (trial.ok()) contest.earlier.push_back(*std::move(trial));
  }
  std::vector<Ban> bans = contest.bans.all();
  for (const v1::Ban& message : granted.bans()) {
    auto ban = convert::FromProto("bans.", message);
    if (ban.ok()) bans.push_back(*std::move(ban));
  }
  contest.bans = OpBans(bans, contest.problem.op);
  for (int i = 0; i < std::min(granted.neighbours_size(), kMostNeighbours); ++i) {
    auto neighbour = convert::FromProto("neighbours.", granted.neighbours(i));
    if (neighbour.ok()) contest.neighbours.push_back(*std::move(neighbour));
  }
}

}  // namespace tactic::lease
