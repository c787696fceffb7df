// The kernels behind `decode_attention`. decode_attention.h says what they compute.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tactic/sdk/runner.h"

namespace tactic::cuda_kernels {

struct DecodeShape {
  int batch = 0;
  int heads = 0;
  int kv_heads = 0;
  int head_dim = 0;  // 64 or 128.
  int page_size = 0;
  int pages_per_seq = 0;
  float scale = 0;

  int64_t Capacity() const { return int64_t{pages_per_seq} * page_size; }  // Tokens of a sequence.
};

struct DecodePlan {
  int splits = 1;
  int warps = 4;
  int keys = 32;
  bool ahead = false;  // Only with 16 keys: what registers hold.
  bool operator==(const DecodePlan&) const = default;
};

inline constexpr int kHeadsOfBlock = 8;  // Of one kv_head that a block serves.

// Blocks that read different keys and values, or serve different heads, before any splitting.
inline int64_t DecodeBlocks(const DecodeShape& shape) {
  if (shape.kv_heads == 0) return 0;
  const int groups = (shape.heads / shape.kv_heads + kHeadsOfBlock - 1) / kHeadsOfBlock;
  return int64_t{shape.batch} * shape.kv_heads * groups;
}
// For the parts of a split sequence.
size_t DecodeWorkspaceBytes(const DecodeShape& shape, const DecodePlan& plan);
// `operands` in the op's order. Enqueues; errors are CUDA's last error.
void LaunchDecode(const DecodeShape& shape, const DecodePlan& plan, const sdk::Operands& operands);
// Plain, and in f64.
void LaunchDecodeReference(const DecodeShape& shape, const sdk::Operands& operands);

}  // namespace tactic::cuda_kernels
