// What Watch promises (docs/life_of_a_request.md), as checks of what one client asked and was sent.
// Each returns what is wrong in words, nothing if the promise was kept.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tactic/v1/tuning.pb.h"

namespace tactic::testing {

// One Watch call as its client saw it.
struct RecordedStream {
  v1::WatchRequest request;
  std::vector<v1::WatchResponse> frames;
};

// What stores hold: by store id and revision the fingerprint of the key that was decided.
using StoreHistories = std::map<std::string, std::map<uint64_t, std::string>>;

using Violations = std::vector<std::string>;

// A snapshot comes first or not at all, begins and ends, and promises no revision before its end;
// all frames of a stream are of one store; nothing follows a Goodbye.
Violations CheckForm(const std::vector<RecordedStream>& streams);

// Revisions of decisions rise, in a snapshot and after it.
Violations CheckOrdered(const std::vector<RecordedStream>& streams);

// From one snapshot to the next no revision comes twice, also over several streams.
Violations CheckUnique(const std::vector<RecordedStream>& streams);

// Whenever a frame says that everything up to a revision was sent, the client holds for each key
// what stood at that revision, or something newer; and only what was stored.
Violations CheckComplete(const std::vector<RecordedStream>& streams,
                         const StoreHistories& histories);

// A stream is asked for at the position that the one before it reached. It goes on from there if
// its store has that position, and starts with a snapshot if not.
Violations CheckResumable(const std::vector<RecordedStream>& streams,
                          const StoreHistories& histories);

// What a frame says of its revision holds: no decision in it is newer, none that comes later is as
// old, and the position never goes back.
Violations CheckBookmarks(const std::vector<RecordedStream>& streams);

// All bans come in the first frame of every stream.
Violations CheckBansFirst(const std::vector<RecordedStream>& streams);

// All of them.
Violations CheckAll(const std::vector<RecordedStream>& streams, const StoreHistories& histories);

}  // namespace tactic::testing
