// The library more than once in one process, and the library that is unloaded.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <latch>
#include <memory>
#include <string>
#include <thread>

#include "tactic/tactic.h"
#include "tests/support/temp_dir.h"

namespace tactic {
namespace {

// One copy: that of a shared library, or the one that this program is linked with.
class Copy {
 public:
  Copy()
      : create_(tactic_cache_create),
        destroy_(tactic_cache_destroy),
        register_(tactic_register),
        pin_(tactic_pin),
        choose_(tactic_choose_one) {}
  explicit Copy(const std::string& file) : library_(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    EXPECT_NE(library_, nullptr) << dlerror();
    Find("tactic_cache_create", create_);
    Find("tactic_cache_destroy", destroy_);
    Find("tactic_register", register_);
    Find("tactic_pin", pin_);
    Find("tactic_choose_one", choose_);
  }
  ~Copy() {
    destroy_(cache_);
    if (library_ == nullptr) return;
    EXPECT_EQ(dlclose(library_), 0) << dlerror();
  }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  // Makes a cache in which calls of 8 rows are answered with this runner, of two.
  void Fill(int32_t runner) {
    cache_ = create_();
    const tactic_input input = {TACTIC_F32, TACTIC_ROW_MAJOR};
    const tactic_runner runners[] = {{"blocked", "1"}, {"library", "1"}};
    tactic_op_spec spec;
    TACTIC_INIT(&spec);
    spec.op = "norm";
    spec.inputs = &input;
    spec.input_count = 1;
    spec.runners = runners;
    spec.runner_count = 2;
    ASSERT_EQ(register_(cache_, &spec, &op_), TACTIC_OK);
    ASSERT_EQ(pin_(cache_, op_, &kShape, 1, runner, nullptr, 0), TACTIC_OK);
  }
  // The runner that answers; -1: a miss.
  int32_t Choose() const {
    tactic_choice choice;
    TACTIC_INIT(&choice);
    EXPECT_EQ(choose_(op_, &kShape, 1, &choice), TACTIC_OK);
    return choice.hit ? choice.runner : -1;
  }

 private:
  static constexpr int64_t kSizes[] = {8, 64};
  static constexpr tactic_shape kShape = {kSizes, 2};

  template <typename Function>
  void Find(const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library_, name));
    EXPECT_NE(function, nullptr) << dlerror();
  }

  void* library_ = nullptr;
  decltype(&tactic_cache_create) create_ = nullptr;
  decltype(&tactic_cache_destroy) destroy_ = nullptr;
  decltype(&tactic_register) register_ = nullptr;
  decltype(&tactic_pin) pin_ = nullptr;
  decltype(&tactic_choose_one) choose_ = nullptr;
  tactic_cache* cache_ = nullptr;
  const tactic_op* op_ = nullptr;
};

class CopiesTest : public ::testing::Test {
 protected:
  // The file of another copy of the shared library.
  std::string CopyOfLibrary(const std::string& name) const {
    const std::filesystem::path file = directory_ / name;
    std::filesystem::copy_file(TACTIC_CACHE_LIBRARY, file);
    return file;
  }

  testing::TempDir directory_;
};

TEST_F(CopiesTest, DoNotDisturbEachOther) {
  Copy linked;
  auto first = std::make_unique<Copy>(CopyOfLibrary("first.so"));
  Copy second(CopyOfLibrary("second.so"));
  linked.Fill(0);
  first->Fill(1);
  second.Fill(0);
  const auto choose = [&] {
    for (int i = 0; i < 1000; ++i) {
      EXPECT_EQ(linked.Choose(), 0);
      EXPECT_EQ(first->Choose(), 1);
      EXPECT_EQ(second.Choose(), 0);
    }
  };
  std::thread other(choose);
  choose();
  other.join();
  first.reset();
  EXPECT_EQ(linked.Choose(), 0);
  EXPECT_EQ(second.Choose(), 0);
}

TEST_F(CopiesTest, AThreadOutlivesTheLibraryThatItCalled) {
  const std::string file = CopyOfLibrary("gone.so");
  auto copy = std::make_unique<Copy>(file);
  copy->Fill(1);
  std::latch chosen(1);
  std::latch unloaded(1);
  std::thread caller([&] {
    EXPECT_EQ(copy->Choose(), 1);
    chosen.count_down();
    unloaded.wait();
  });
  chosen.wait();
  copy.reset();
  EXPECT_EQ(dlopen(file.c_str(), RTLD_NOW | RTLD_NOLOAD), nullptr) << "is still loaded";
  unloaded.count_down();
  caller.join();  // Its end must not lead into what is gone.
}

TEST_F(CopiesTest, ForksAfterTheLibraryIsGone) {
  auto copy = std::make_unique<Copy>(CopyOfLibrary("gone.so"));
  copy->Fill(1);
  copy.reset();
  const pid_t child = fork();
  if (child == 0) _exit(7);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << status;
}

TEST_F(CopiesTest, LoadedAThousandTimes) {
  const std::string file = CopyOfLibrary("again.so");
  for (int i = 0; i < 1000; ++i) {
    Copy copy(file);
    copy.Fill(1);
    ASSERT_EQ(copy.Choose(), 1) << i;
  }
}

}  // namespace
}  // namespace tactic
