// The softmax of one row, by vector set. Each vector set is compiled in a file of its own with its
// own flags; what they export is a table of plain function pointers.
#pragma once

#include <cstdint>

namespace tactic::softmax {

// How often a row is walked, and for what.
//   kStore      maximum; exponentials, stored, and their sum; scaling
//   kRecompute  maximum; sum of the exponentials; exponentials again, scaled and stored
//   kOnline     maximum and sum together, rescaling; exponentials, scaled and stored
enum class Passes : uint8_t { kStore, kRecompute, kOnline };
inline constexpr int kPasses = 3;

// kPolynomial works on whole vectors; kLibrary calls the C library for every element.
enum class Exponential : uint8_t { kPolynomial, kLibrary };
inline constexpr int kExponentials = 2;

inline constexpr int kUnrolls = 2;
inline constexpr int kUnrollFactors[kUnrolls] = {1, 4};

// y[0, cols) = softmax of x[0, cols), cols >= 1.
using RowFunction = void (*)(const float* x, float* y, int64_t cols);

struct RowKernels {
  // By Passes, Exponential and unrolling; nullptr: not offered.
  RowFunction function[kPasses][kExponentials][kUnrolls] = {};
};

const RowKernels& PortableRowKernels();
#if defined(__x86_64__)
const RowKernels& Avx2RowKernels();    // Only call its functions where HostVectorSet() has AVX2.
const RowKernels& Avx512RowKernels();  // Likewise AVX-512.
#endif

}  // namespace tactic::softmax
