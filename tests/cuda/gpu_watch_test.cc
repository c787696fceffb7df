// The watch from the side over an NVML that misbehaves.
#include "runners/cuda/gpu_watch.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cuda/fault_libraries.h"

namespace tactic::cuda {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kBusId = "0000:19:00.0";

// A look is done when the next one begins; one more may be the last of the test before.
void AwaitALook() { testing::AwaitNvmlLooks(3); }

TEST(GpuWatchTest, NothingIsSeenOfAGpuThatIsOurs) {
  testing::SetNvmlFault("none");
  GpuWatch watch(kBusId);
  AwaitALook();
  EXPECT_THAT(watch.Take(), IsEmpty());
}

TEST(GpuWatchTest, AnotherProcessIsSeenOnceUntilItIsSeenAgain) {
  testing::SetNvmlFault("foreign");
  GpuWatch watch(kBusId);
  AwaitALook();
  EXPECT_THAT(watch.Take(), ElementsAre(HasSubstr("another process had a context")));
  testing::SetNvmlFault("none");
  testing::AwaitNvmlLooks(1);  // The last look that may have seen it is done.
  static_cast<void>(watch.Take());
  testing::AwaitNvmlLooks(3);
  EXPECT_THAT(watch.Take(), IsEmpty());
}

TEST(GpuWatchTest, MoreProcessesThanFitIntoTheListAreSeen) {
  testing::SetNvmlFault("many_foreign");
  GpuWatch watch(kBusId);
  AwaitALook();
  EXPECT_THAT(watch.Take(), ElementsAre(HasSubstr("another process had a context")));
}

TEST(GpuWatchTest, AnNvmlThatDoesNotStartIsLeftAlone) {
  testing::SetNvmlFault("refuses");
  EXPECT_THAT(GpuWatch(kBusId).Take(), IsEmpty());
}

// The threads hang until the process ends; nobody waits for them.
TEST(GpuWatchTest, AnNvmlThatHangsHarmsNobody) {
  for (const char* fault : {"hang_at_start", "hang"}) {
    testing::SetNvmlFault(fault);
    GpuWatch watch(kBusId);
    testing::AwaitNvmlLooks(1);
    EXPECT_THAT(watch.Take(), IsEmpty()) << fault;
  }
}

}  // namespace
}  // namespace tactic::cuda
