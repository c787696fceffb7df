// The tensors of `decode_attention` as its kernels see them.
#pragma once

#include <cuda_bf16.h>

#include <cstdint>

#include "runners/cuda_kernels/decode_attention_kernels.h"
#include "runners/cuda_kernels/elements.cuh"

namespace tactic::cuda_kernels {

inline constexpr float kNoMax = Max::kNothing;

// Operands as the kernels see them.
struct Tensors {
  const __nv_bfloat16* q;
  const __nv_bfloat16* k;
  const __nv_bfloat16* v;
  const int32_t* page_table;
  const int32_t* seq_lens;
  __nv_bfloat16* out;
  float* part_out;  // [batch, heads, splits, head_dim], if there are parts,
  float* part_lse;  // [batch, heads, splits]: log2 of the part's sum of exponentials.
};

inline Tensors TensorsOf(const sdk::Operands& operands) {
  return {static_cast<const __nv_bfloat16*>(operands.inputs[0]),
          static_cast<const __nv_bfloat16*>(operands.inputs[1]),
          static_cast<const __nv_bfloat16*>(operands.inputs[2]),
          static_cast<const int32_t*>(operands.inputs[3]),
          static_cast<const int32_t*>(operands.inputs[4]),
          static_cast<__nv_bfloat16*>(operands.outputs[0]),
          nullptr,
          nullptr};
}

// What of the caches a block reads.
struct BlockShare {
  int part;  // Of the sequence.
  int kv_head;
  int first_head;  // Of those that share kv_head.
  int sequence;
  int length;  // Of the sequence.
};

// The row of the caches, of head_dim elements, that holds `key`.
__device__ inline int RowOf(const DecodeShape& s, const BlockShare& share,
                            const int32_t* page_table, int key) {
  const int page = page_table[int64_t{share.sequence} * s.pages_per_seq + key / s.page_size];
  return (page * s.kv_heads + share.kv_head) * s.page_size + key % s.page_size;
}

}  // namespace tactic::cuda_kernels
