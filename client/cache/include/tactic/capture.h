// Testing every kernel behind ChooseOne: capture the calls of a piece of code, then run it again
// with each combination of candidates forced.
//
//   tactic::Capture capture(cache);
//   layer.Forward(x);                               // Its calls of ChooseOne are recorded.
//   capture.Stop();
//   const auto all = capture.Combinations(candidates_of).value();
//   for (size_t i = 0; i < all.size(); ++i) {
//     const tactic::Replay replay(cache, capture, all[i]);
//     layer.Forward(x);                             // Each call gets the candidate of its turn.
//     if (!replay.Status().ok()) …                  // The calls were not the recorded ones.
//   }
//
// For tests: while a Capture or a Replay lives, ChooseOne of its cache takes a lock and allocates,
// in all threads; at other times it costs one load. One at a time for each Cache.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "tactic/cache.h"

namespace tactic {

// A call of ChooseOne as it was recorded.
struct CapturedCall {
  OpHandle op;
  Shapes shapes;
};

// What one call is to be answered.
struct ForcedChoice {
  int runner = 0;  // Index in the OpSpec::runners of the recorded call.
  Tactic tactic;
  bool operator==(const ForcedChoice&) const = default;
};

// One choice for each recorded call, in their order; also if there was one call only.
using Combination = std::vector<ForcedChoice>;

// All combinations of the choices of each call, the last call's varying fastest. Made as they are
// asked for: there may be very many.
class CombinationList {
 public:
  size_t size() const { return size_; }
  Combination operator[](size_t index) const;  // REQUIRES: index < size().

 private:
  friend class Capture;
  std::vector<std::vector<ForcedChoice>> choices_;  // Of each call; none is empty.
  size_t size_ = 0;
};

// Records from construction to Stop. Calls are answered as usual meanwhile; those of several
// threads are recorded in the order in which they come. To be used by one thread, and read once it
// has stopped. The cache outlives it.
class Capture {
 public:
  explicit Capture(Cache& cache);
  ~Capture();  // Stops.
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  void Stop();

  // FailedPrecondition: another Capture or a Replay was active; this one recorded nothing.
  // OutOfMemory: a call could not be recorded.
  Check Status() const;
  const std::vector<CapturedCall>& calls() const;

  // What may be forced on a call: every (runner, tactic) that its runners have for it. The empty
  // tactic is a candidate too.
  using CandidatesOf = std::function<std::vector<ForcedChoice>(const CapturedCall& call)>;
  // An error of Status; InvalidArgument: nothing was recorded, a call has no candidate or one whose
  // runner is not in its list, or there are more combinations than a size_t can count.
  Result<CombinationList> Combinations(const CandidatesOf& candidates_of) const;

 private:
  class Session;
  Cache& cache_;
  const std::unique_ptr<Session> session_;
  const bool active_;
  bool running_;
};

// Forces a combination from construction to destruction: the first call is answered by the first
// choice, and so on; after the last call it starts over with the first. Answers count as hits for
// whoever asks for them (Choice::hit, decision id 0), not in the statistics. The cache outlives it.
class Replay {
 public:
  // `combination`: of that capture, or of one that recorded the same calls.
  Replay(Cache& cache, const Capture& capture, const Combination& combination);
  ~Replay();
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  // The first thing that went wrong so far; to be asked when the calls are done. ChooseOne cannot
  // say it: the call was answered by the fallback, and the turn did not move on.
  // FailedPrecondition: another Capture or Replay is active; nothing is forced. InvalidArgument: a
  // call of another op than the recorded one (both names), of the same op without the forced runner
  // in its list, or a combination of another length than the recording.
  Check Status() const;

 private:
  class Session;
  Cache& cache_;
  const std::unique_ptr<Session> session_;
  bool active_ = false;
  bool busy_ = false;  // Another one was active.
};

}  // namespace tactic
