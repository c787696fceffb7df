// The op `decode_attention`: attention of one new token of each sequence over its whole past, kept
// in pages. For each sequence s and each of its heads h, which shares the keys and values of
// heads / kv_heads heads,
//
//   out[s,h,:] = sum over i < seq_lens[s] of softmax_i(scale · q[s,h,:] · K[i]) V[i]
//
// where token i of s is in slot i mod page_size of page page_table[s, i / page_size]:
//
//   q            [batch, heads, head_dim]                 bf16; head_dim 64 or 128
//   k_cache      [pages, kv_heads, page_size, head_dim]   bf16, a weight: nobody writes it between
//   v_cache      [pages, kv_heads, page_size, head_dim]   two calls but for one token
//   page_table   [batch, pages_per_seq]                   i32; entries past a sequence's end are
//                                                         not looked at
//   seq_lens     [batch]                                  i32, 0 to pages_per_seq · page_size; 0
//                                                         gives zeros
//   out          [batch, heads, head_dim]                 bf16
//
// Attribute `scale`: 0, the default, stands for 1 / sqrt(head_dim). The page size needs no
// attribute: it is a dimension of the caches.
//
// Tuned with sequences that fill pages_per_seq pages but for some slots of the last, in pages of
// their own if there are so many. Tune it with batch · pages_per_seq pages: the size of the cache
// matters to no kernel, but all of it is taken for read when its copies are kept cold.
//
// Tactic of its runner `decode_attention`, which runs on tensor cores straight from registers:
//
//   splits    parts of a sequence that different blocks read: 1 to 64. With more than one a second,
//             small kernel combines them
//   warps     of a block, which share its part: 1 to 8
//   keys      tokens that a warp has in flight at once: 16 or 32
//   ahead     with 16 keys: load the next ones before the work on these
#pragma once

#include <cstdint>
#include <vector>

#include "tactic/sdk/runner.h"

namespace tactic::cuda_kernels {

// Adds the op and its runner, for the process's current GPU.
void RegisterDecodeAttention(sdk::Registry& registry);

// The length of each sequence of a problem while it is tuned.
std::vector<int32_t> TunedLengths(const Problem& problem);

}  // namespace tactic::cuda_kernels
