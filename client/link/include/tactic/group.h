// Processes that must give the same answers, the ranks of a model, agree on one state of a daemon's
// store, without collectives.
//
//   tactic::Group group(client, {.name = "llama-70b", .member = "rank-3", .size = 8});
//   // On every rank, where it can go over to new decisions: at the start, between two graphs.
//   const tactic::Agreed agreed = group.Agree(std::chrono::seconds(10));
//   if (!agreed.ok()) …;   // Nobody has moved, or this rank cannot know: docs/groups.md.
//   {
//     tactic::Hold hold(client);          // While a graph is captured nothing moves.
//     …
//   }
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "tactic/client.h"

namespace tactic {

struct GroupOptions {
  std::string name;    // 1-128 of [A-Za-z0-9_.:/-], as the next.
  std::string member;  // Of this process; no other may use it at the same time.
  size_t size = 0;     // How many members there are: 1..256.
  // The daemon that the group agrees through, the same for all members: "unix:/path" or
  // "host:port". Empty: the client's own, which does for members of one host.
  std::string target;
};

// How an attempt to agree ended.
struct Agreed {
  enum class End {
    kPassed,     // Every member holds this state, and answers from it or is about to.
    kNotPassed,  // No member goes over, now or later. The table is as it was.
    kUnknown,    // This member was cut off at the last moment: the others may have gone over. The
                 // table is as it was. Call Agree again; nothing else tells.
  };
  End end = End::kNotPassed;
  std::string agreement;   // Of kPassed: its name, the same for every member.
  TablePosition position;  // Likewise: where the table is now.
  std::string message;     // Of the others: why.
  bool ok() const { return end == End::kPassed; }
};

// One member of a group. While it lives the client's table is the group's: only Agree moves it, to
// the same decisions and environments for every member. Before the first agreement it answers from
// what the client held when the group was made, which may differ from member to member.
//
// What holds: two members that stand at an agreement stand at the same one, and answer alike. A
// member stands at an agreement from the return of Agree with kPassed to the next call of Agree; a
// call that ends with kNotPassed changes nothing, after one that ends with kUnknown it stands at
// none until a later call says more. Between members of different environments there is no
// agreement.
//
// Thread-safe; one call of Agree at a time. The client outlives it, and has at most one.
class Group {
 public:
  Group(Client& client, GroupOptions options);
  ~Group();  // The table follows the daemon again.
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  // Meets the other members, which call it too, and goes over with them to what stands in the store
  // when all are there. Ends within `limit`, 1 ms to an hour; not for the hot path. After kUnknown
  // the next call first finds out how that attempt ended, and says so if it passed.
  Agreed Agree(std::chrono::milliseconds limit);

  // The agreement that this member stands at; not ok: none.
  Agreed Standing() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// While one lives, the client's table stays exactly as it is: nothing that a daemon sends is
// applied, and Advance and Agree do nothing but say so. For the capture of CUDA graphs. Waits for
// an Agree that is under way; never for the network otherwise. They nest. Thread-safe.
class Hold {
 public:
  explicit Hold(Client& client);
  ~Hold();
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

 private:
  Client& client_;
};

}  // namespace tactic
