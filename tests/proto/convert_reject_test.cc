// What conversion refuses, and that each message says which field, which value, which bound.
#include <cmath>
#include <functional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/convert/convert.h"
#include "tests/support/samples.h"
#include "tests/support/status_matchers.h"

namespace tactic::convert {
namespace {

using ::testing::AllOf;
using testing::ErrorIs;
using testing::GemmProblem;
using testing::GemmSchema;
using ::testing::HasSubstr;
using testing::SampleCandidate;
using testing::SampleDecision;
using testing::SampleEvidence;
using testing::SampleKey;

constexpr ErrorCode kInvalid = ErrorCode::kInvalidArgument;

// The result of `value` as a message with `change` made to it.
template <typename Message, typename T>
Result<T> Changed(const T& value, const std::function<void(Message&)>& change) {
  Message message;
  ToProto(value, &message);
  change(message);
  return FromProto("f.", message);
}

Result<Problem> ChangedProblem(const std::function<void(v1::Problem&)>& change) {
  return Changed<v1::Problem>(GemmProblem(), change);
}
Result<Key> ChangedKey(const std::function<void(v1::Key&)>& change) {
  return Changed<v1::Key>(SampleKey(), change);
}
Result<Decision> ChangedDecision(const std::function<void(v1::Decision&)>& change) {
  return Changed<v1::Decision>(SampleDecision(), change);
}
Result<Trial> ChangedTrial(const std::function<void(v1::Trial&)>& change) {
  return Changed<v1::Trial>(SampleEvidence().trials[0], change);
}
Result<OpSchema> ChangedSchema(const std::function<void(v1::OpSchema&)>& change) {
  return Changed<v1::OpSchema>(GemmSchema(), change);
}

TEST(ConvertRejectTest, UnknownEnumerators) {
  EXPECT_THAT(ChangedProblem([](v1::Problem& m) {
                m.mutable_inputs(1)->set_dtype(static_cast<v1::DType>(14));
              }),
              ErrorIs(kInvalid, "f.inputs[1].dtype is 14; must be 0 to 13"));
  EXPECT_THAT(ChangedProblem([](v1::Problem& m) {
                m.mutable_inputs(0)->set_layout(static_cast<v1::Layout>(-1));
              }),
              ErrorIs(kInvalid, "f.inputs[0].layout is -1; must be 0 to 1"));
  EXPECT_THAT(
      ChangedKey([](v1::Key& m) { m.mutable_policy()->set_cache(static_cast<v1::CacheState>(4)); }),
      ErrorIs(kInvalid, "f.policy.cache is 4; must be 0 to 3"));
  EXPECT_THAT(ChangedKey([](v1::Key& m) {
                m.mutable_policy()->set_launch(static_cast<v1::LaunchMode>(256));
              }),
              ErrorIs(kInvalid, "f.policy.launch is 256; must be 0 to 2"));
  EXPECT_THAT(ChangedKey([](v1::Key& m) {
                m.mutable_policy()->set_validation(static_cast<v1::Validation>(3));
              }),
              ErrorIs(kInvalid, "f.policy.validation is 3; must be 0 to 2"));
  EXPECT_THAT(
      ChangedSchema([](v1::OpSchema& m) { m.mutable_inputs(0)->set_dtypes(1, v1::DType(99)); }),
      ErrorIs(kInvalid, "f.inputs[0].dtypes[1] is 99; must be 0 to 13"));
  EXPECT_THAT(
      ChangedSchema([](v1::OpSchema& m) { m.mutable_inputs(1)->set_layouts(0, v1::Layout(2)); }),
      ErrorIs(kInvalid, "f.inputs[1].layouts[0] is 2; must be 0 to 1"));
}

TEST(ConvertRejectTest, UnspecifiedWhereSomethingMustBeSaid) {
  EXPECT_THAT(
      ChangedKey([](v1::Key& m) { m.mutable_environment()->mutable_device()->clear_kind(); }),
      ErrorIs(kInvalid, "f.environment.device.kind is 0; must be 1 to 2"));
  EXPECT_THAT(ChangedTrial([](v1::Trial& m) { m.clear_outcome(); }),
              ErrorIs(kInvalid, "f.outcome is 0; must be 1 to 10"));
  EXPECT_THAT(ChangedDecision([](v1::Decision& m) { m.clear_reason(); }),
              ErrorIs(kInvalid, "f.reason is 0; must be 1 to 6"));
  EXPECT_THAT(FromProto("o", static_cast<v1::Outcome>(11)),
              ErrorIs(kInvalid, HasSubstr("o is 11")));
  EXPECT_THAT(FromProto("r", static_cast<v1::Reason>(7)), ErrorIs(kInvalid, HasSubstr("r is 7")));
}

TEST(ConvertRejectTest, EmptyMessages) {
  EXPECT_THAT(FromProto("f.", v1::Problem()), ErrorIs(kInvalid, HasSubstr("f.op: \"\"")));
  EXPECT_THAT(FromProto("f.", v1::Key()), ErrorIs(kInvalid, HasSubstr("f.problem.op")));
  EXPECT_THAT(FromProto("f.", v1::Environment()), ErrorIs(kInvalid, HasSubstr("f.device.kind")));
  EXPECT_THAT(FromProto("f.", v1::DeviceClass()), ErrorIs(kInvalid, HasSubstr("f.kind")));
  EXPECT_THAT(FromProto("f.", v1::Candidate()), ErrorIs(kInvalid, HasSubstr("f.runner.name")));
  EXPECT_THAT(FromProto("f.", v1::RunnerId()), ErrorIs(kInvalid, HasSubstr("f.name")));
  EXPECT_THAT(FromProto("f.", v1::Trial()), ErrorIs(kInvalid, HasSubstr("f.candidate.runner")));
  EXPECT_THAT(FromProto("f.", v1::Decision()), ErrorIs(kInvalid, HasSubstr("f.key.problem.op")));
  EXPECT_THAT(FromProto("f.", v1::OpSchema()), ErrorIs(kInvalid, HasSubstr("f.op")));
  EXPECT_THAT(FromProto("f.", v1::Component()), ErrorIs(kInvalid, HasSubstr("f.name")));
}

TEST(ConvertRejectTest, ValuesThatAreNotSet) {
  EXPECT_THAT(ChangedProblem([](v1::Problem& m) { m.mutable_attributes(1)->clear_value(); }),
              ErrorIs(kInvalid,
                      "f.attributes[1].value: not set; must be an int, bool, double, "
                      "string, list or parameters"));
  EXPECT_THAT(
      ChangedSchema([](v1::OpSchema& m) { m.mutable_attributes(0)->clear_default_value(); }),
      ErrorIs(kInvalid, HasSubstr("f.attributes[0].default_value: not set")));
}

TEST(ConvertRejectTest, NestedValuesAreCheckedLikeOthers) {
  const auto with_tile = [](const std::function<void(v1::Value&)>& change) {
    return Changed<v1::Candidate>(SampleCandidate(1), [&](v1::Candidate& m) {
      change(*m.mutable_tactic(m.tactic_size() - 1)->mutable_value());
    });
  };
  EXPECT_THAT(with_tile([](v1::Value& m) { m.mutable_list_value()->add_values(); }),
              ErrorIs(kInvalid, HasSubstr("f.tactic[4].value[3]: not set")));
  EXPECT_THAT(with_tile([](v1::Value& m) {
                v1::ParameterSet& set =
                    *m.mutable_list_value()->mutable_values(1)->mutable_parameters_value();
                *set.add_parameters() = set.parameters(0);
              }),
              ErrorIs(kInvalid, "f.tactic[4].value[1]: \"stages\" is there twice; each name once"));
  EXPECT_THAT(with_tile([](v1::Value& m) {
                m.mutable_list_value()->mutable_values(0)->set_string_value("a\n");
              }),
              ErrorIs(kInvalid, HasSubstr("f.tactic[tile][0]: \"a\\x0a\"")));
  EXPECT_THAT(with_tile([](v1::Value& m) {
                v1::Value* inner = &m;
                for (int i = 0; i < 90; ++i) inner = inner->mutable_list_value()->add_values();
                inner->set_bool_value(true);
              }),
              ErrorIs(kInvalid, HasSubstr("is nested 9 deep; must be at most 8")));
}

TEST(ConvertRejectTest, NamesThatAreThereTwice) {
  EXPECT_THAT(ChangedProblem([](v1::Problem& m) { *m.add_attributes() = m.attributes(0); }),
              ErrorIs(kInvalid, "f.attributes: \"alpha\" is there twice; each name once"));
  EXPECT_THAT(Changed<v1::Candidate>(SampleCandidate(1),
                                     [](v1::Candidate& m) { *m.add_tactic() = m.tactic(2); }),
              ErrorIs(kInvalid, "f.tactic: \"pack\" is there twice; each name once"));
  EXPECT_THAT(
      ChangedKey([](v1::Key& m) {
        *m.mutable_environment()->add_components() = m.environment().components(0);
      }),
      ErrorIs(kInvalid, HasSubstr("f.environment.components: \"openblas\" is there twice")));
}

TEST(ConvertRejectTest, NumbersThatAreNoTimes) {
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL, -1.0}) {
    EXPECT_THAT(ChangedTrial([bad](v1::Trial& m) { m.set_median_ns(bad); }),
                ErrorIs(kInvalid, AllOf(HasSubstr("f.median_ns: "), HasSubstr("at least 0"))));
    EXPECT_THAT(ChangedTrial([bad](v1::Trial& m) {
                  m.mutable_samples()->set_nanoseconds(2, static_cast<float>(bad));
                }),
                ErrorIs(kInvalid, HasSubstr("f.samples.nanoseconds[2]")));
    EXPECT_THAT(ChangedDecision([bad](v1::Decision& m) { m.set_default_ns(bad); }),
                ErrorIs(kInvalid, HasSubstr("f.default_ns")));
    EXPECT_THAT(ChangedDecision([bad](v1::Decision& m) { m.mutable_ranking(1)->set_high_ns(bad); }),
                ErrorIs(kInvalid, HasSubstr("f.ranking[1].high_ns")));
  }
  EXPECT_THAT(ChangedProblem([](v1::Problem& m) {
                m.mutable_attributes(0)->mutable_value()->set_double_value(std::nan(""));
              }),
              ErrorIs(kInvalid, "f.attributes[alpha]: nan is not a finite number"));
}

TEST(ConvertRejectTest, ListsThatAreNotParallel) {
  EXPECT_THAT(ChangedTrial([](v1::Trial& m) { m.mutable_samples()->add_epoch(1); }),
              ErrorIs(kInvalid,
                      "f.samples: 6 epochs, 5 rounds and 5 nanoseconds; must be as many "
                      "of each"));
  EXPECT_THAT(ChangedTrial([](v1::Trial& m) { m.mutable_samples()->clear_round(); }),
              ErrorIs(kInvalid, HasSubstr("0 rounds")));
}

TEST(ConvertRejectTest, Counts) {
  EXPECT_THAT(ChangedProblem([](v1::Problem& m) {
                for (int i = 0; i < 63; ++i) *m.add_attributes() = m.attributes(0);
              }),
              ErrorIs(kInvalid, "f.attributes: count is 65; must be 0 to 64"));
  EXPECT_THAT(ChangedProblem([](v1::Problem& m) {
                for (int i = 0; i < 31; ++i) m.add_inputs();
              }),
              ErrorIs(kInvalid, "f.inputs: count is 33; must be 0 to 32"));
  EXPECT_THAT(ChangedProblem([](v1::Problem& m) {
                for (int i = 0; i < 7; ++i) m.mutable_inputs(0)->add_dims();
              }),
              ErrorIs(kInvalid, "f.inputs[0].dims: count is 9; must be 0 to 8"));
  EXPECT_THAT(ChangedDecision([](v1::Decision& m) { m.clear_ranking(); }),
              ErrorIs(kInvalid, "f.ranking: count is 0; must be 1 to 4096"));
  EXPECT_THAT(ChangedKey([](v1::Key& m) {
                for (int i = 0; i < 255; ++i) m.mutable_environment()->add_components();
              }),
              ErrorIs(kInvalid, "f.environment.components: count is 257; must be 0 to 256"));
}

TEST(ConvertRejectTest, SizesAndProducts) {
  const auto with_m = [](int64_t opt, int64_t min, int64_t max) {
    return ChangedProblem([=](v1::Problem& m) {
      v1::Dim* dim = m.mutable_inputs(0)->mutable_dims(0);
      dim->set_opt(opt);
      dim->set_min(min);
      dim->set_max(max);
    });
  };
  EXPECT_THAT(with_m(-1, 0, 0), ErrorIs(kInvalid, HasSubstr("f.inputs[0].dims[0].opt is -1")));
  EXPECT_THAT(with_m(INT64_MIN, 0, 0),
              ErrorIs(kInvalid, HasSubstr(".opt is -9223372036854775808")));
  EXPECT_THAT(with_m(4, 5, 6), ErrorIs(kInvalid, HasSubstr(".min is 5; must be 0 to 4")));
  EXPECT_THAT(with_m(4, 1, 3), ErrorIs(kInvalid, HasSubstr(".max is 3; must be 4 to")));
  EXPECT_THAT(with_m(4, 1, 0), ErrorIs(kInvalid, HasSubstr(".max is 0")));
  EXPECT_THAT(with_m(limits::kDim, 0, 0),
              ErrorIs(kInvalid, HasSubstr("f.inputs[0]: [1099511627776,2048] of f32 is over")));
}

TEST(ConvertRejectTest, TextThatMustNotReachATerminal) {
  EXPECT_THAT(ChangedTrial([](v1::Trial& m) { m.set_detail("a\x1b[2J"); }),
              ErrorIs(kInvalid, HasSubstr("f.detail: \"a\\x1b[2J\"")));
  EXPECT_THAT(ChangedTrial([](v1::Trial& m) { m.set_detail(std::string(4097, 'x')); }),
              ErrorIs(kInvalid, HasSubstr("(4097 bytes); must be 0 to 4096 bytes")));
  EXPECT_THAT(ChangedProblem([](v1::Problem& m) {
                m.mutable_attributes(1)->mutable_value()->set_string_value("a\n");
              }),
              ErrorIs(kInvalid, HasSubstr("f.attributes[epilogue]")));
  EXPECT_THAT(ChangedProblem([](v1::Problem& m) { m.set_op("gemm\n"); }),
              ErrorIs(kInvalid, HasSubstr("f.op: \"gemm\\x0a\" (5 bytes)")));
  EXPECT_THAT(
      ChangedKey([](v1::Key& m) { m.mutable_environment()->mutable_device()->set_label("a\tb"); }),
      ErrorIs(kInvalid, HasSubstr("f.environment.device.label")));
  EXPECT_THAT(ChangedDecision([](v1::Decision& m) {
                m.mutable_ranking(0)->mutable_candidate()->mutable_runner()->set_unique_id("\n");
              }),
              ErrorIs(kInvalid, HasSubstr("f.ranking[0].candidate.runner.unique_id")));
}

TEST(ConvertRejectTest, AFingerprintOfAnotherKey) {
  EXPECT_THAT(ChangedDecision([](v1::Decision& m) { m.mutable_fingerprint()->back() ^= 1; }),
              ErrorIs(kInvalid, HasSubstr("f.fingerprint")));
  EXPECT_THAT(ChangedDecision([](v1::Decision& m) { m.clear_fingerprint(); }), testing::IsOk());
}

TEST(ConvertRejectTest, Budgets) {
  EXPECT_THAT(ChangedKey([](v1::Key& m) { m.mutable_policy()->set_budget_ms(3'600'001); }),
              ErrorIs(kInvalid, "f.policy.budget_ms is 3600001; must be 0 to 3600000"));
}

}  // namespace
}  // namespace tactic::convert
