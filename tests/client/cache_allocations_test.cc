#include <gtest/gtest.h>

#include "tactic/cache.h"
#include "tests/client/gemm_op.h"
#include "tests/client/table_file.h"
#include "tests/support/allocations.h"
#include "tests/support/temp_dir.h"

namespace tactic {
namespace {

using testing::AllocationCounter;
using testing::DecisionFor;
using testing::Environments;
using testing::GemmOf;
using testing::GemmSpec;

TEST(CacheAllocationsTest, ChoosingAllocatesNothing) {
  Cache cache;
  cache.SetEnvironments(Environments());
  const OpHandle op = cache.Register(GemmSpec()).value();
  const OpHandle other = cache.Register(GemmSpec({{"another", "1"}})).value();
  OpSpec mapped_spec = GemmSpec();
  mapped_spec.dialect = Dialect::kAncestor;
  mapped_spec.dynamic[0].mapper = {Mapper::Rule::kFunction, 1, {}, [](int64_t x) { return x - 9; }};
  const OpHandle mapped = cache.Register(mapped_spec).value();
  cache.Replace({DecisionFor(GemmOf(8), 7, 1)});
  const AllocationCounter counter;
  const Choice hit = op.ChooseOne({{8, 64}, {64, 32}});
  const Choice miss = op.ChooseOne({{16, 64}, {64, 32}});
  const Choice missed_again = op.ChooseOne({{16, 64}, {64, 32}});
  const Choice not_runnable = other.ChooseOne({{8, 64}, {64, 32}});
  const Choice malformed = op.ChooseOne({{8, 64}});
  const Choice wide = op.ChooseOne({{8, int64_t{1} << 40}, {64, 32}});
  const Choice by_function = mapped.ChooseOne({{17, 64}, {64, 32}});
  const Choice function_failed = mapped.ChooseOne({{8, 64}, {64, 32}});
  const ShapeKey call({8, 64}, {64, 32});
  const Choice by_key = op.ChooseOne(call);
  Choice in_batch;
  op.ChooseEach({&call, 1}, {&in_batch, 1});
  const size_t allocations = counter.Count();
  EXPECT_EQ(allocations, 0u);
  EXPECT_TRUE(by_key.hit && in_batch.hit);
  cache.AddOverrides({.buckets = {8}}).value();
  const AllocationCounter overridden_counter;
  const Choice overridden = op.ChooseOne({{9, 64}, {64, 32}});
  EXPECT_EQ(overridden_counter.Count(), 0u);
  EXPECT_TRUE(overridden.hit);
  EXPECT_TRUE(by_function.hit);
  EXPECT_FALSE(function_failed.hit);
  EXPECT_TRUE(hit.hit);
  EXPECT_FALSE(miss.hit || missed_again.hit || not_runnable.hit || malformed.hit || wide.hit);
}

TEST(CacheAllocationsTest, ChoosingFromATableFileAllocatesNothing) {
  const testing::TempDir directory;
  const std::string path = directory / "x.table";
  testing::PublishTable(
      path, testing::TableImage({DecisionFor(GemmOf(8), 7, 1)}, testing::TableFacts(1)));
  Cache cache;
  const OpHandle op = cache.Register(GemmSpec()).value();
  const OpHandle second = cache.Register(GemmSpec({testing::kOpenBlas})).value();
  ASSERT_TRUE(cache.OpenTable(path, testing::kByHand).ok());
  const AllocationCounter counter;
  const Choice hit = op.ChooseOne({{8, 64}, {64, 32}});
  const Choice by_second = second.ChooseOne({{8, 64}, {64, 32}});
  const Choice miss = op.ChooseOne({{16, 64}, {64, 32}});
  EXPECT_EQ(counter.Count(), 0u);
  EXPECT_TRUE(hit.hit && by_second.hit);
  EXPECT_FALSE(miss.hit);
}

TEST(CacheAllocationsTest, TheCounterCounts) {
  const AllocationCounter counter;
  const auto kept = std::make_unique<Cache>();
  EXPECT_GT(counter.Count(), 0u);
}

}  // namespace
}  // namespace tactic
