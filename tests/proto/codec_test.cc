#include "tactic/model/codec.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/samples.h"
#include "tests/support/status_matchers.h"

namespace tactic {
namespace {

using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::SampleCandidate;
using testing::SampleDecision;
using testing::SampleEnvironment;
using testing::SampleEvidence;
using testing::SampleKey;

std::string Bytes(std::initializer_list<int> values) {
  std::string bytes;
  for (const int value : values) bytes += static_cast<char>(value);
  return bytes;
}

TEST(CodecTest, KeysComeBackWhole) {
  EXPECT_THAT(DecodeKey(Encode(SampleKey())), IsOkAndHolds(SampleKey()));
  Key odd = SampleKey();
  odd.problem.inputs.push_back({DType::kAbsent, Layout::kRowMajor, {Dim::Static(0)}});
  odd.problem.inputs.push_back(
      {DType::kBool, Layout::kRowMajor, {Dim::Derived(7), Dim::Dynamic(0, 5, kUnbounded)}});
  odd.problem.inputs.push_back({DType::kF64, Layout::kRowMajor, {}});
  odd.problem.inputs.back().dims = {{.opt = 9, .min = 3, .max = 9, .derived = true}};
  odd.policy = {};
  odd.environment.components.clear();
  EXPECT_THAT(DecodeKey(Encode(odd)), IsOkAndHolds(odd));
}

TEST(CodecTest, ValuesAtTheirEndsComeBack) {
  for (const Value& value :
       {Value(std::numeric_limits<int64_t>::min()), Value(std::numeric_limits<int64_t>::max()),
        Value(int64_t{-1}), Value(int64_t{0}), Value(false), Value(true), Value(0.0),
        Value(std::numeric_limits<double>::denorm_min()), Value(std::numeric_limits<double>::max()),
        Value(-1.5), Value(std::string()), Value(std::string("\u20ac")),
        Value(std::string(256, 'x')), Value(ValueList()), Value(Parameters()),
        Value(ValueList{{0.5, Parameters{{"a", ValueList{{true}}}}}})}) {
    Candidate candidate = SampleCandidate();
    candidate.tactic.Set("v", value);
    EXPECT_THAT(DecodeCandidate(Encode(candidate)), IsOkAndHolds(candidate)) << ToText(value);
  }
}

TEST(CodecTest, EnvironmentsComeBackInTheirOrder) {
  Environment environment = SampleEnvironment();
  EXPECT_THAT(DecodeEnvironment(Encode(environment)), IsOkAndHolds(environment));
  std::swap(environment.components[0], environment.components[1]);
  EXPECT_THAT(DecodeEnvironment(Encode(environment)), IsOkAndHolds(environment));
}

TEST(CodecTest, RankingsComeBack) {
  const std::vector<Ranked> ranking = SampleDecision().ranking;
  EXPECT_THAT(DecodeRanking(Encode(ranking)), IsOkAndHolds(ranking));
  EXPECT_THAT(DecodeRanking(Encode(std::vector<Ranked>())), IsOkAndHolds(std::vector<Ranked>()));
}

TEST(CodecTest, SamplesComeBack) {
  constexpr uint32_t kMax = std::numeric_limits<uint32_t>::max();
  const std::vector<Sample> samples = {{0, 0, 1.5f},   {0, 1, 2.5f},     {0, 1, 0.0f},
                                       {1, 0, 3.0f},   {0, kMax, 1e30f}, {kMax, 0, 1e-30f},
                                       {kMax, 7, 4.0f}};
  EXPECT_THAT(DecodeSamples(Encode(samples)), IsOkAndHolds(samples));
  EXPECT_THAT(DecodeSamples(Encode(std::vector<Sample>())), IsOkAndHolds(std::vector<Sample>()));
  for (const Trial& trial : SampleEvidence().trials) {
    EXPECT_THAT(DecodeSamples(Encode(trial.samples)), IsOkAndHolds(trial.samples));
  }
}

TEST(CodecTest, SamplesOfARaceTakeFiveBytesEach) {
  std::vector<Sample> samples;
  for (uint32_t round = 0; round < 1000; ++round) samples.push_back({0, round, 1234.5f});
  EXPECT_EQ(Encode(samples).size(), 3 + 5 * samples.size());
}

// The layout itself, so that a change of it cannot pass unseen: docs/encoding.md.
TEST(CodecTest, LayoutIsPinned) {
  const Candidate candidate = {
      {"r", "u1"}, {{"b", true}, {"d", 1.0}, {"i", int64_t{-2}}, {"s", std::string("t")}}};
  EXPECT_EQ(Encode(candidate), Bytes({1,                                            // Version.
                                      1, 'r', 2, 'u', '1',                          // Runner.
                                      4,                                            // Parameters.
                                      1, 'b', 1, 1,                                 //
                                      1, 'd', 2, 0,   0,   0, 0, 0, 0, 0xf0, 0x3f,  //
                                      1, 'i', 0, 3,                                 //
                                      1, 's', 3, 1,   't'}));                       //
  EXPECT_EQ(Encode(std::vector<Sample>{{0, 2, 1.0f}, {3, 1, 2.0f}}),
            Bytes({1, 2, 8, 0, 0, 0x80, 0x3f, 1, 3, 0, 0, 0, 0x40}));
}

TEST(CodecTest, LayoutOfNestedValuesIsPinned) {
  const Candidate candidate = {
      {"r", "u1"}, {{"l", ValueList{{int64_t{1}, ValueList()}}}, {"p", Parameters{{"x", true}}}}};
  EXPECT_EQ(Encode(candidate), Bytes({1, 1,   'r', 2, 'u', '1', 2,        //
                                      1, 'l', 4,   2, 0,   2,   4, 0,     // Two items: 1, and [].
                                      1, 'p', 5,   1, 1,   'x', 1, 1}));  //
}

TEST(CodecTest, DepthAndNumberOfValuesAreBounded) {
  const auto nested = [](size_t levels) {
    Value value = true;
    for (size_t i = 0; i < levels; ++i) value = ValueList{{std::move(value)}};
    return Candidate{{"r", "1"}, {{"a", std::move(value)}}};
  };
  EXPECT_THAT(DecodeCandidate(Encode(nested(8))), IsOkAndHolds(nested(8)));
  EXPECT_THAT(DecodeCandidate(Encode(nested(9))),
              ErrorIs(ErrorCode::kDataLoss, HasSubstr("values are nested too deep")));
  EXPECT_THAT(DecodeCandidate(Encode(nested(1000))), ErrorIs(ErrorCode::kDataLoss));
  const auto with_items = [](size_t count) {
    return Candidate{{"r", "1"}, {{"a", ValueList{std::vector<Value>(count, true)}}}};
  };
  EXPECT_THAT(DecodeCandidate(Encode(with_items(511))), IsOkAndHolds(with_items(511)));
  EXPECT_THAT(DecodeCandidate(Encode(with_items(512))),
              ErrorIs(ErrorCode::kDataLoss, HasSubstr("too many items")));
}

TEST(CodecTest, MinusZeroIsZero) {
  Candidate minus = SampleCandidate();
  Candidate plus = SampleCandidate();
  minus.tactic.Set("v", -0.0);
  plus.tactic.Set("v", 0.0);
  EXPECT_EQ(Encode(minus), Encode(plus));
}

TEST(CodecTest, WhatIsDecodedIsCheckedAgainstTheLimits) {
  Key key = SampleKey();
  key.problem.op = "not a name";
  EXPECT_THAT(DecodeKey(Encode(key)),
              ErrorIs(ErrorCode::kDataLoss, HasSubstr("key: problem.op: \"not a name\"")));
  key = SampleKey();
  key.problem.inputs[0].dims[0].opt = limits::kDim + 1;
  EXPECT_THAT(DecodeKey(Encode(key)), ErrorIs(ErrorCode::kDataLoss, HasSubstr("dims[0].opt")));
  key = SampleKey();
  key.environment.device.label = "\x1b[2J";
  EXPECT_THAT(DecodeKey(Encode(key)), ErrorIs(ErrorCode::kDataLoss, HasSubstr("device.label")));
  std::vector<Ranked> ranking = SampleDecision().ranking;
  ranking[1].low_ns = -1;
  EXPECT_THAT(DecodeRanking(Encode(ranking)),
              ErrorIs(ErrorCode::kDataLoss, HasSubstr("negative time")));
  ranking[1].low_ns = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(DecodeRanking(Encode(ranking)),
              ErrorIs(ErrorCode::kDataLoss, HasSubstr("not a finite number")));
  EXPECT_THAT(DecodeSamples(Encode(std::vector<Sample>{{0, 0, -1.0f}})),
              ErrorIs(ErrorCode::kDataLoss, HasSubstr("negative time")));
}

TEST(CodecTest, ChecksumsAreXxh3) {
  // Known values of XXH3-64 and XXH3-128, seed 0.
  EXPECT_EQ(Checksum(""), 0x2d06800538d394c2u);
  EXPECT_EQ(ToHex(Hash128("")), "99aa06d3014798d86001c324468d497f");
  EXPECT_NE(Checksum("a"), Checksum("b"));
}

}  // namespace
}  // namespace tactic
