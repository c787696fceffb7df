// The innermost kernels of every vector set that this machine has, whether or not a list of tactics
// would use them here.
#include <gtest/gtest.h>

#include <vector>

#include "runners/host/gemm/blocked_runner.h"
#include "runners/host/gemm/gemm_op.h"
#include "runners/host/gemm/micro_kernel.h"
#include "tests/runners/run_call.h"

namespace tactic::gemm {
namespace {

std::vector<const MicroSet*> Sets() {
  std::vector<const MicroSet*> sets = {&PortableMicros()};
#if defined(__x86_64__)
  if (sdk::HostVectorSet() >= sdk::VectorSet::kAvx2Fma) sets.push_back(&Avx2Micros());
  if (sdk::HostVectorSet() >= sdk::VectorSet::kAvx512) sets.push_back(&Avx512Micros());
#endif
  return sets;
}

constexpr float kUntouched = -7;

TEST(MicroSets, TransposeMovesEveryElementAndNoOther) {
  for (const MicroSet* set : Sets()) {
    for (const int64_t rows : {1, 3, 8, 13, 16, 33}) {
      for (const int64_t k : {1, 4, 7, 8, 21}) {
        const int64_t src_ld = k + 2, dst_ld = rows + 3;
        const std::vector<float> src = RandomValues(static_cast<size_t>(rows * src_ld), 1);
        std::vector<float> dst(static_cast<size_t>(k * dst_ld), kUntouched);
        set->transpose(src.data(), src_ld, rows, k, dst.data(), dst_ld);
        for (int64_t p = 0; p < k; ++p) {
          for (int64_t i = 0; i < dst_ld; ++i) {
            ASSERT_EQ(dst[p * dst_ld + i], i < rows ? src[i * src_ld + p] : kUntouched);
          }
        }
      }
    }
  }
}

TEST(MicroSets, CopyMovesEveryElementAndNoOther) {
  for (const MicroSet* set : Sets()) {
    for (const int64_t cols : {1, 4, 8, 15, 16, 33}) {
      const int64_t k = 5, src_ld = cols + 2, dst_ld = cols + 3;
      const std::vector<float> src = RandomValues(static_cast<size_t>(k * src_ld), 2);
      std::vector<float> dst(static_cast<size_t>(k * dst_ld), kUntouched);
      set->copy(src.data(), src_ld, cols, k, dst.data(), dst_ld);
      for (int64_t p = 0; p < k; ++p) {
        for (int64_t j = 0; j < dst_ld; ++j) {
          ASSERT_EQ(dst[p * dst_ld + j], j < cols ? src[p * src_ld + j] : kUntouched);
        }
      }
    }
  }
}

TEST(MicroSets, AccumulateAddsInDouble) {
  for (const MicroSet* set : Sets()) {
    for (const int64_t rows : {1, 4, 6}) {
      for (const int64_t k : {1, 4, 7}) {
        const int64_t lda = k + 1, cols = 19;
        const std::vector<float> a = RandomValues(static_cast<size_t>(rows * lda), 3);
        const std::vector<float> b = RandomValues(static_cast<size_t>(k * cols), 4);
        std::vector<double> acc(static_cast<size_t>(rows * cols), 1e6);
        set->accumulate(a.data(), lda, rows, k, b.data(), cols, acc.data());
        for (int64_t i = 0; i < rows; ++i) {
          for (int64_t j = 0; j < cols; ++j) {
            double sum = 1e6;
            for (int64_t p = 0; p < k; ++p) {
              sum += static_cast<double>(a[i * lda + p]) * static_cast<double>(b[p * cols + j]);
            }
            ASSERT_NEAR(acc[i * cols + j], sum, 1e-9);
          }
        }
      }
    }
  }
}

// Tiles and parts of tiles in both directions, sums that end inside a vector, both unrollings, with
// and without prefetching.
TEST(Micros, EveryKernelIsRight) {
  const auto op = MakeGemmOp();
  const HostMachine machine = HostMachine::Detect();
  const auto runner = MakeBlockedRunner(machine);
  for (const Micro* micro : MicrosFor(machine.vectors)) {
    const Layout layout = micro->kind == MicroKind::kDot ? Layout::kColMajor : Layout::kRowMajor;
    for (int64_t m = 1; m <= micro->rows + 1; ++m) {
      const Problem problem = ProblemOf(*op, {{"m", m}, {"n", 139}, {"k", 75}}, {{"b", layout}});
      const auto inputs = RandomInputs(problem);
      const auto reference = ReferenceOf(*op, problem, inputs);
      for (const int64_t unroll : kUnrollFactors) {
        for (const int64_t prefetch : {0, 256}) {
          const Tactic tactic = {
              {"micro", std::string(micro->name)}, {"unroll", unroll}, {"prefetch", prefetch}};
          SCOPED_TRACE(tactic.ToText() + " on " + ToText(problem));
          const auto call = runner->Prepare(problem, tactic);
          ASSERT_TRUE(call.ok()) << call.error().message;
          const RunResult result = RunGuarded(**call, inputs, reference.size());
          ASSERT_EQ(Difference(result.output, reference, op->ToleranceFor(problem)), "");
          ASSERT_TRUE(result.guards_intact && result.inputs_intact);
        }
      }
    }
  }
}

TEST(Micros, AreFoundByName) {
  for (const Micro* micro : MicrosFor(sdk::VectorSet::kAvx512)) {
    EXPECT_EQ(FindMicro(micro->name), micro);
  }
  EXPECT_EQ(FindMicro("avx2"), nullptr);
}

}  // namespace
}  // namespace tactic::gemm
