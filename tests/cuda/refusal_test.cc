// A daemon whose GPU cannot be measured on, as the driver would have it: it stays up, answers from
// what is decided, and says what is wrong. The worker finds fault-injecting libraries in place of
// NVIDIA's.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/e2e/fixture.h"

namespace tactic::e2e {
namespace {

using ::testing::HasSubstr;

struct Fault {
  std::string name;
  std::vector<std::string> environment;
  std::string message;
};

class GpuRefusalTest : public EndToEnd, public ::testing::WithParamInterface<Fault> {
 protected:
  void SetUp() override {
    StartDaemon();
    CtlJson({"tune", "gemm", "--m", "2", "--n", "64", "--k", "64"});
    EXPECT_EQ(HealthOf("lane/host"), kServing);
    ASSERT_EQ(TerminateDaemon().code, kDaemonOk);
  }

  void StartOnGpu(std::vector<std::string> environment) {
    environment.push_back("LD_LIBRARY_PATH=" TACTIC_FAULTS);
    SetEnvironment(std::move(environment));
    SetDevice("0");
    StartDaemon();
  }

  // HealthCheckResponse, as bytes.
  static constexpr std::string_view kServing = "\x08\x01";
  static constexpr std::string_view kNotServing = "\x08\x02";

  std::string HealthOf(const std::string& service) const {
    grpc::GenericStub stub(grpc::CreateChannel(target(), grpc::InsecureChannelCredentials()));
    const grpc::Slice slice("\x0a" + std::string(1, static_cast<char>(service.size())) + service);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    const auto call =
        stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", request, &queue);
    call->StartCall();
    grpc::ByteBuffer response;
    grpc::Status status;
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    grpc::Slice answer;
    if (!status.ok() || !response.DumpToSingleSlice(&answer).ok()) return status.error_message();
    return {reinterpret_cast<const char*>(answer.begin()), answer.size()};
  }
};

TEST_P(GpuRefusalTest, IsSaidWhileReadsGoOn) {
  StartOnGpu(GetParam().environment);
  EXPECT_EQ(CtlJson({"list"}).size(), 1u);
  const Json lane = CtlJson({"info"})["lanes"][0];
  EXPECT_EQ(lane["name"], "cuda:0");
  EXPECT_EQ(lane["state"], "quarantined");
  EXPECT_THAT(lane["message"].get<std::string>(), HasSubstr(GetParam().message));
  EXPECT_THAT(Ctl({"info"}).out, HasSubstr(GetParam().message));
  EXPECT_EQ(HealthOf(""), kServing);
  EXPECT_EQ(HealthOf("lane/cuda:0"), kNotServing);
  const Finished tune = Ctl({"tune", "gemm", "--m", "1", "--n", "8", "--k", "8"});
  EXPECT_EQ(tune.exit.code, 1);
  EXPECT_THAT(tune.err, HasSubstr(GetParam().message));
  EXPECT_EQ(TerminateDaemon().code, kDaemonOk);
}

INSTANTIATE_TEST_SUITE_P(
    Machine, GpuRefusalTest,
    ::testing::Values(
        Fault{"AnOldDriver", {"FAULT_DRIVER=old_driver"}, "the NVIDIA driver speaks CUDA 12.4"},
        Fault{"ADriverHalfUpdated", {"FAULT_DRIVER=mismatch"}, "must be reloaded"},
        Fault{"NoGpu", {"FAULT_DRIVER=no_device"}, "the NVIDIA driver sees no GPU"},
        Fault{"MigWithoutAnInstance",
              {"FAULT_DRIVER=no_device", "FAULT_NVML=mig"},
              "GPU 0 is in MIG mode"},
        Fault{"AnNvmlThatHangs",
              {"FAULT_DRIVER=no_device", "FAULT_NVML=hang_at_start"},
              "the NVIDIA driver sees no GPU"},
        Fault{"AnOldGpu", {"FAULT_DRIVER=old_gpu"}, "has compute capability 8.0"},
        Fault{"InUseByOneOnly", {"FAULT_DRIVER=exclusive"}, "'exclusive process'"},
        Fault{"FilledByAnother", {"FAULT_DRIVER=full"}, "measuring needs 1024 MiB"},
        Fault{
            "ADriverThatRunsNothing", {"FAULT_DRIVER=none"}, "the CUDA runtime cannot use GPU 0"}),
    [](const auto& parameter) { return parameter.param.name; });

}  // namespace
}  // namespace tactic::e2e
