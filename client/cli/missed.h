// Missed calls as they are shown, and what of them can be tuned. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "client/cli/describe.h"
#include "tactic/v1/tuning.pb.h"

namespace tactic::cli {

// "[13,2048] [2048,512]": real sizes, as the program called.
std::string ShapesText(const v1::Miss& miss);

// A table of `width` columns (0: as wide as it wants), and how many calls that were.
std::string MissesText(const Schemas& schemas, const std::vector<v1::Miss>& misses, size_t width);

// The problems that no decision answers, each once, as requests without id: one for each policy and
// `most` problems.
std::vector<v1::TuneRequest> UndecidedOf(const std::vector<v1::Miss>& misses, int most);

}  // namespace tactic::cli
