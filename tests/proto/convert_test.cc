#include "proto/convert/convert.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/ban_samples.h"
#include "tests/support/samples.h"
#include "tests/support/status_matchers.h"

namespace tactic::convert {
namespace {

using testing::BanOf;
using testing::GemmProblem;
using testing::GemmSchema;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::SampleCandidate;
using testing::SampleDecision;
using testing::SampleEnvironment;
using testing::SampleEvidence;
using testing::SampleKey;

// There and back, over the bytes of the wire.
template <typename Message, typename T>
Result<T> RoundTrip(const T& value) {
  Message message;
  ToProto(value, &message);
  Message received;
  EXPECT_TRUE(received.ParseFromString(message.SerializeAsString()));
  return FromProto("field.", received);
}

TEST(ConvertTest, RoundTrips) {
  EXPECT_THAT(RoundTrip<v1::Problem>(GemmProblem()), IsOkAndHolds(GemmProblem()));
  const Key key = SampleKey(3);
  EXPECT_THAT(RoundTrip<v1::Key>(key), IsOkAndHolds(key));
  EXPECT_THAT(RoundTrip<v1::MeasurementPolicy>(key.policy), IsOkAndHolds(key.policy));
  EXPECT_THAT(RoundTrip<v1::Environment>(key.environment), IsOkAndHolds(key.environment));
  EXPECT_THAT(RoundTrip<v1::DeviceClass>(key.environment.device),
              IsOkAndHolds(key.environment.device));
  EXPECT_THAT(RoundTrip<v1::Candidate>(SampleCandidate(2)), IsOkAndHolds(SampleCandidate(2)));
  EXPECT_THAT(RoundTrip<v1::RunnerId>(SampleCandidate().runner),
              IsOkAndHolds(SampleCandidate().runner));
  EXPECT_THAT(RoundTrip<v1::OpSchema>(GemmSchema()), IsOkAndHolds(GemmSchema()));
  EXPECT_THAT(RoundTrip<v1::Component>(key.environment.components[0]),
              IsOkAndHolds(key.environment.components[0]));
}

TEST(ConvertTest, DecisionsAndEveryOutcomeComeBack) {
  Decision decision = SampleDecision();
  decision.id = 17;
  decision.revision = 23;
  for (int reason = 1; reason <= 6; ++reason) {
    decision.reason = static_cast<Reason>(reason);
    EXPECT_THAT(RoundTrip<v1::Decision>(decision), IsOkAndHolds(decision));
  }
  for (const Trial& trial : SampleEvidence().trials) {
    EXPECT_THAT(RoundTrip<v1::Trial>(trial), IsOkAndHolds(trial));
  }
}

TEST(ConvertTest, BansComeBackWhateverTheyCover) {
  for (const Ban& ban :
       {BanOf(SampleCandidate(2)), BanOf(SampleCandidate(0), "gemm"),
        BanOf(SampleCandidate(0).runner), BanOf(SampleCandidate(-1).runner, "x")}) {
    EXPECT_THAT(RoundTrip<v1::Ban>(ban), IsOkAndHolds(ban));
    v1::Ban message;
    ToProto(ban, &message);
    message.set_reason("");
    EXPECT_FALSE(FromProto("", message).ok());
    EXPECT_TRUE(SameBan(BannedFromProto("", message).value(), ban));
    EXPECT_EQ(BannedFromProto("", message)->client, "") << "only what is banned";
  }
}

TEST(ConvertTest, EveryKindOfDimensionComesBack) {
  const Dim dims[] = {Dim::Static(0),        Dim::Static(5),
                      Dim::Dynamic(0, 0, 7), Dim::Dynamic(0, 5, 5),
                      Dim::Dynamic(5, 5, 9), Dim::Dynamic(1, 5, kUnbounded),
                      Dim::Derived(5),       {.opt = 5, .min = 1, .max = 9, .derived = true}};
  for (const Dim& dim : dims) {
    const Problem problem = {"op", {}, {{DType::kI8, Layout::kRowMajor, {dim}}}};
    EXPECT_THAT(RoundTrip<v1::Problem>(problem), IsOkAndHolds(problem))
        << dim.min << ".." << dim.max;
  }
}

TEST(ConvertTest, EveryTypeOfValueComesBack) {
  const Candidate candidate = {{"r", ""},
                               {{"b", false}, {"d", 0.0}, {"i", int64_t{0}}, {"s", std::string()}}};
  EXPECT_THAT(RoundTrip<v1::Candidate>(candidate), IsOkAndHolds(candidate));
}

TEST(ConvertTest, AStaticDimensionNeedsOnlyItsSize) {
  v1::Problem message;
  message.set_op("op");
  message.add_inputs()->set_dtype(v1::D_TYPE_F32);
  message.mutable_inputs(0)->add_dims()->set_opt(64);
  const Problem expected = {"op", {}, {{DType::kF32, Layout::kRowMajor, {Dim::Static(64)}}}};
  EXPECT_THAT(FromProto("", message), IsOkAndHolds(expected));
}

TEST(ConvertTest, DecisionsCarryTheirFingerprint) {
  v1::Decision message;
  ToProto(SampleDecision(), &message);
  EXPECT_EQ(message.fingerprint(), ToHex(FingerprintOf(SampleKey())));
}

TEST(ConvertTest, KeysFromTheWireAreCanonical) {
  v1::Key message;
  ToProto(SampleKey(), &message);
  message.clear_policy();
  message.mutable_environment()->mutable_components()->SwapElements(0, 1);
  message.mutable_problem()->mutable_attributes()->SwapElements(0, 1);
  Key expected = SampleKey();
  expected.policy = Resolve({}, DeviceKind::kHost);
  EXPECT_THAT(FromProto("", message), IsOkAndHolds(expected));
}

TEST(ConvertTest, AMessageIsOverwritten) {
  v1::Problem message;
  ToProto(GemmProblem(), &message);
  ToProto(GemmProblem(32), &message);
  EXPECT_THAT(FromProto("", message), IsOkAndHolds(GemmProblem(32)));
}

TEST(ConvertTest, ADetailOfAnyBytesCanBeSent) {
  Trial trial = SampleEvidence().trials.back();
  trial.detail = "what():\n\xff" + std::string(5000, 'x');
  const Result<Trial> received = RoundTrip<v1::Trial>(trial);
  ASSERT_THAT(received, IsOk());
  EXPECT_EQ(received->detail.size(), limits::kDetailBytes);
  EXPECT_EQ(received->detail.substr(0, 10), "what():  x");
}

}  // namespace
}  // namespace tactic::convert
