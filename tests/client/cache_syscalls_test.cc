// ChooseOne makes no system call, so that it may be called while a GPU graph is captured: a child
// that may do nothing but write and exit calls it, and is killed by the kernel if it does more.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tactic/cache.h"
#include "tests/client/gemm_op.h"
#include "tests/client/table_file.h"
#include "tests/support/temp_dir.h"

namespace tactic {
namespace {

using testing::DecisionFor;
using testing::Environments;
using testing::GemmOf;
using testing::GemmSpec;
using testing::PublishTable;
using testing::TableFacts;
using testing::TableImage;

constexpr int kRight = 7;
constexpr int kWrong = 8;
constexpr int kNoFilter = 9;

// Runs `body` in a child in which only read, write, exit and sigreturn are left. How it ended.
template <typename Body>
int StatusOfChild(Body body) {
  const pid_t child = fork();
  if (child == 0) {
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) _exit(kNoFilter);
    const int code = body() ? kRight : kWrong;
    syscall(SYS_exit, code);  // Not exit_group, which _exit makes.
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

TEST(CacheSyscallsTest, ChoosingMakesNone) {
  Cache cache;
  cache.SetEnvironments(Environments());
  const OpHandle op = cache.Register(GemmSpec()).value();
  const OpHandle other = cache.Register(GemmSpec({{"another", "1"}})).value();
  cache.Replace({DecisionFor(GemmOf(8), 7, 1)});
  const int status = StatusOfChild([&] {
    bool right = true;
    for (int64_t m = 1; m <= 2000; ++m) {  // Hits, misses, and misses that find no room.
      right = right && op.ChooseOne({{m, 64}, {64, 32}}).hit == (m > 4 && m <= 8);
    }
    return right && !other.ChooseOne({{8, 64}, {64, 32}}).hit && !op.ChooseOne({{8, 64}}).hit &&
           !op.ChooseOne({{8, int64_t{1} << 40}, {64, 32}}).hit;
  });
  ASSERT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), kRight);
}

TEST(CacheSyscallsTest, ChoosingFromATableFileMakesNone) {
  const testing::TempDir directory;
  const std::string path = directory / "x.table";
  PublishTable(path, TableImage({DecisionFor(GemmOf(8), 7, 1)}, TableFacts(1)));
  Cache cache;
  const OpHandle op = cache.Register(GemmSpec()).value();
  const OpHandle second = cache.Register(GemmSpec({testing::kOpenBlas})).value();
  ASSERT_TRUE(cache.OpenTable(path).ok());
  PublishTable(path, "replaced");
  const int status = StatusOfChild([&] {
    return op.ChooseOne({{8, 64}, {64, 32}}).hit && second.ChooseOne({{8, 64}, {64, 32}}).hit &&
           !op.ChooseOne({{16, 64}, {64, 32}}).hit;
  });
  ASSERT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), kRight);
}

TEST(CacheSyscallsTest, TheFilterKills) {
  const int status = StatusOfChild([] { return open("/dev/null", O_RDONLY) >= 0; });
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

}  // namespace
}  // namespace tactic
