#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "runners/host/thread_pool.h"

namespace tactic {
namespace {

int CountCalls() {
  std::atomic<int> calls{0};
  ThreadPool::Process().ParallelFor(3, [&](int) { ++calls; });
  return calls.load();
}

TEST(ThreadPoolFork, TheChildHasAPoolOfItsOwn) {
  ASSERT_EQ(CountCalls(), 3);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) _exit(CountCalls());
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 3);
  EXPECT_EQ(CountCalls(), 3);
}

}  // namespace
}  // namespace tactic
