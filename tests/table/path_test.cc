#include "proto/table/path.h"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace tactic::table {
namespace {

TEST(TablePath, IsBesideTheSocket) {
  EXPECT_EQ(PathBeside("/run/tacticd/tacticd.sock"), "/run/tacticd/tacticd.table");
  EXPECT_EQ(PathBeside("/tmp/x"), "/tmp/x.table");
}

TEST(TablePath, TheDefaultIsTheDaemonsUnlessTheEnvironmentSaysAnother) {
  unsetenv("TACTICD_TABLE");
  setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
  EXPECT_EQ(DefaultPath(), "/run/user/7/tacticd/tacticd.table");
  setenv("TACTICD_TABLE", "/srv/node.table", 1);
  EXPECT_EQ(DefaultPath(), "/srv/node.table");
  setenv("TACTICD_TABLE", "", 1);
  EXPECT_EQ(DefaultPath(), "/run/user/7/tacticd/tacticd.table");
}

}  // namespace
}  // namespace tactic::table
