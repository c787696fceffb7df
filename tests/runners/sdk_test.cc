// The registry, facts about the host, and the list of built-in runners.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>

#include "tactic/host_runners.h"
#include "tactic/sdk/host.h"
#include "tactic/sdk/runner.h"

namespace tactic::sdk {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class FakeOp : public Op {
 public:
  explicit FakeOp(std::string name) : name_(std::move(name)) {}
  OpSchema Schema() const override { return {name_, {}, {}}; }
  std::vector<Tensor> Outputs(const Problem&) const override { return {}; }
  void Reference(const Problem&, const Operands&) const override {}
  Tolerance ToleranceFor(const Problem&) const override { return {}; }
  double Flops(const Problem&) const override { return 0; }

 private:
  std::string name_;
};

class FakeRunner : public Runner {
 public:
  FakeRunner(std::string name, std::vector<Component> libraries)
      : name_(std::move(name)), libraries_(std::move(libraries)) {}
  RunnerId Id() const override { return {name_, "7"}; }
  std::vector<Component> Libraries() const override { return libraries_; }
  std::vector<Tactic> Tactics(const Problem&) const override { return {}; }
  Result<std::unique_ptr<Call>> Prepare(const Problem&, const Tactic&) const override {
    return InvalidArgument("none");
  }

 private:
  std::string name_;
  std::vector<Component> libraries_;
};

std::unique_ptr<Op> NewOp(std::string name) { return std::make_unique<FakeOp>(std::move(name)); }
std::unique_ptr<Runner> NewRunner(std::string name, std::vector<Component> libraries = {}) {
  return std::make_unique<FakeRunner>(std::move(name), std::move(libraries));
}

TEST(Registry, FindsWhatWasAddedInItsOrder) {
  Registry registry;
  registry.Add(NewOp("b"));
  registry.Add(NewOp("a"));
  registry.Add("b", NewRunner("second"));
  registry.Add("b", NewRunner("first"));
  ASSERT_EQ(registry.entries().size(), 2u);
  EXPECT_EQ(registry.entries()[0].op->Schema().op, "b");
  ASSERT_NE(registry.Find("b"), nullptr);
  EXPECT_EQ(registry.Find("b")->runners[0]->Id().name, "second");
  ASSERT_NE(registry.FindRunner("b", "first"), nullptr);
  EXPECT_EQ(registry.FindRunner("b", "first")->Id().name, "first");
}

TEST(Registry, UnknownIsNull) {
  Registry registry;
  registry.Add(NewOp("a"));
  EXPECT_EQ(registry.Find("b"), nullptr);
  EXPECT_EQ(registry.FindRunner("a", "r"), nullptr);
  EXPECT_EQ(registry.FindRunner("b", "r"), nullptr);
}

TEST(Registry, MistakesOfTheProgramThrowWithTheirNames) {
  Registry registry;
  registry.Add(NewOp("a"));
  registry.Add("a", NewRunner("r"));
  EXPECT_THROW(registry.Add(NewOp("a")), std::logic_error);
  EXPECT_THROW(registry.Add("a", NewRunner("r")), std::logic_error);
  try {
    registry.Add("missing", NewRunner("r"));
    FAIL();
  } catch (const std::logic_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("'missing'"));
    EXPECT_THAT(error.what(), HasSubstr("'r'"));
  }
}

TEST(Registry, ComponentsAreSortedAndNoneTwice) {
  Registry registry;
  registry.Add(NewOp("a"));
  registry.Add("a", NewRunner("z", {{"blas", "2"}, {"zlib", "1"}}));
  registry.Add("a", NewRunner("y", {{"blas", "2"}}));
  EXPECT_THAT(ComponentsOf(*registry.Find("a")),
              ElementsAre(Component{"blas", "2"}, Component{"runner:y", "7"},
                          Component{"runner:z", "7"}, Component{"zlib", "1"}));
}

TEST(Host, DeviceSaysWhatIdentifiesTheCpu) {
  const DeviceClass device = DetectHostDevice();
  EXPECT_EQ(device.kind, DeviceKind::kHost);
  EXPECT_EQ(device.units, static_cast<uint32_t>(HostThreads()));
  EXPECT_GE(device.units, 1u);
  EXPECT_GT(device.memory_bytes, 0u);
  EXPECT_FALSE(device.label.empty());
  const char* suffix = HostVectorSet() == VectorSet::kAvx512    ? "-avx512"
                       : HostVectorSet() == VectorSet::kAvx2Fma ? "-avx2"
                                                                : "-sse2";
  EXPECT_THAT(device.arch, EndsWith(suffix));
  EXPECT_TRUE(IsPrintableUtf8(device.arch));
  EXPECT_TRUE(IsPrintableUtf8(device.label));
}

TEST(Host, DetectsTheSameEveryTime) { EXPECT_EQ(DetectHostDevice(), DetectHostDevice()); }

TEST(Host, AllocatesAlignedEvenNothing) {
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{64}, size_t{1000}}) {
    const AlignedBytes memory = AllocateAligned(bytes);
    ASSERT_NE(memory, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory.get()) % 64, 0u);
  }
}

TEST(Host, AllocationThatCannotBeThrows) {
  EXPECT_THROW(AllocateAligned(SIZE_MAX), std::bad_alloc);
}

TEST(HostRunners, AreThese) {
  Registry registry;
  RegisterHostRunners(registry);
  ASSERT_EQ(registry.entries().size(), 2u);
  EXPECT_EQ(registry.entries()[0].op->Schema().op, "gemm");
  EXPECT_EQ(registry.entries()[1].op->Schema().op, "softmax");
  EXPECT_NE(registry.FindRunner("gemm", "host_blocked"), nullptr);
  EXPECT_NE(registry.FindRunner("softmax", "host_softmax"), nullptr);
}

}  // namespace
}  // namespace tactic::sdk
