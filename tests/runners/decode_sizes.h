// Sizes of decode_attention by the names of its schema.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace tactic {

using Sizes = std::map<std::string, int64_t>;

inline Sizes DecodeSizes(int64_t batch, int64_t heads, int64_t kv_heads, int64_t head_dim,
                         int64_t pages, int64_t page_size, int64_t pages_per_seq) {
  return {{"batch", batch},
          {"heads", heads},
          {"kv_heads", kv_heads},
          {"head_dim", head_dim},
          {"pages", pages},
          {"page_size", page_size},
          {"pages_per_seq", pages_per_seq}};
}

}  // namespace tactic
