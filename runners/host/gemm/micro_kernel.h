// The innermost kernels of gemm, by vector set. Each vector set is compiled in a file of its own
// with its own flags; what they export is data of the types below, and plain function pointers.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tactic/sdk/host.h"

namespace tactic::gemm {

// How a micro-kernel walks the operands.
//   kPanel  outer products: b is read in rows of `cols` adjacent columns, packed or in place; a is
//           packed in panels of as many rows as the kernel computes.
//   kDot    inner products: a and b are both read along k. b col-major, in place.
//   kAxpy   a few whole rows of b are scaled and added to c. b row-major, in place: few long
//           streams.
enum class MicroKind : uint8_t { kPanel, kDot, kAxpy };

// One call of a micro-kernel: c[rows, cols] (+)= a[rows, k] * b[k, cols].
// Element (i, p) of a is at a[p * rows + i] for kPanel, a[i * lda + p] for the others.
// Element (p, j) of b is at b[j * ldb + p] for kDot, b[p * ldb + j] for the others.
struct MicroArgs {
  const float* a = nullptr;
  int64_t lda = 0;
  const float* b = nullptr;
  int64_t ldb = 0;
  float* c = nullptr;
  int64_t ldc = 0;
  int64_t k = 0;
  int64_t cols = 0;         // kPanel, kDot: at most the tile's. kAxpy: any number.
  bool accumulate = false;  // Add to c instead of overwriting it. kAxpy always adds.
  int64_t prefetch = 0;     // How many bytes ahead of each load of b to prefetch, when asked to.
};
using MicroFunction = void (*)(const MicroArgs&);

inline constexpr int kMaxMicroRows = 14;
inline constexpr int kUnrolls = 2;
inline constexpr int kUnrollFactors[kUnrolls] = {1, 4};

// A micro-kernel for tiles of up to `rows` x `cols`. Fewer rows have code of their own, so that a
// short last tile costs no more than it computes.
struct Micro {
  std::string_view name;  // "avx512_8x32"
  MicroKind kind = MicroKind::kPanel;
  sdk::VectorSet vector_set = sdk::VectorSet::kSse2;
  int rows = 0;
  int cols = 0;  // kAxpy: how many rows of b it adds at a time.
  // [rows - 1] of whole tiles, by unrolling and prefetching.
  MicroFunction whole[kUnrolls][2][kMaxMicroRows] = {};
  // [rows - 1] of tiles with fewer columns; for kAxpy, of a single row of b.
  MicroFunction rest[kMaxMicroRows] = {};
};

// What one vector set offers.
struct MicroSet {
  std::span<const Micro> micros;
  // dst[p * dst_ld + i] = src[i * src_ld + p] for i < rows, p < k.
  void (*transpose)(const float* src, int64_t src_ld, int64_t rows, int64_t k, float* dst,
                    int64_t dst_ld);
  // dst[p * dst_ld + j] = src[p * src_ld + j] for j < cols, p < k.
  void (*copy)(const float* src, int64_t src_ld, int64_t cols, int64_t k, float* dst,
               int64_t dst_ld);
  // acc[i * cols + j] += sum over p of a[i * lda + p] * b[p * cols + j], in double: the reference.
  void (*accumulate)(const float* a, int64_t lda, int64_t rows, int64_t k, const float* b,
                     int64_t cols, double* acc);
};

const MicroSet& PortableMicros();
#if defined(__x86_64__)
const MicroSet& Avx2Micros();    // Only call its functions where HostVectorSet() has AVX2 and FMA.
const MicroSet& Avx512Micros();  // Likewise AVX-512.
#endif

// The set to use for transpose and accumulate on this machine.
const MicroSet& HostMicros();
// Every micro-kernel that `vectors` can run, the widest first.
std::span<const Micro* const> MicrosFor(sdk::VectorSet vectors);
// By name among all that this program has; nullptr: unknown.
const Micro* FindMicro(std::string_view name);

}  // namespace tactic::gemm
