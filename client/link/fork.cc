#include "client/link/fork.h"

#include <pthread.h>

#include <atomic>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace tactic::link {
namespace {

std::atomic<uint64_t> depth{0};
std::atomic<int> connected{0};
std::atomic<bool> grpc_lost{false};

bool IsTrue(const char* text) {
  const std::string_view value = text == nullptr ? "" : text;
  return value == "1" || value == "true" || value == "True" || value == "TRUE" || value == "yes";
}

// gRPC survives a fork only so (its doc/fork_support.md).
bool GrpcSupportsForks() {
  const char* strategy = std::getenv("GRPC_POLL_STRATEGY");
  return IsTrue(std::getenv("GRPC_ENABLE_FORK_SUPPORT")) && strategy != nullptr &&
         std::string_view(strategy) == "poll";
}

void InChild() {
  depth.fetch_add(1, std::memory_order_relaxed);
  if (connected.exchange(0) > 0 && !GrpcSupportsForks()) grpc_lost = true;
}

}  // namespace

uint64_t ForkDepth() { return depth.load(std::memory_order_relaxed); }

ConnectedObject::ConnectedObject() : depth_(ForkDepth()) {
  static const int registered = pthread_atfork(nullptr, nullptr, InChild);
  static_cast<void>(registered);
  connected.fetch_add(1);
}

ConnectedObject::~ConnectedObject() {
  if (!Inherited()) connected.fetch_sub(1);
}

void LeaveBehind(void* inherited) {
  static auto* const kept = new std::vector<void*>;  // Never destroyed: statics come here at exit.
  kept->push_back(inherited);
}

const char* WhyNoConnection() {
  if (!grpc_lost) return nullptr;
  return "this process was forked while a client was connected, and gRPC does not work in it; fork "
         "before the first client, or exec, or start the program with GRPC_ENABLE_FORK_SUPPORT=1 "
         "and GRPC_POLL_STRATEGY=poll";
}

}  // namespace tactic::link
