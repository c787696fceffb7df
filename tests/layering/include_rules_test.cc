#include "tests/layering/include_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tactic::layering {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Layering, TheTreeKeepsTheRules) {
  int files = 0;
  const std::vector<Violation> found = CheckTree(TACTIC_SOURCE_DIR, &files);
  for (const Violation& v : found) {
    ADD_FAILURE() << v.file << ":" << v.line << ": includes " << v.include << ": " << v.why;
  }
  EXPECT_GT(files, 50) << "the tree was not found";
}

TEST(Layering, CoreMayNotUseProtobufGrpcOrSqlite) {
  EXPECT_THAT(CheckText("server/core/a.cc", "#include \"tactic/v1/types.pb.h\"\n"), SizeIs(1));
  EXPECT_THAT(CheckText("server/core/a.cc", "#include <grpcpp/grpcpp.h>\n"), SizeIs(1));
  EXPECT_THAT(CheckText("server/core/a.cc", "#include <sqlite3.h>\n"), SizeIs(1));
  EXPECT_THAT(CheckText("server/core/a.cc", "#include \"absl/status/status.h\"\n"), IsEmpty());
}

TEST(Layering, ServerClientAndRunnersMeetOnlyInProto) {
  EXPECT_THAT(CheckText("client/link/a.cc", "#include \"server/core/job.h\"\n"), SizeIs(1));
  EXPECT_THAT(CheckText("server/rpc/a.cc", "#include \"tactic/client.h\"\n"), SizeIs(1));
  EXPECT_THAT(CheckText("server/lane/a.cc", "#include \"runners/timing/race.h\"\n"), SizeIs(1));
  EXPECT_THAT(CheckText("server/lane/a.cc", "#include \"proto/wire/frame.h\"\n"), IsEmpty());
}

TEST(Layering, OnlyTheLeaseModeOfTheClientMayUseTheTimingCore) {
  const std::string timing = "#include \"runners/timing/race.h\"\n";
  EXPECT_THAT(CheckText("client/lease/a.cc", timing), IsEmpty());
  EXPECT_THAT(CheckText("client/link/a.cc", timing), SizeIs(1));
  EXPECT_THAT(CheckText("client/lease/a.cc", "#include \"runners/worker/worker.h\"\n"), SizeIs(1));
  EXPECT_THAT(CheckText("client/link/a.cc", "#include \"tactic/lease.h\"\n"), SizeIs(1));
}

TEST(Layering, TheCacheUsesTheStandardLibraryAndTheModelOnly) {
  EXPECT_THAT(CheckText("client/cache/a.cc", "#include \"absl/strings/str_cat.h\"\n"), SizeIs(1));
  EXPECT_THAT(CheckText("client/cache/a.cc", "#include <grpcpp/grpcpp.h>\n"), SizeIs(1));
  EXPECT_THAT(
      CheckText("client/cache/a.cc", "#include <atomic>\n#include \"tactic/model/key.h\"\n"),
      IsEmpty());
}

TEST(Layering, CudaOnlyUnderRunners) {
  EXPECT_THAT(CheckText("server/main.cc", "#include <cuda_runtime.h>\n"), SizeIs(1));
  EXPECT_THAT(CheckText("client/cli/a.cc", "#include <cuda.h>\n"), SizeIs(1));
  EXPECT_THAT(CheckText("runners/timing/a.cc", "#include <cuda_runtime.h>\n"), SizeIs(1));
  EXPECT_THAT(CheckText("runners/cuda/a.cu", "#include <cuda_runtime.h>\n"), IsEmpty());
  EXPECT_THAT(CheckText("runners/worker/a.cc", "#include \"runners/cuda/session.h\"\n"), SizeIs(1));
}

TEST(Layering, NothingUsesTestsAndNewFoldersNeedARule) {
  EXPECT_THAT(CheckText("server/core/a.cc", "#include \"tests/support/temp_dir.h\"\n"), SizeIs(1));
  EXPECT_THAT(CheckText("runners/unheard_of/a.cc", ""), SizeIs(1));
}

}  // namespace
}  // namespace tactic::layering
