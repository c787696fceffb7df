// The runner `cublaslt` over a library that refuses, as cuBLASLt does where a GPU lacks what a
// dtype needs.
#include "runners/cublaslt/gemm_runner.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runners/cublaslt/gemm_op.h"

namespace tactic::cublaslt {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Library LibraryWithoutAlgorithms() {
  Library library;
  library.GetVersion = [] { return size_t{130100}; };
  library.MatmulDescInit_internal = [](auto...) { return CUBLAS_STATUS_SUCCESS; };
  library.MatmulDescSetAttribute = [](auto...) { return CUBLAS_STATUS_SUCCESS; };
  library.MatrixLayoutInit_internal = [](auto...) { return CUBLAS_STATUS_SUCCESS; };
  library.MatmulPreferenceInit_internal = [](auto...) { return CUBLAS_STATUS_SUCCESS; };
  library.MatmulPreferenceSetAttribute = [](auto...) { return CUBLAS_STATUS_SUCCESS; };
  library.MatmulAlgoGetHeuristic = [](auto...) { return CUBLAS_STATUS_NOT_SUPPORTED; };
  library.MatmulAlgoGetIds = [](auto...) { return CUBLAS_STATUS_NOT_SUPPORTED; };
  return library;
}

TEST(GemmRunnerTest, ADTypeThatTheGpuLacksIsNamed) {
  const Library library = LibraryWithoutAlgorithms();
  const auto runner = MakeGemmRunner(library, {});
  const OpSchema schema = MakeGemmOp()->Schema();
  Problem problem = MakeProblem(schema, {{"m", 16}, {"n", 32}, {"k", 64}}, DType::kF8E4M3,
                                {{"b", Layout::kColMajor}}, {})
                        .value();
  FillDefaults(schema, problem);
  EXPECT_THAT(runner->Tactics(problem), IsEmpty());
  const auto call = runner->Prepare(problem, {});
  ASSERT_FALSE(call.ok());
  EXPECT_EQ(call.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(call.error().message,
              AllOf(HasSubstr("cuBLASLt 13.1.0 has no algorithm for gemm f8e4m3[16,64]"),
                    HasSubstr("on this GPU")));
}

}  // namespace
}  // namespace tactic::cublaslt
