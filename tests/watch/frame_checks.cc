#include "tests/watch/frame_checks.h"

#include <algorithm>
#include <set>
#include <utility>

namespace tactic::testing {
namespace {

using Frame = v1::WatchResponse;

// A frame, and where in the recording it is.
struct Seen {
  const RecordedStream& stream;
  const Frame& frame;
  size_t stream_number;
  size_t frame_number;
  bool in_snapshot;  // After SnapshotBegin, up to and with SnapshotEnd.

  bool first() const { return frame_number == 0; }
  // Says up to where everything was sent.
  bool Promises() const {
    return (!in_snapshot && !frame.has_snapshot_begin() && !frame.has_goodbye()) ||
           frame.has_snapshot_end();
  }
  std::string Where() const {
    return "stream " + std::to_string(stream_number) + ", frame " + std::to_string(frame_number) +
           ": ";
  }
};

template <typename Visit>
void ForEachFrame(const std::vector<RecordedStream>& streams, Visit visit) {
  for (size_t s = 0; s < streams.size(); ++s) {
    bool in_snapshot = false;
    for (size_t f = 0; f < streams[s].frames.size(); ++f) {
      const Frame& frame = streams[s].frames[f];
      visit(Seen{streams[s], frame, s, f, in_snapshot});
      if (frame.has_snapshot_begin()) in_snapshot = true;
      if (frame.has_snapshot_end()) in_snapshot = false;
    }
  }
}

std::string Text(uint64_t number) { return std::to_string(number); }

// Of what comes in a stream, the revision that everything must be newer than.
uint64_t StartOf(const RecordedStream& stream) {
  const bool snapshot = !stream.frames.empty() && stream.frames.front().has_snapshot_begin();
  return snapshot ? 0 : stream.request.from_revision();
}

// What a client holds: by key, the newest revision.
class Held {
 public:
  void Take(const Seen& seen) {
    if (seen.frame.has_snapshot_begin()) staged_.clear();
    auto& into = seen.in_snapshot ? staged_ : table_;
    for (const v1::Decision& decision : seen.frame.decisions().decisions()) {
      uint64_t& revision = into[decision.fingerprint()];
      revision = std::max(revision, decision.revision());
    }
    if (seen.frame.has_snapshot_end()) table_ = std::exchange(staged_, {});
  }
  uint64_t Of(const std::string& key) const {
    const auto found = table_.find(key);
    return found == table_.end() ? 0 : found->second;
  }

 private:
  std::map<std::string, uint64_t> table_;
  std::map<std::string, uint64_t> staged_;
};

void CheckStored(const Seen& seen, const std::map<uint64_t, std::string>& history,
                 Violations& found) {
  for (const v1::Decision& decision : seen.frame.decisions().decisions()) {
    const auto stored = history.find(decision.revision());
    if (stored == history.end() || stored->second != decision.fingerprint()) {
      found.push_back(seen.Where() + "revision " + Text(decision.revision()) +
                      " was never stored for that key");
    }
  }
}

}  // namespace

Violations CheckForm(const std::vector<RecordedStream>& streams) {
  Violations found;
  bool over = false;
  ForEachFrame(streams, [&](const Seen& seen) {
    if (seen.first()) over = false;
    const Frame& frame = seen.frame;
    const auto wrong = [&](const std::string& what) { found.push_back(seen.Where() + what); };
    if (over) wrong("something follows a Goodbye");
    over = frame.has_goodbye();
    if (frame.store_id() != seen.stream.frames.front().store_id()) wrong("of another store");
    if (frame.has_snapshot_begin() && !seen.first()) wrong("a snapshot in the middle");
    if (frame.has_snapshot_end() && !seen.in_snapshot) wrong("the end of no snapshot");
    if (seen.in_snapshot && frame.has_progress()) wrong("progress inside a snapshot");
    const bool promised = frame.revision() != 0 && !frame.has_snapshot_end();
    if (promised && (seen.in_snapshot || frame.has_snapshot_begin())) {
      wrong("a revision before the snapshot's end");
    }
  });
  return found;
}

Violations CheckOrdered(const std::vector<RecordedStream>& streams) {
  Violations found;
  uint64_t last = 0;
  ForEachFrame(streams, [&](const Seen& seen) {
    if (seen.first()) last = StartOf(seen.stream);
    for (const v1::Decision& decision : seen.frame.decisions().decisions()) {
      if (decision.revision() <= last) {
        found.push_back(seen.Where() + "revision " + Text(decision.revision()) + " after " +
                        Text(last));
      }
      last = decision.revision();
    }
  });
  return found;
}

Violations CheckUnique(const std::vector<RecordedStream>& streams) {
  Violations found;
  std::set<uint64_t> come;
  ForEachFrame(streams, [&](const Seen& seen) {
    if (seen.frame.has_snapshot_begin()) come.clear();
    for (const v1::Decision& decision : seen.frame.decisions().decisions()) {
      if (come.insert(decision.revision()).second) continue;
      found.push_back(seen.Where() + "revision " + Text(decision.revision()) + " a second time");
    }
  });
  return found;
}

Violations CheckComplete(const std::vector<RecordedStream>& streams,
                         const StoreHistories& histories) {
  Violations found;
  Held held;
  ForEachFrame(streams, [&](const Seen& seen) {
    held.Take(seen);
    const auto history = histories.find(seen.frame.store_id());
    if (history == histories.end()) {
      found.push_back(seen.Where() + "of a store that there is not");
      return;
    }
    CheckStored(seen, history->second, found);
    if (!seen.Promises()) return;
    for (const auto& [revision, key] : history->second) {
      if (revision > seen.frame.revision() || held.Of(key) >= revision) continue;
      found.push_back(seen.Where() + "revision " + Text(revision) + " is missing at " +
                      Text(seen.frame.revision()));
    }
  });
  return found;
}

Violations CheckResumable(const std::vector<RecordedStream>& streams,
                          const StoreHistories& histories) {
  Violations found;
  std::pair<std::string, uint64_t> reached;
  ForEachFrame(streams, [&](const Seen& seen) {
    const v1::WatchRequest& request = seen.stream.request;
    if (seen.first() && !seen.frame.has_goodbye()) {
      if (std::pair(request.store_id(), request.from_revision()) != reached) {
        found.push_back(seen.Where() + "asked from " + Text(request.from_revision()) +
                        " where the client had reached " + Text(reached.second));
      }
      const auto history = histories.find(request.store_id());
      const bool can = history != histories.end() && request.store_id() == seen.frame.store_id() &&
                       !history->second.empty() &&
                       request.from_revision() <= history->second.rbegin()->first;
      if (can && seen.frame.has_snapshot_begin()) {
        found.push_back(seen.Where() + "a snapshot where the stream could go on");
      }
      if (!can && !seen.frame.has_snapshot_begin()) {
        found.push_back(seen.Where() + "no snapshot for a position that the store has not");
      }
    }
    if (seen.Promises()) reached = {seen.frame.store_id(), seen.frame.revision()};
  });
  return found;
}

Violations CheckBookmarks(const std::vector<RecordedStream>& streams) {
  Violations found;
  uint64_t position = 0;
  ForEachFrame(streams, [&](const Seen& seen) {
    if (seen.first()) position = StartOf(seen.stream);
    const auto wrong = [&](const std::string& what) {
      found.push_back(seen.Where() + what + " at position " + Text(position));
    };
    for (const v1::Decision& decision : seen.frame.decisions().decisions()) {
      if (decision.revision() <= position) wrong("an old revision, " + Text(decision.revision()));
      if (seen.Promises() && decision.revision() > seen.frame.revision()) {
        wrong("a revision, " + Text(decision.revision()) + ", newer than its frame");
      }
    }
    if (!seen.Promises()) return;
    if (seen.frame.revision() < position) wrong("back to " + Text(seen.frame.revision()));
    position = seen.frame.revision();
  });
  return found;
}

Violations CheckBansFirst(const std::vector<RecordedStream>& streams) {
  Violations found;
  ForEachFrame(streams, [&](const Seen& seen) {
    if (!seen.first() || seen.frame.has_bans()) return;
    found.push_back(seen.Where() + "no bans in the first frame");
  });
  return found;
}

Violations CheckAll(const std::vector<RecordedStream>& streams, const StoreHistories& histories) {
  Violations all;
  const auto add = [&all](const Violations& more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  add(CheckForm(streams));
  add(CheckOrdered(streams));
  add(CheckUnique(streams));
  add(CheckComplete(streams, histories));
  add(CheckResumable(streams, histories));
  add(CheckBookmarks(streams));
  add(CheckBansFirst(streams));
  return all;
}

}  // namespace tactic::testing
