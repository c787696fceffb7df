#include "runners/cuda_kernels/planned_runner.h"

#include <cuda_runtime_api.h>

#include <stdexcept>

namespace tactic::cuda_kernels {

int MostInVector(DType dtype) {
  constexpr int kLoadBytes = 16;
  return kLoadBytes / static_cast<int>(SizeOf(dtype));
}

std::vector<int> VectorsFor(int64_t cols, DType dtype) {
  std::vector<int> vectors;
  for (const int vector : kVectorChoices) {
    if (vector <= MostInVector(dtype) && cols % vector == 0) vectors.push_back(vector);
  }
  return vectors;
}

int ThreadsFor(int64_t items) {
  for (const int threads : {64, 128, 256, 512}) {
    if (items <= threads) return threads;
  }
  return 1024;
}

int ReadVector(sdk::TacticReader& reader, int64_t cols, DType dtype, int otherwise) {
  const auto vector = static_cast<int>(reader.OneOf("vector", kVectorChoices, otherwise));
  if (cols % vector == 0 && vector <= MostInVector(dtype)) return vector;
  reader.Reject("vector",
                "a divisor of the " + std::to_string(cols) + " elements of a row, and at most " +
                    std::to_string(MostInVector(dtype)) + " of " + std::string(Name(dtype)));
  return otherwise;
}

Check CheckAtMost(const std::string& name, int64_t value, int64_t most) {
  if (value <= most) return Ok();
  return InvalidArgument(name + " is " + std::to_string(value) + "; must be at most " +
                         std::to_string(most));
}

void ThrowOnLaunchError() {
  const cudaError_t error = cudaGetLastError();
  if (error != cudaSuccess) throw std::runtime_error(cudaGetErrorString(error));
}

}  // namespace tactic::cuda_kernels
