// What a worker says of the device that it measures on, besides what identifies it.
#pragma once

#include <string>
#include <vector>

namespace tactic {

// What the worker measured of its own measuring when it started. Times in nanoseconds, 0 = not
// measured.
struct SelfCheck {
  double empty_graph_ns = 0;  // A sample of one kernel that does nothing.
  double empty_call_ns = 0;   // What each further such kernel adds.
  double repeat_error = 0;  // One candidate against itself (A/A): the standard deviation of the log
                            // ratio of two samples in a row, 0.01 = 1 %.
  double warm_ns = 0;       // Reading what is in the cache,
  double cold_ns = 0;  // and as cold data is served. Not clearly slower: caches are swept instead.
  bool cold = false;   // It was clearly slower.
  bool operator==(const SelfCheck&) const = default;
};

// What may disturb measuring, for people, each at most once: "another process computes on this
// GPU".
using Disturbances = std::vector<std::string>;

}  // namespace tactic
