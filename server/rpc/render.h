// From the core's values to messages.
#pragma once

#include "server/core/lane.h"
#include "server/core/tuner.h"
#include "tactic/v1/tuning.pb.h"

namespace tactic {

void Render(const JobView& view, v1::Job* to);
void RenderSummary(const JobView& view, v1::Job* to);  // Without the contests.
void Render(const LaneInfo& lane, v1::Lane* to);
void Render(const Evidence& evidence, v1::Evidence* to);
void Render(const MissView& miss, v1::Miss* to);

}  // namespace tactic
