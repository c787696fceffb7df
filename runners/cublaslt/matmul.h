// One product as cuBLASLt sees it, and its algorithms as tactics.
#pragma once

#include <optional>
#include <vector>

#include "runners/cublaslt/gemm_op.h"
#include "runners/cublaslt/library.h"
#include "tactic/model/parameters.h"

namespace tactic::cublaslt {

// The most workspace that an algorithm may ask for.
inline constexpr size_t kWorkspaceBytes = size_t{64} << 20;

// Descriptors of c = a·b. cuBLASLt is column-major, and a row-major matrix is the transpose of a
// column-major one: what it computes is c' = b'·a', with n rows and m columns.
class Matmul {
 public:
  // FailedPrecondition: cuBLASLt does not do this product; the message has its status.
  static Result<std::unique_ptr<Matmul>> Create(const Library& library, const GemmShape& shape);
  Matmul(const Matmul&) = delete;
  Matmul& operator=(const Matmul&) = delete;

  // The library's own choices, best guess first.
  std::vector<cublasLtMatmulHeuristicResult_t> Heuristic(int most) const;
  // The algorithm with these settings and the workspace that it needs. An Error if the library does
  // not accept it here.
  struct Algorithm {
    cublasLtMatmulAlgo_t algo;
    size_t workspace_bytes = 0;
  };
  Result<Algorithm> FromTactic(const Tactic& tactic) const;
  Tactic ToTactic(const cublasLtMatmulAlgo_t& algo) const;
  // Configurations drawn at random from all that the library may run, none twice, none of
  // `besides`: up to `count`, or what a bounded number of draws finds. The same for the same seed.
  std::vector<Tactic> Draw(size_t count, uint64_t seed, const std::vector<Tactic>& besides) const;

  cublasStatus_t Run(const Algorithm& algorithm, const void* a, const void* b, void* c,
                     void* workspace, cudaStream_t stream) const;
  // Where the device finds the scales (f8 only), a float each; they outlive this.
  void SetScales(const float* a_scale, const float* b_scale);

 private:
  Matmul(const Library& library, const GemmShape& shape) : library_(library), shape_(shape) {}
  cublasStatus_t Describe();
  Result<Algorithm> Checked(const cublasLtMatmulAlgo_t& algo) const;
  std::vector<int> AlgorithmIds() const;
  Result<cublasLtMatmulAlgo_t> Init(int id) const;

  const Library& library_;
  const GemmShape shape_;
  mutable cublasLtMatmulDescOpaque_t desc_;
  mutable cublasLtMatrixLayoutOpaque_t b_;  // cuBLASLt's A.
  mutable cublasLtMatrixLayoutOpaque_t a_;  // cuBLASLt's B.
  mutable cublasLtMatrixLayoutOpaque_t c_;
};

}  // namespace tactic::cublaslt
