// What a client makes of a grant.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/lease/grant.h"
#include "proto/convert/contest.h"
#include "proto/convert/convert.h"
#include "tests/support/contest_samples.h"

namespace tactic::lease {
namespace {

using testing::CandidateList;
using ::testing::ElementsAre;
using ::testing::SizeIs;

Neighbour Near(double slower) { return {{{CandidateList(2)[1], slower}}}; }

TEST(LeaseGrant, CompletesTheContest) {
  v1::AcquireLeaseResponse::Granted granted;
  granted.set_seed(7);
  granted.set_epoch(2);
  convert::ToProto(CandidateList(2)[1], granted.mutable_incumbent());
  convert::ToProto(Near(1), granted.add_neighbours());
  convert::ToProto(Near(1.5), granted.add_neighbours());
  timing::ContestPlan contest;
  ReadGrant(granted, contest);
  EXPECT_EQ(contest.seed, 7u);
  EXPECT_EQ(contest.epoch, 2u);
  EXPECT_EQ(contest.incumbent, CandidateList(2)[1]);
  EXPECT_THAT(contest.neighbours, ElementsAre(Near(1), Near(1.5)));
}

TEST(LeaseGrant, WhatCannotBeReadIsLeftOut) {
  v1::AcquireLeaseResponse::Granted granted;
  granted.mutable_incumbent()->mutable_runner()->set_name("not a name");
  granted.add_earlier()->set_outcome(v1::OUTCOME_UNSPECIFIED);
  granted.add_neighbours()->add_slower(1);  // Of no candidate.
  convert::ToProto(Near(0), granted.add_neighbours());
  convert::ToProto(Near(2), granted.add_neighbours());
  timing::ContestPlan contest;
  ReadGrant(granted, contest);
  EXPECT_FALSE(contest.incumbent);
  EXPECT_THAT(contest.earlier, SizeIs(0));
  EXPECT_THAT(contest.neighbours, ElementsAre(Near(2)));
}

TEST(LeaseGrant, MoreNeighboursThanMayBeAreLeftOut) {
  v1::AcquireLeaseResponse::Granted granted;
  for (int i = 0; i < 9; ++i) convert::ToProto(Near(1 + i), granted.add_neighbours());
  timing::ContestPlan contest;
  ReadGrant(granted, contest);
  ASSERT_THAT(contest.neighbours, SizeIs(8));
  EXPECT_EQ(contest.neighbours.back(), Near(8));
}

}  // namespace
}  // namespace tactic::lease
