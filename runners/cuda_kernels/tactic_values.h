// Reading the parameters of a tactic, and the choices that the kernels of this folder have in
// common.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <span>
#include <string>

#include "tactic/model/parameters.h"
#include "tactic/model/result.h"

namespace tactic::cuda_kernels {

inline constexpr std::array<int64_t, 5> kThreadChoices = {256, 128, 512, 1024, 64};
inline constexpr std::array<int64_t, 4> kVectorChoices = {8, 4, 2, 1};

// 8, 4, 2 or 1: the widest vector of 16-bit elements that divides a row.
int WidestVector(int64_t cols);
// The fewest of kThreadChoices that give each item a thread; 1024 if none does.
int ThreadsFor(int64_t items);

// Throws std::runtime_error with CUDA's message if the last launch was refused.
void ThrowOnLaunchError();

// Reads values by name; the first that is not acceptable is what Finish reports, as is a parameter
// that nobody read.
class TacticValues {
 public:
  explicit TacticValues(const Tactic& tactic) : tactic_(tactic) {}

  int64_t OneOf(const std::string& name, std::span<const int64_t> choices, int64_t otherwise);
  bool Bool(const std::string& name, bool otherwise);
  void Reject(const std::string& name, const std::string& must_be);
  Check Finish() const;

 private:
  const Tactic& tactic_;
  std::set<std::string> read_;
  std::string problem_;
};

}  // namespace tactic::cuda_kernels
