// What opening a GPU says on machines that cannot measure. The driver injects the faults, so no GPU
// is needed, and none is used where there is one.
#include "runners/cuda/device.h"

#include <cstdlib>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runners/cuda/nvml.h"
#include "runners/cuda/session.h"
#include "tests/cuda/fault_libraries.h"

namespace tactic::cuda {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class DeviceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    unsetenv("CUDA_VISIBLE_DEVICES");
    testing::SetNvmlFault("none");
  }

  static std::string Refusal(const char* fault, int index = 0) {
    testing::SetDriverFault(fault);
    const auto facts = OpenDevice(index);
    if (facts.ok()) return "it was opened";
    EXPECT_EQ(facts.error().code, ErrorCode::kFailedPrecondition);
    return facts.error().message;
  }
};

TEST_F(DeviceTest, NoDriver) {
  const auto driver = LoadDriver("libcuda.so.none");
  ASSERT_FALSE(driver.ok());
  EXPECT_EQ(driver.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(driver.error().message,
              AllOf(HasSubstr("no NVIDIA driver is installed"), HasSubstr("libcuda.so.none"),
                    HasSubstr("needs a driver for CUDA 13.0")));
}

TEST_F(DeviceTest, ALibraryThatIsNoDriver) {
  const auto driver = LoadDriver("libc.so.6");
  ASSERT_FALSE(driver.ok());
  EXPECT_THAT(driver.error().message, AllOf(HasSubstr("libc.so.6 lacks"), HasSubstr("cuInit"),
                                            HasSubstr("cuMemGetInfo_v2")));
}

TEST_F(DeviceTest, ADriverThatIsTooOld) {
  EXPECT_THAT(Refusal("old_driver"),
              AllOf(HasSubstr("speaks CUDA 12.4"), HasSubstr("needs a driver for CUDA 13.0")));
}

TEST_F(DeviceTest, ADriverThatDoesNotStart) {
  EXPECT_THAT(Refusal("mismatch"), AllOf(HasSubstr("803"), HasSubstr("restarted")));
  EXPECT_THAT(Refusal("stub"), AllOf(HasSubstr("34"), HasSubstr("LD_LIBRARY_PATH")));
  EXPECT_THAT(Refusal("no_fabric"), AllOf(HasSubstr("802"), HasSubstr("fabricmanager")));
}

TEST_F(DeviceTest, NoGpu) {
  EXPECT_THAT(Refusal("no_device"),
              AllOf(HasSubstr("no CUDA-capable device is detected"), HasSubstr("/dev/nvidia*")));
}

TEST_F(DeviceTest, AGpuThatTheEnvironmentHides) {
  setenv("CUDA_VISIBLE_DEVICES", "7", 1);
  EXPECT_THAT(Refusal("no_device"), HasSubstr("CUDA_VISIBLE_DEVICES is '7'"));
}

TEST_F(DeviceTest, NoSuchGpu) {
  EXPECT_THAT(Refusal("none", 3), AllOf(HasSubstr("no GPU 3"), HasSubstr("sees 1, counted from 0"),
                                        Not(HasSubstr("MIG"))));
  EXPECT_THAT(Refusal("none", -1), HasSubstr("no GPU -1"));
}

TEST_F(DeviceTest, AGpuInMigModeWithoutAnInstance) {
  testing::SetNvmlFault("mig");
  EXPECT_THAT(Refusal("no_device"),
              AllOf(HasSubstr("GPU 0 is in MIG mode"), HasSubstr("CUDA_VISIBLE_DEVICES")));
}

TEST_F(DeviceTest, AnInstanceOfAGpuIsADeviceOfItsOwn) {
  testing::SetDriverFault("instance");
  const auto driver = LoadDriver();
  ASSERT_TRUE(driver.ok()) << driver.error().message;
  const auto facts = AskDriver(*driver, 0);
  ASSERT_TRUE(facts.ok()) << facts.error().message;
  EXPECT_EQ(facts->device.partition, "1g.18gb");
  EXPECT_EQ(facts->device.label, "NVIDIA H200 MIG 1g.18gb");
  EXPECT_EQ(facts->device.arch, "sm_90");
  EXPECT_EQ(facts->device.units, 16u);
  EXPECT_EQ(facts->device.cache_bytes, uint64_t{8} << 20);
  EXPECT_EQ(facts->device.memory_bytes, uint64_t{17} << 30);
  EXPECT_EQ(facts->bus_id, "0000:19:00.0");
}

TEST_F(DeviceTest, AnArchitectureThatThisBuildHasNoCodeFor) {
  EXPECT_THAT(Refusal("old_gpu"),
              AllOf(HasSubstr("NVIDIA A100"), HasSubstr("compute capability 8.0"),
                    HasSubstr("9.0 and newer")));
}

TEST_F(DeviceTest, AGpuThatNobodyMayUse) {
  EXPECT_THAT(Refusal("prohibited"), AllOf(HasSubstr("'prohibited'"), HasSubstr("-c DEFAULT")));
}

TEST_F(DeviceTest, AGpuThatAnotherProcessHasForItself) {
  EXPECT_THAT(Refusal("exclusive"),
              AllOf(HasSubstr("CUDA_ERROR_DEVICE_UNAVAILABLE, 46"),
                    HasSubstr("'exclusive process'"), HasSubstr("-c DEFAULT")));
}

TEST_F(DeviceTest, AGpuThatAnotherProcessFills) {
  EXPECT_THAT(Refusal("no_memory_for_a_context"),
              AllOf(HasSubstr("gives no context"), HasSubstr("Another process")));
  EXPECT_THAT(Refusal("full"), AllOf(HasSubstr("has 300 MiB of 143360 MiB"),
                                     HasSubstr("needs 1024 MiB"), HasSubstr("Another process")));
}

// Where nothing is wrong the CUDA runtime goes on, and refuses a driver that cannot run anything.
TEST_F(DeviceTest, ADriverThatTheRuntimeCannotUse) {
  EXPECT_THAT(Refusal("none"), HasSubstr("the CUDA runtime cannot use GPU 0"));
  const auto session = OpenSession(0);
  ASSERT_FALSE(session.ok());
  EXPECT_THAT(session.error().message, HasSubstr("the CUDA runtime cannot use GPU 0"));
}

TEST_F(DeviceTest, AnNvmlThatHangsDelaysNoAnswerForEver) {
  testing::SetNvmlFault("hang_at_start");
  EXPECT_FALSE(IsInMigMode(0));
}

}  // namespace
}  // namespace tactic::cuda
