#include "proto/table/keeper.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <optional>
#include <sstream>

#include "tests/support/temp_dir.h"

namespace tactic::table {
namespace {

std::string Content(const std::string& path) {
  std::ifstream file(path);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

void ExpectNoFailure(const std::string& why) { ADD_FAILURE() << why; }

TEST(Keeper, ManyChangesInARowAreOneFile) {
  const testing::TempDir directory;
  const std::string path = directory / "x.table";
  std::atomic<int> state{0};
  std::atomic<int> files{0};
  std::promise<void> first_made, go_on;
  {
    Keeper keeper(Publisher::Open(path).value(), {.image = [&]() -> Result<std::string> {
                                                    const int seen = state.load();
                                                    if (files.fetch_add(1) == 0) {
                                                      first_made.set_value();
                                                      go_on.get_future().wait();
                                                    }
                                                    return std::to_string(seen);
                                                  },
                                                  .failed = ExpectNoFailure});
    EXPECT_EQ(keeper.path(), path);
    state = 1;
    keeper.Changed();
    first_made.get_future().wait();
    for (; state < 1000; ++state) keeper.Changed();  // While the first one is being made.
    keeper.Changed();
    go_on.set_value();
  }
  EXPECT_EQ(Content(path), "1000");  // The end publishes what had changed.
  EXPECT_EQ(files.load(), 2);
}

TEST(Keeper, WithoutAChangeThereIsNoFile) {
  const testing::TempDir directory;
  const std::string path = directory / "x.table";
  {
    Keeper keeper(Publisher::Open(path).value(), {[] { return std::string(); }, ExpectNoFailure});
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Keeper, AFailureIsToldAndLeavesTheFileBefore) {
  const testing::TempDir directory;
  const std::string path = directory / "x.table";
  std::ofstream(path) << "before";
  std::promise<std::string> told;
  std::atomic<int> failures{0};  // The end tries once more.
  {
    Keeper keeper(Publisher::Open(path).value(), {.image = []() -> Result<std::string> {
                                                    return InvalidArgument("no image today");
                                                  },
                                                  .failed =
                                                      [&](const std::string& why) {
                                                        if (failures.fetch_add(1) == 0)
                                                          told.set_value(why);
                                                      }});
    keeper.Changed();
    EXPECT_EQ(told.get_future().get(), "no image today");
  }
  EXPECT_EQ(Content(path), "before");
}

}  // namespace
}  // namespace tactic::table
