#include "server/lane/ready.h"

#include <cmath>
#include <functional>
#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/convert/convert.h"
#include "tests/support/samples.h"
#include "tests/support/status_matchers.h"

namespace tactic {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

v1::Ready ReadyMessage() {
  v1::Ready message;
  message.set_protocol(kWorkerProtocol);
  const Environment environment = testing::SampleEnvironment();
  convert::ToProto(environment.device, message.mutable_device());
  message.set_driver("550.1");
  v1::OpInfo* op = message.add_ops();
  convert::ToProto(testing::GemmSchema(), op->mutable_schema());
  convert::ToProto(testing::SampleCandidate().runner, op->add_runners());
  for (const Component& component : environment.components) {
    convert::ToProto(component, op->add_components());
  }
  return message;
}

TEST(ParseReadyTest, ReadsAllOfIt) {
  const absl::StatusOr<WorkerFacts> facts = ParseReady(ReadyMessage());
  ASSERT_THAT(facts, IsOk());
  EXPECT_EQ(facts->device, testing::SampleEnvironment().device);
  EXPECT_EQ(facts->driver, "550.1");
  ASSERT_EQ(facts->ops.size(), 1u);
  EXPECT_EQ(facts->ops[0].schema, testing::GemmSchema());
  EXPECT_EQ(facts->ops[0].runners[0], testing::SampleCandidate().runner);
  EXPECT_EQ(facts->ops[0].components, testing::SampleEnvironment().components);
}

TEST(ParseReadyTest, ReadsTheSelfCheckOfWhoHasOne) {
  v1::Ready message = ReadyMessage();
  EXPECT_EQ(ParseReady(message)->self_check, std::nullopt);
  const SelfCheck check{3000, 500, 0.02, 4000, 6000, true};
  convert::ToProto(check, message.mutable_self_check());
  EXPECT_EQ(ParseReady(message)->self_check, check);
}

TEST(ParseReadyTest, RefusesAnotherProtocol) {
  v1::Ready message = ReadyMessage();
  message.set_protocol(2);
  EXPECT_THAT(ParseReady(message), StatusIs(absl::StatusCode::kFailedPrecondition,
                                            HasSubstr("protocol 2, this daemon 1")));
}

TEST(ParseReadyTest, RefusesWhatCannotBeRight) {
  const auto refused = [](const std::function<void(v1::Ready&)>& change, const char* field) {
    v1::Ready message = ReadyMessage();
    change(message);
    EXPECT_THAT(ParseReady(message),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(field)));
  };
  refused([](auto& m) { m.mutable_device()->set_kind(v1::DEVICE_KIND_UNSPECIFIED); }, "device.");
  refused([](auto& m) { m.set_driver("\x1b[2J"); }, "driver");
  refused([](auto& m) { m.set_runtime(std::string(1000, 'x')); }, "runtime");
  refused([](auto& m) { m.mutable_self_check()->set_warm_ns(-1); }, "self_check.warm_ns is -1");
  refused([](auto& m) { m.mutable_self_check()->set_repeat_error(NAN); },
          "self_check.repeat_error");
  refused([](auto& m) { m.clear_ops(); }, "ops: count 0");
  refused([](auto& m) { m.mutable_ops(0)->mutable_schema()->set_op("no name"); }, "ops[0].schema");
  refused([](auto& m) { m.mutable_ops(0)->clear_runners(); }, "ops[0].runners: count 0");
  refused([](auto& m) { m.mutable_ops(0)->mutable_runners(0)->set_name(""); }, "ops[0].runners");
}

TEST(DifferenceTest, NamesWhatDiffers) {
  const WorkerFacts before = *ParseReady(ReadyMessage());
  EXPECT_EQ(Difference(before, before), "");
  const auto differs = [&](const std::function<void(WorkerFacts&)>& change, const char* text) {
    WorkerFacts now = before;
    change(now);
    EXPECT_THAT(Difference(before, now), HasSubstr(text));
  };
  differs([](auto& f) { f.device.units = 3; }, "device is now");
  differs([](auto& f) { f.driver = "560"; }, "driver is now '560', was '550.1'");
  differs([](auto& f) { f.runtime = "12"; }, "runtime");
  differs([](auto& f) { f.ops.clear(); }, "0 ops now, were 1");
  differs([](auto& f) { f.ops[0].schema.op = "other"; }, "op 0 is now 'other'");
  differs([](auto& f) { f.ops[0].schema.inputs.clear(); }, "gemm accepts");
  differs([](auto& f) { f.ops[0].runners[0].unique_id = "9"; }, "runners of gemm");
  differs([](auto& f) { f.ops[0].components.clear(); }, "components of gemm");
}

TEST(DifferenceTest, LabelsAreForPeople) {
  const WorkerFacts before = *ParseReady(ReadyMessage());
  WorkerFacts now = before;
  now.device.label = "another name";
  now.device.memory_bytes += 1;
  EXPECT_EQ(Difference(before, now), "");
}

}  // namespace
}  // namespace tactic
