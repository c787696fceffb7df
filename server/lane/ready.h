// What a worker says of itself when it is ready. Untrusted until it has passed here. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/lane.h"
#include "tactic/v1/worker.pb.h"

namespace tactic {

inline constexpr uint32_t kWorkerProtocol = 1;

struct WorkerFacts {
  DeviceClass device;
  std::string driver;
  std::string runtime;
  std::vector<OpInfo> ops;
  std::optional<SelfCheck> self_check;  // Of this process: no part of the environment.
};

// FailedPrecondition: another protocol. InvalidArgument: a field cannot be right; the text names
// it.
absl::StatusOr<WorkerFacts> ParseReady(const v1::Ready& message);

// What differs in what identifies an environment, "gemm: runners are a/1, were a/2"; empty:
// nothing. Decisions made under one are not those of the other.
std::string Difference(const WorkerFacts& before, const WorkerFacts& now);

}  // namespace tactic
