// Programs in C over the link part of the C interface, against a real daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/fixture.h"

namespace tactic::e2e {
namespace {

class CProgramTest : public EndToEnd {};

TEST_F(CProgramTest, ConnectsTunesAndChooses) {
  StartDaemon();
  CtlJson({"tune", "gemm", "--m", "1", "--n", "8", "--k", "8", "--budget", "50ms"});  // Lane ready.
  const Finished finished = Execute({Program("c_link_program"), target()});
  EXPECT_EQ(finished.exit.code, 0) << finished.err;
  EXPECT_EQ(finished.out, "ok\n");
}

TEST_F(CProgramTest, BringsItsOwnRunnerAndTunesItHere) {
  StartDaemon();
  CtlJson({"tune", "gemm", "--m", "1", "--n", "8", "--k", "8", "--budget", "50ms"});  // Lane ready.
  const Finished finished = Execute({Program("c_lease_program"), target()});
  EXPECT_EQ(finished.exit.code, 0) << finished.err;
  EXPECT_EQ(finished.out, "ok\n");
}

}  // namespace
}  // namespace tactic::e2e
