#include "runners/cuda_kernels/tactic_values.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <stdexcept>

namespace tactic::cuda_kernels {

int WidestVector(int64_t cols) {
  for (const int64_t vector : kVectorChoices) {
    if (cols % vector == 0) return static_cast<int>(vector);
  }
  return 1;
}

int ThreadsFor(int64_t items) {
  for (const int threads : {64, 128, 256, 512}) {
    if (items <= threads) return threads;
  }
  return 1024;
}

void ThrowOnLaunchError() {
  const cudaError_t error = cudaGetLastError();
  if (error != cudaSuccess) throw std::runtime_error(cudaGetErrorString(error));
}

int64_t TacticValues::OneOf(const std::string& name, std::span<const int64_t> choices,
                            int64_t otherwise) {
  read_.insert(name);
  const Value* value = tactic_.Find(name);
  if (value == nullptr) return otherwise;
  const auto* number = std::get_if<int64_t>(value);
  if (number != nullptr && std::find(choices.begin(), choices.end(), *number) != choices.end()) {
    return *number;
  }
  std::string list;
  for (const int64_t choice : choices) list += (list.empty() ? "" : ", ") + std::to_string(choice);
  Reject(name, "one of " + list);
  return otherwise;
}

bool TacticValues::Bool(const std::string& name, bool otherwise) {
  read_.insert(name);
  const Value* value = tactic_.Find(name);
  if (value == nullptr) return otherwise;
  if (const auto* flag = std::get_if<bool>(value)) return *flag;
  Reject(name, "true or false");
  return otherwise;
}

void TacticValues::Reject(const std::string& name, const std::string& must_be) {
  if (!problem_.empty()) return;
  const Value* value = tactic_.Find(name);
  problem_ = "tactic parameter " + name + " is " +
             (value == nullptr ? "left out" : ToText(*value)) + "; it must be " + must_be;
}

Check TacticValues::Finish() const {
  if (!problem_.empty()) return InvalidArgument(problem_);
  for (const Parameter& parameter : tactic_.items()) {
    if (!read_.contains(parameter.name)) {
      return InvalidArgument("tactic parameter " + parameter.name + " is unknown");
    }
  }
  return Ok();
}

}  // namespace tactic::cuda_kernels
