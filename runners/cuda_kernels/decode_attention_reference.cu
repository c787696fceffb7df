#include <cuda_bf16.h>

#include "runners/cuda_kernels/decode_attention_kernels.h"
#include "runners/cuda_kernels/decode_attention_tensors.cuh"
#include "runners/cuda_kernels/elements.cuh"

namespace tactic::cuda_kernels {
namespace {

constexpr int kReferenceThreads = 128;  // At least head_dim.

__device__ double ReferenceScore(const DecodeShape& s, const Tensors& t, const BlockShare& share,
                                 const __nv_bfloat16* q, int key) {
  const __nv_bfloat16* k = t.k + int64_t{RowOf(s, share, t.page_table, key)} * s.head_dim;
  double score = 0;
  for (int d = 0; d < s.head_dim; ++d) {
    score += static_cast<double>(Widen(q[d])) * static_cast<double>(Widen(k[d]));
  }
  return score * s.scale;
}

// A block a head of a sequence: once over the keys for the maximum, once more for the output, where
// each thread first weighs a key and then adds up a dim.
__global__ void ReferenceKernel(DecodeShape s, Tensors t) {
  __shared__ double weights[kReferenceThreads];
  __shared__ float scratch[kReferenceThreads / 32];
  const int head = static_cast<int>(blockIdx.x) % s.heads;
  BlockShare share;
  share.sequence = static_cast<int>(blockIdx.x) / s.heads;
  share.kv_head = head / (s.heads / s.kv_heads);
  share.length = t.seq_lens[share.sequence];
  const int self = static_cast<int>(threadIdx.x);
  const __nv_bfloat16* q = t.q + int64_t{blockIdx.x} * s.head_dim;
  float max = kNoMax;
  for (int key = self; key < share.length; key += kReferenceThreads) {
    max = fmaxf(max, static_cast<float>(ReferenceScore(s, t, share, q, key)));
  }
  max = BlockReduce(max, scratch, Max());
  double sum = 0;
  double out = 0;
  for (int first = 0; first < share.length; first += kReferenceThreads) {
    const int keys = min(kReferenceThreads, share.length - first);
    if (self < keys) weights[self] = exp(ReferenceScore(s, t, share, q, first + self) - max);
    __syncthreads();
    for (int i = 0; self < s.head_dim && i < keys; ++i) {
      const int64_t row = RowOf(s, share, t.page_table, first + i);
      sum += weights[i];
      out += weights[i] * static_cast<double>(Widen(t.v[row * s.head_dim + self]));
    }
    __syncthreads();
  }
  if (self >= s.head_dim) return;
  t.out[int64_t{blockIdx.x} * s.head_dim + self] =
      __float2bfloat16(sum > 0 ? static_cast<float>(out / sum) : 0.0f);
}

}  // namespace

void LaunchDecodeReference(const DecodeShape& shape, const sdk::Operands& operands) {
  if (DecodeBlocks(shape) == 0) return;
  ReferenceKernel<<<static_cast<unsigned>(shape.batch * shape.heads), kReferenceThreads, 0,
                    static_cast<cudaStream_t>(operands.stream)>>>(shape, TensorsOf(operands));
}

}  // namespace tactic::cuda_kernels
