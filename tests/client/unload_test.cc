// dlclose of a shared object that holds a whole client. gRPC and Protocol Buffers cannot be
// unloaded under way, so it stays where it is.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "tests/support/temp_dir.h"

namespace tactic {
namespace {

using TryClient = bool (*)(const char* target);

TEST(UnloadTest, APluginWithAClientIsClosedAndOpenedAgain) {
  const testing::TempDir directory;
  const std::string target = "unix:" + (directory / "nobody.sock").string();
  std::latch called(1), closed(1);
  void* plugin = dlopen(UNLOADING_PLUGIN, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(plugin, nullptr) << dlerror();
  const auto try_client = reinterpret_cast<TryClient>(dlsym(plugin, "TryClient"));
  ASSERT_NE(try_client, nullptr) << dlerror();
  bool outlived = false;
  std::thread caller([&] {  // Ends only when the plugin is closed.
    outlived = try_client(target.c_str());
    called.count_down();
    closed.wait();
  });
  called.wait();
  EXPECT_EQ(dlclose(plugin), 0) << dlerror();
  closed.count_down();
  caller.join();
  EXPECT_TRUE(outlived);

  void* kept = dlopen(UNLOADING_PLUGIN, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
  ASSERT_NE(kept, nullptr) << "it went away under the feet of gRPC's threads";
  const auto again = reinterpret_cast<TryClient>(dlsym(kept, "TryClient"));
  EXPECT_EQ(again, try_client);
  EXPECT_TRUE(again(target.c_str()));
  EXPECT_EQ(dlclose(kept), 0) << dlerror();
}

}  // namespace
}  // namespace tactic
