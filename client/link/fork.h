// What a fork leaves of a client. gRPC's threads, and ours, stay with the parent, so a client that
// came along only answers. docs/processes.md has the contract.
#pragma once

#include <cstdint>

namespace tactic::link {

// How many forks lie between this process and the one that loaded the library.
uint64_t ForkDepth();

// Counted for its lifetime: a fork while there is one leaves the child with a gRPC that does not
// work.
class ConnectedObject {
 public:
  ConnectedObject();
  ~ConnectedObject();
  ConnectedObject(const ConnectedObject&) = delete;
  ConnectedObject& operator=(const ConnectedObject&) = delete;

  // It is the parent's: neither its threads nor its connection are here.
  bool Inherited() const { return depth_ != ForkDepth(); }

 private:
  const uint64_t depth_;
};

// Why this process cannot connect to a daemon, for people; nullptr: it can.
const char* WhyNoConnection();

// Keeps something of the parent's, which cannot be destroyed here, where leak checkers find it.
void LeaveBehind(void* inherited);

inline constexpr char kInheritedClient[] =
    "this client was made before a fork: it answers from what it held, and its connection is the "
    "parent's; make a client in this process";

}  // namespace tactic::link
