// The spaces of our CUDA kernels, which need no GPU: what is listed can be prepared, nothing is
// listed twice, what cannot run is refused by name, and inputs are legal.
#include "tactic/cuda_kernels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "runners/cuda_kernels/decode_attention.h"
#include "runners/timing/input_maker.h"
#include "tactic/host_runners.h"
#include "tests/runners/decode_sizes.h"

namespace tactic {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Lt;
using ::testing::Not;

const sdk::Registry& Kernels() {
  static const sdk::Registry* const registry = [] {
    auto* made = new sdk::Registry();
    RegisterCudaKernels(*made);
    return made;
  }();
  return *registry;
}

const sdk::Runner& RunnerOf(const std::string& op) { return *Kernels().Find(op)->runners.front(); }

Problem ProblemOf(const std::string& op, const Sizes& sizes, DType dtype = DType::kBF16) {
  const OpSchema schema = Kernels().Find(op)->op->Schema();
  Problem problem = MakeProblem(schema, sizes, dtype, {}, {}).value();
  FillDefaults(schema, problem);
  return problem;
}

std::string WhyRefused(const Problem& problem, const Tactic& tactic) {
  const auto call = RunnerOf(problem.op).Prepare(problem, tactic);
  return call.ok() ? "" : call.error().message;
}

TEST(CudaKernels, EveryListedTacticCanBePreparedAndIsListedOnce) {
  std::vector<Problem> problems;
  for (const int64_t rows : {0, 1, 4096}) {
    for (const int64_t cols : {0, 1, 6, 1000, 4096, 100000}) {
      problems.push_back(ProblemOf("rms_norm", {{"rows", rows}, {"cols", cols}}));
      problems.push_back(ProblemOf("silu_and_mul", {{"rows", rows}, {"width", 2 * cols}}));
      for (const DType dtype : {DType::kF32, DType::kF16}) {
        problems.push_back(ProblemOf("softmax", {{"rows", rows}, {"cols", cols}}, dtype));
      }
    }
  }
  problems.push_back(ProblemOf("decode_attention", DecodeSizes(0, 8, 2, 64, 4, 16, 4)));
  problems.push_back(ProblemOf("decode_attention", DecodeSizes(64, 32, 8, 128, 9000, 16, 512)));
  for (const Problem& problem : problems) {
    SCOPED_TRACE(ToText(problem));
    const std::vector<Tactic> tactics = RunnerOf(problem.op).Tactics(problem);
    EXPECT_EQ(RunnerOf(problem.op).Tactics(problem), tactics) << "another order";
    EXPECT_EQ(std::set<Tactic>(tactics.begin(), tactics.end()).size(), tactics.size());
    EXPECT_EQ(WhyRefused(problem, {}), "");
    for (const Tactic& tactic : tactics) {
      EXPECT_EQ(WhyRefused(problem, tactic), "") << tactic.ToText();
    }
  }
}

TEST(CudaKernels, WhatCannotRunIsRefusedByName) {
  const Problem norm = ProblemOf("rms_norm", {{"rows", 8}, {"cols", 100000}});
  EXPECT_THAT(WhyRefused(norm, {{"threads", int64_t{96}}}), HasSubstr("threads is 96"));
  EXPECT_THAT(WhyRefused(norm, {{"keep", true}}), HasSubstr("keep is true"));
  EXPECT_THAT(WhyRefused(norm, {{"thread", int64_t{64}}}), HasSubstr("thread is 64"));
  const Problem silu = ProblemOf("silu_and_mul", {{"rows", 8}, {"width", 12}});
  EXPECT_THAT(WhyRefused(silu, {{"vector", int64_t{4}}}), HasSubstr("vector is 4"));
  const Problem softmax = ProblemOf("softmax", {{"rows", 8}, {"cols", 64}}, DType::kF32);
  EXPECT_THAT(WhyRefused(softmax, {{"vector", int64_t{8}}}), HasSubstr("at most 4 of f32"));
  EXPECT_THAT(WhyRefused(softmax, {{"rows_by", std::string("thread")}}), HasSubstr("rows_by"));
  const Problem decode = ProblemOf("decode_attention", DecodeSizes(1, 8, 2, 64, 8, 16, 8));
  EXPECT_THAT(WhyRefused(decode, {{"splits", int64_t{3}}}), HasSubstr("splits is 3"));
  EXPECT_THAT(WhyRefused(decode, {{"ahead", true}}), HasSubstr("ahead is true"));
}

TEST(CudaKernels, LongRowsAreNotKeptInRegisters) {
  const Problem problem = ProblemOf("softmax", {{"rows", 8}, {"cols", 100000}});
  const std::vector<Tactic> tactics = RunnerOf("softmax").Tactics(problem);
  EXPECT_THAT(tactics, Not(IsEmpty()));
  for (const Tactic& tactic : tactics) EXPECT_EQ(*tactic.Find("keep"), Value(false));
}

TEST(CudaKernels, OneSoftmaxForBothKindsOfDevice) {
  sdk::Registry host;
  RegisterHostRunners(host);
  const OpSchema theirs = host.Find("softmax")->op->Schema();
  OpSchema ours = Kernels().Find("softmax")->op->Schema();
  EXPECT_EQ(ours.inputs[0].dtypes.front(), theirs.inputs[0].dtypes.front());
  EXPECT_THAT(ours.inputs[0].dtypes, IsSupersetOf(theirs.inputs[0].dtypes));
  ours.inputs[0].dtypes = theirs.inputs[0].dtypes;
  EXPECT_EQ(ours, theirs);
}

TEST(DecodeAttention, ImpossibleProblemsAreRefusedByName) {
  const auto why = [](const Sizes& sizes) {
    return WhyRefused(ProblemOf("decode_attention", sizes), {});
  };
  EXPECT_THAT(why(DecodeSizes(1, 8, 2, 96, 8, 16, 8)), HasSubstr("head_dim is 96"));
  EXPECT_THAT(why(DecodeSizes(1, 8, 3, 64, 8, 16, 8)), HasSubstr("heads is 8"));
  EXPECT_THAT(why(DecodeSizes(1, 8, 2, 64, 1 << 30, 16, 8)), HasSubstr("pages x kv_heads"));
}

int64_t Most(const Problem& problem, const char* parameter) {
  int64_t most = 0;
  for (const Tactic& tactic : RunnerOf(problem.op).Tactics(problem)) {
    most = std::max(most, tactic.IntOr(parameter, 0));
  }
  return most;
}

TEST(DecodeAttention, SplitsLongSequencesOnly) {
  EXPECT_EQ(Most(ProblemOf("decode_attention", DecodeSizes(1, 8, 2, 64, 8, 16, 4)), "splits"), 1);
  EXPECT_EQ(Most(ProblemOf("decode_attention", DecodeSizes(1, 8, 2, 64, 8, 16, 16)), "splits"), 4);
  EXPECT_EQ(Most(ProblemOf("decode_attention", DecodeSizes(1, 8, 2, 64, 8, 16, 999)), "splits"),
            64);
}

TEST(DecodeAttention, SplitsNeedRoomForTheirParts) {
  const Problem problem = ProblemOf("decode_attention", DecodeSizes(3, 8, 2, 64, 999, 16, 99));
  const auto bytes = [&](int64_t splits) {
    return RunnerOf("decode_attention")
        .Prepare(problem, {{"splits", splits}})
        .value()
        ->WorkspaceBytes();
  };
  EXPECT_EQ(bytes(1), 0u);
  EXPECT_EQ(bytes(4), 3u * 8 * 4 * (64 + 1) * sizeof(float));
}

TEST(DecodeAttention, TunedSequencesFillTheirPagesAndShareNone) {
  constexpr int64_t kBatch = 5, kPages = 40, kPageSize = 4, kPagesPerSeq = 7;
  const Problem problem =
      ProblemOf("decode_attention", DecodeSizes(kBatch, 8, 2, 64, kPages, kPageSize, kPagesPerSeq));
  const sdk::Op& op = *Kernels().Find("decode_attention")->op;
  std::vector<std::vector<std::byte>> memory;
  std::vector<void*> inputs;
  for (const Tensor& tensor : problem.inputs) memory.emplace_back(Bytes(tensor));
  for (auto& bytes : memory) inputs.push_back(bytes.data());
  timing::FillInputs(op, problem, 1, inputs);

  std::vector<int32_t> table(kBatch * kPagesPerSeq);
  std::memcpy(table.data(), inputs[3], memory[3].size());
  EXPECT_THAT(table, Each(AllOf(Ge(0), Lt(kPages))));
  EXPECT_EQ(std::set<int32_t>(table.begin(), table.end()).size(), table.size());
  std::vector<int32_t> lengths(kBatch);
  std::memcpy(lengths.data(), inputs[4], memory[4].size());
  EXPECT_EQ(lengths, cuda_kernels::TunedLengths(problem));
  EXPECT_EQ(lengths, (std::vector<int32_t>{28, 27, 26, 25, 28}));
}

TEST(DecodeAttention, ACacheTooSmallIsSharedAndOneThatIsEmptyHoldsNoTokens) {
  const Problem shared = ProblemOf("decode_attention", DecodeSizes(5, 8, 2, 64, 3, 4, 7));
  EXPECT_THAT(cuda_kernels::TunedLengths(shared), Each(Ge(25)));
  const Problem empty = ProblemOf("decode_attention", DecodeSizes(5, 8, 2, 64, 0, 4, 7));
  EXPECT_THAT(cuda_kernels::TunedLengths(empty), Each(0));
}

}  // namespace
}  // namespace tactic
