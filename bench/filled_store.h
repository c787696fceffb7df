// What the benchmarks share: values to store, a store that is full, and giving up.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "tactic/model/decision.h"

namespace tactic::bench {

// Says why on stderr and ends the program with 1.
[[noreturn]] void Fail(const std::string& what);

template <typename T>
T ValueOrFail(absl::StatusOr<T> result) {
  if (!result.ok()) Fail(result.status().ToString());
  return *std::move(result);
}

// gemm of m x 2048 by 2048 x 8192 on a host of its own kind.
Key KeyOf(int64_t m);
Decision DecisionFor(const Key& key);
// Of that many candidates: all screened, a third raced for 20 rounds.
Evidence EvidenceOf(int trials);

// Makes a SQLite store of decisions for m = 1 .. `decisions`, each with two trials.
void FillStore(const std::filesystem::path& file, int decisions);

}  // namespace tactic::bench
