// What measuring tells, for tests of whoever listens.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tactic/model/contest.h"

namespace tactic::testing {

// Runner r/1, or its like.
RunnerId SampleRunner(const std::string& name = "r");

// Candidate 0 is the default of runner "r"; i > 0 has the setting i = i.
std::vector<Candidate> CandidateList(int count);

struct Item {
  uint32_t candidate;
  double nanoseconds;  // 0: it failed, with a wrong result.
};
std::vector<CandidateResult> Results(const std::vector<Item>& items);

// A verdict over `count` candidates, all measured, in this order.
ContestVerdict VerdictOver(size_t count, const std::vector<uint32_t>& order);

}  // namespace tactic::testing
