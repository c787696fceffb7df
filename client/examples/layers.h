// The linear layers of Llama-3.2-1B, as a program that serves the model meets them. Weights are
// kept as in nn.Linear, [out, in]: the [k, n] operand of the product is col_major.
#pragma once

#include <array>
#include <cstdint>

namespace tactic::examples {

struct Layer {
  const char* name;
  int64_t in;   // k
  int64_t out;  // n
};

inline constexpr std::array<Layer, 4> kLayers = {{
    {"q, o", 2048, 2048},
    {"k, v", 2048, 512},
    {"gate, up", 2048, 8192},
    {"down", 8192, 2048},
}};

// Rows of the activations: tokens in flight. The buckets that are tuned.
inline constexpr std::array<int64_t, 7> kRows = {1, 2, 4, 8, 16, 32, 64};

}  // namespace tactic::examples
