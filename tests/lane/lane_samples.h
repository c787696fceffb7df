// Messages and problems for the tests of the lane.
#pragma once

#include <string>
#include <vector>

#include "server/core/lane.h"
#include "tactic/v1/worker.pb.h"

namespace tactic::testing {

// Runner r/1, or its like.
RunnerId SampleRunner(const std::string& name = "r");

// Candidate 0 is the default of runner "r"; i > 0 has the setting i = i.
v1::Candidates CandidatesMessage(int count);

struct Item {
  uint32_t candidate;
  double nanoseconds;  // 0: it failed, with a wrong result.
};
v1::Observed ObservedMessage(const std::vector<Item>& items, uint32_t round = 0);

// A verdict over `count` candidates, all measured, in this order.
v1::Finished FinishedMessage(int count, const std::vector<uint32_t>& order);

// Of op echo, one input of n elements.
ContestSpec EchoSpec(const Parameters& attributes = {}, int64_t n = 256);

}  // namespace tactic::testing
