// Inputs as an op wants them: what is legal, what is refused, and that an op with an index input is
// tunable.
#include "runners/timing/input_maker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <set>
#include <string>

#include "runners/timing/elements.h"
#include "runners/timing/host_sampler.h"
#include "runners/timing/quiet_observer.h"
#include "tests/timing/gather_op.h"

namespace tactic::timing {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Lt;
using ::testing::UnorderedElementsAre;

// gather, with fills and a hook that a test brings.
class BentGatherOp : public GatherOp {
 public:
  std::vector<sdk::InputFill> InputFills(const Problem& problem) const override {
    return fills ? *fills : GatherOp::InputFills(problem);
  }
  sdk::InputsHook InputsPreHook(const Problem&) const override { return hook; }
  std::optional<std::vector<sdk::InputFill>> fills;
  sdk::InputsHook hook;
};

Problem GatherProblem(int64_t n, int64_t rows, double scale = 1) {
  return MakeProblem(GatherOp().Schema(), {{"n", n}, {"rows", rows}, {"cols", 16}}, std::nullopt,
                     {}, {{"scale", scale}})
      .value();
}

class InputMakerTest : public ::testing::Test {
 protected:
  static constexpr int64_t kIndices = 1000, kRows = 5;

  std::vector<bool> Fill() {
    void* const inputs[] = {indices_.data(), table_.data()};
    return FillInputs(op_, problem_, /*seed=*/7, inputs);
  }
  std::vector<bool> FillWith(sdk::InputFill indices, sdk::InputFill table = sdk::DefaultFill{}) {
    op_.fills = {{std::move(indices), std::move(table)}};
    return Fill();
  }
  std::string ErrorOf(sdk::InputFill indices, sdk::InputFill table = sdk::DefaultFill{}) {
    try {
      FillWith(std::move(indices), std::move(table));
    } catch (const std::invalid_argument& e) {
      return e.what();
    }
    return "none";
  }

  BentGatherOp op_;
  Problem problem_ = GatherProblem(kIndices, kRows);
  std::vector<int32_t> indices_ = std::vector<int32_t>(kIndices, -1);
  std::vector<float> table_ = std::vector<float>(kRows * 16, 0);
};

TEST_F(InputMakerTest, IndicesAreLegalAndAllMet) {
  EXPECT_THAT(Fill(), ElementsAre(true, false));
  EXPECT_THAT(std::set<int32_t>(indices_.begin(), indices_.end()),
              UnorderedElementsAre(0, 1, 2, 3, 4));
}

TEST_F(InputMakerTest, TheDefaultIsNeverZero) {
  EXPECT_THAT(FillWith(sdk::DefaultFill{}), ElementsAre(false, false));
  EXPECT_THAT(indices_, Each(AllOf(Ge(1), Le(8))));
  for (const float value : table_) EXPECT_GE(std::abs(value), 1.0f / 16);
}

TEST_F(InputMakerTest, UniformKeepsItsRange) {
  EXPECT_THAT(FillWith(sdk::UniformFill{-2, 2}, sdk::UniformFill{0.5, 0.75}),
              ElementsAre(true, true));
  EXPECT_THAT(std::set<int32_t>(indices_.begin(), indices_.end()),
              UnorderedElementsAre(-2, -1, 0, 1, 2));
  EXPECT_THAT(table_, Each(AllOf(Ge(0.5f), Lt(0.75f))));
  EXPECT_GT(std::set<float>(table_.begin(), table_.end()).size(), 70u);
}

TEST_F(InputMakerTest, ConstantAndCustomFills) {
  FillWith(sdk::ConstantFill{3}, sdk::CustomFill([](const Tensor& tensor, auto bytes, uint64_t) {
             ASSERT_EQ(bytes.size(), Bytes(tensor));
             const float value = 2.5f;
             for (size_t at = 0; at < bytes.size(); at += sizeof(value)) {
               std::memcpy(&bytes[at], &value, sizeof(value));
             }
           }));
  EXPECT_THAT(indices_, Each(3));
  EXPECT_THAT(table_, Each(2.5f));
}

TEST_F(InputMakerTest, RowsOfRealDataAreRepeated) {
  const std::vector<int32_t> real = {4, 0, 2};
  const auto bytes = std::as_bytes(std::span(real));
  FillWith(sdk::RowsFill{{bytes.begin(), bytes.end()}});
  for (int64_t i = 0; i < kIndices; ++i) ASSERT_EQ(indices_[i], real[i % 3]) << i;
}

TEST_F(InputMakerTest, TheHookSeesAllInputsAndHasTheLastWord) {
  op_.hook = [&](std::span<void* const> inputs) {
    EXPECT_THAT(inputs, ElementsAre(indices_.data(), table_.data()));
    std::sort(indices_.begin(), indices_.end());
  };
  EXPECT_THAT(FillWith(sdk::IndexFill{5}), ElementsAre(true, false));
  EXPECT_TRUE(std::is_sorted(indices_.begin(), indices_.end()));
  op_.hook = [&](auto) { table_[0] = 0; };
  EXPECT_THAT(Fill(), ElementsAre(true, true)) << "what the hook changed is the op's own";
}

TEST_F(InputMakerTest, TheSameSeedGivesTheSame) {
  Fill();
  const auto first = indices_;
  Fill();
  EXPECT_EQ(indices_, first);
}

TEST_F(InputMakerTest, WhatAnInputCannotHoldIsRefusedByName) {
  EXPECT_EQ(ErrorOf(sdk::DefaultFill{}, sdk::IndexFill{5}),
            "input 'table' of f32: indices must be integers");
  EXPECT_EQ(ErrorOf(sdk::IndexFill{0}),
            "input 'indices' of i32: its indices are below 0; must be 1 to 2147483648");
  EXPECT_THAT(ErrorOf(sdk::IndexFill{int64_t{1} << 32}), HasSubstr("below 4294967296"));
  EXPECT_THAT(ErrorOf(sdk::ConstantFill{3e9}),
              HasSubstr("cannot be filled with 3e+09; must be -2147483648 to 2147483647"));
  EXPECT_THAT(ErrorOf(sdk::ConstantFill{0.5}), HasSubstr("there is no value between them"));
  EXPECT_THAT(ErrorOf(sdk::UniformFill{2, 1}), HasSubstr("cannot be filled from 2 to 1"));
  EXPECT_THAT(ErrorOf(sdk::UniformFill{0, std::numeric_limits<double>::quiet_NaN()}),
              HasSubstr("cannot be filled with nan"));
  EXPECT_THAT(ErrorOf(sdk::RowsFill{std::vector<std::byte>(6)}),
              HasSubstr("its rows have 6 bytes; must be a multiple of 4"));
  EXPECT_THAT(ErrorOf(sdk::RowsFill{}), HasSubstr("its rows have 0 bytes"));
  EXPECT_THAT(ErrorOf(sdk::CustomFill()), HasSubstr("its custom fill is empty"));
  op_.fills = {{sdk::DefaultFill{}}};
  EXPECT_THROW(Fill(), std::invalid_argument);
}

TEST(FillUniformTest, SmallFloatsAreRoundedToTheNearest) {
  const auto bits = [](DType dtype, double value) {
    uint16_t got = 0;
    FillUniform(dtype, std::as_writable_bytes(std::span(&got, 1)).first(SizeOf(dtype)), value,
                value, 1);
    return got;
  };
  EXPECT_EQ(bits(DType::kF16, 1), 0x3c00);
  EXPECT_EQ(bits(DType::kF16, -1.0 / 3), 0xb555);
  EXPECT_EQ(bits(DType::kF16, 65504), 0x7bff);
  EXPECT_EQ(bits(DType::kF16, 0x1p-24), 0x0001);
  EXPECT_EQ(bits(DType::kF16, 0x1.ffcp-1), 0x3bff);
  EXPECT_EQ(bits(DType::kF16, 0x1.fffp-1), 0x3c00) << "rounded up into the next exponent";
  EXPECT_EQ(bits(DType::kF16, 0), 0);
  EXPECT_EQ(bits(DType::kBF16, 1), 0x3f80);
  EXPECT_EQ(bits(DType::kBF16, 0x1.fep127), 0x7f7f);
  EXPECT_EQ(bits(DType::kF8E4M3, 448), 0x7e);
  EXPECT_EQ(bits(DType::kF8E4M3, 0x1p-9), 0x01);
  EXPECT_EQ(bits(DType::kF8E5M2, 57344), 0x7b);
  EXPECT_EQ(bits(DType::kF8E5M2, -1), 0xbc);
}

// Every value of every small type comes back through both directions.
TEST(FillUniformTest, EveryTypeHoldsItsEnds) {
  for (const DType dtype :
       {DType::kF64, DType::kF32, DType::kF16, DType::kBF16, DType::kF8E4M3, DType::kF8E5M2,
        DType::kI64, DType::kI32, DType::kI16, DType::kI8, DType::kU8, DType::kBool}) {
    for (const double end : {Least(dtype), Greatest(dtype)}) {
      std::vector<std::byte> filled(SizeOf(dtype));
      std::vector<std::byte> zero(SizeOf(dtype));
      FillUniform(dtype, filled, end, end, 1);
      const auto off = FirstWrong(dtype, filled, zero, {.absolute = std::abs(end) * 0.999999});
      EXPECT_EQ(off.has_value(), end != 0) << Name(dtype) << ' ' << end;
      EXPECT_EQ(FirstWrong(dtype, filled, zero, {.absolute = std::abs(end)}), std::nullopt)
          << Name(dtype) << ' ' << end;
    }
  }
}

class GatherTuningTest : public ::testing::TestWithParam<CacheState> {
 protected:
  // What screening and three rounds of the runner's one candidate see.
  std::vector<Observation> Tune(const sdk::Op& op, const Problem& problem) {
    HostSamplerOptions options;
    options.policy = Resolve({.cache = GetParam()}, DeviceKind::kHost);
    options.cache_bytes = 1 << 16;
    options.memory_bytes = 1 << 22;
    auto sampler = HostSampler::Create(op, problem, {{&runner_, runner_.Tactics(problem)[0]}},
                                       options, pool_, observer_);
    if (!sampler.ok()) {
      ADD_FAILURE() << sampler.error().message;
      return {};
    }
    std::vector<Observation> seen = {(*sampler)->Screen(0)};
    const std::vector<int> order = {0, 0, 0};
    for (Observation& observation : (*sampler)->Round(order)) seen.push_back(observation);
    return seen;
  }

  GatherRunner runner_;
  DataPool pool_;
  QuietObserver observer_;
};

TEST_P(GatherTuningTest, AnOpWithAnIndexInputIsTunable) {
  for (const int64_t rows : {1, 3, 1000}) {
    const auto seen = Tune(GatherOp(), GatherProblem(100, rows));
    ASSERT_EQ(seen.size(), 4u);
    for (const Observation& one : seen) EXPECT_EQ(one.outcome, Outcome::kMeasured) << one.detail;
  }
}

TEST_P(GatherTuningTest, WhatTheHookMadeIsWhatEveryCallReads) {
  BentGatherOp op;
  op.hook = [](std::span<void* const> inputs) {  // The last row only.
    auto* indices = static_cast<int32_t*>(inputs[0]);
    std::fill(indices, indices + 100, 2);
  };
  op.fills = {{sdk::ConstantFill{-1}, sdk::DefaultFill{}}};  // Not legal without the hook.
  const auto seen = Tune(op, GatherProblem(100, 3));
  ASSERT_EQ(seen.size(), 4u);
  for (const Observation& one : seen) EXPECT_EQ(one.outcome, Outcome::kMeasured) << one.detail;
}

TEST_P(GatherTuningTest, AttributesReachEveryCall) {
  // The reference scales; so must the call, which gets the attribute by Prepare.
  const Problem problem = GatherProblem(100, 3, /*scale=*/-2.5);
  for (const Observation& one : Tune(GatherOp(), problem)) {
    EXPECT_EQ(one.outcome, Outcome::kMeasured) << one.detail;
  }
  EXPECT_EQ(runner_.Tactics(problem)[0].ToText(), "tile={rows=4 scale=-2.5}");
}

INSTANTIATE_TEST_SUITE_P(All, GatherTuningTest,
                         ::testing::Values(CacheState::kWeightsCold, CacheState::kAllCold,
                                           CacheState::kWarm),
                         [](const auto& test) { return std::string(Name(test.param)); });

TEST(GatherErrorTest, ABadFillIsTheContestsErrorByName) {
  BentGatherOp op;
  op.fills = {{sdk::IndexFill{-1}, sdk::DefaultFill{}}};
  GatherRunner runner;
  DataPool pool;
  QuietObserver observer;
  HostSamplerOptions options;
  options.policy = Resolve({}, DeviceKind::kHost);
  options.memory_bytes = 1 << 22;
  const auto sampler =
      HostSampler::Create(op, GatherProblem(4, 3), {{&runner, {}}}, options, pool, observer);
  ASSERT_FALSE(sampler.ok());
  EXPECT_THAT(sampler.error().message,
              HasSubstr("input 'indices' of i32: its indices are below -1"));
}

}  // namespace
}  // namespace tactic::timing
