// One plan made ready for one shape: the loops around the micro-kernels.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runners/host/gemm/plan.h"
#include "tactic/sdk/runner.h"

namespace tactic::gemm {

// The loops, from the outside in, of panel and dot kernels: kc of the sum (a is packed once for
// each), nc columns (b is packed once for each), mc rows, tiles of columns, tiles of rows. Of axpy
// kernels: nc columns, a few rows of b, tiles of rows.
class BlockedCall final : public sdk::Call {
 public:
  BlockedCall(const Shape& shape, const Plan& plan);
  size_t WorkspaceBytes() const override;
  void Launch(const sdk::Operands& operands) override;

 private:
  struct Span {
    int64_t begin = 0;
    int64_t end = 0;
    int64_t size() const { return end - begin; }
  };
  // What one thread computes: these rows, columns and terms of the sum, into c.
  struct Part {
    Span m, n, k;
    const float* a = nullptr;
    const float* b = nullptr;
    float* c = nullptr;  // Element (0, 0) of the whole output or of this thread's partial sums.
    float* a_panels = nullptr;  // Scratch of this thread.
    float* b_panels = nullptr;
  };
  static Span Divide(int64_t extent, int64_t step, int parts, int index);

  Part PartOf(int thread, const sdk::Operands& operands) const;
  void RunPart(const Part& part) const;
  void RunAxpy(const Part& part) const;
  void RunTiles(const Part& part) const;
  void RunBlock(const Part& part, Span m, Span n, Span k) const;
  void PackA(const Part& part, Span k) const;
  void PackB(const Part& part, Span n, Span k) const;
  void AddPartials(const sdk::Operands& operands, int thread) const;

  const Shape shape_;
  const Plan plan_;
  const MicroFunction* whole_;  // By rows - 1.
  const MicroFunction* rest_;
  bool pack_a_ = false;
  // Sizes of a thread's scratch and of one set of partial sums, in floats.
  int64_t a_panels_ = 0;
  int64_t b_panels_ = 0;
  int64_t partial_ = 0;
};

}  // namespace tactic::gemm
