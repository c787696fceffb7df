// Recorded timings as a sampler, so that the race is tested and measured on a real device's
// behaviour with no device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "runners/timing/sampler.h"
#include "runners/timing/trace.h"

namespace tactic::timing {

struct TraceOptions {
  // Which of the recorded rounds are served: first, first + stride… Cross-fitting serves every
  // other round and judges by the rest, so that a lucky sample is not taken for a fast candidate.
  size_t first = 0;
  size_t stride = 1;
  // Of a sample, beside the launch itself: added to what it costs.
  double overhead_ns = 0;
  uint64_t seed = 0;  // Of what is drawn.
  // Serve the recorded rounds in another order, as another run of the same contest might have met
  // them: blocks of ten, each once, in random order. Else they are served as recorded.
  bool resample = false;
};

// Serves the samples of one problem round by round: the screening pass takes the first served
// round, each Round() the next: what all candidates took in one recorded round. When all are used
// up, blocks of ten in a row are drawn at random, so that drift stays as it was within them.
//
// A candidate without a sample in that recorded round (it was recorded for fewer rounds) is served
// one of its own served samples, drawn at random; where none of its samples is in a served round,
// one of all that it has. A candidate that comes twice in a round takes its second sample from the
// served round after this one. Without any samples it fails. Single-threaded; `problem` outlives
// it.
class TraceSampler : public Sampler {
 public:
  TraceSampler(const TraceProblem& problem, TraceOptions options);

  // One launch: the one that is validated is timed.
  Observation Screen(int candidate) override;
  std::vector<Observation> Round(std::span<const int> candidates) override;

  double spent_ns() const { return spent_ns_; }  // On all samples so far.

 private:
  size_t ServedRounds(const TraceRow& row) const;
  void MixBlocks();
  // The recorded round, counted among the served ones, that is served as number `position`.
  size_t Served(size_t position);
  Observation Serve(int candidate, size_t served);

  const TraceProblem& problem_;
  TraceOptions options_;
  std::mt19937_64 random_;
  size_t rounds_ = 0;          // Served ones of the longest row.
  std::vector<size_t> order_;  // Of the served rounds, as far as it is known.
  size_t position_ = 0;
  double spent_ns_ = 0;
};

}  // namespace tactic::timing
