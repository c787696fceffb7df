// Programs that fork, exec, end and make clients by the thousand, against a real daemon. What they
// require is in lifetimes_main.cc; here they have to end, and well.
#include <gtest/gtest.h>

#include "tests/e2e/fixture.h"

namespace tactic::e2e {
namespace {

class LifetimesTest : public EndToEnd, public ::testing::WithParamInterface<std::string> {};

TEST_P(LifetimesTest, EndsWell) {
  StartDaemon();
  ASSERT_EQ(Ctl({"tune", "gemm", "--m", "1", "--n", "64", "--k", "64"}).exit.code, 0);
  ProcessOptions options;
  if (GetParam() == "fork_supported") {
    options.environment = {"GRPC_ENABLE_FORK_SUPPORT=1", "GRPC_POLL_STRATEGY=poll"};
  }
  const Finished finished =
      Execute({Program("lifetimes"), GetParam(), target()}, std::move(options));
  EXPECT_EQ(finished.exit.code, 0) << finished.out << finished.err << finished.exit.signal;
  EXPECT_EQ(finished.out, GetParam() == "exec" ? "ok\nok\n" : "ok\n");
}

INSTANTIATE_TEST_SUITE_P(All, LifetimesTest,
                         ::testing::Values("fork", "fork_supported", "fork_after", "exec", "static",
                                           "many", "many_alone"),
                         [](const auto& mode) { return mode.param; });

}  // namespace
}  // namespace tactic::e2e
