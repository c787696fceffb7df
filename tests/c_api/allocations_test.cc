#include "tests/support/allocations.h"

#include <gtest/gtest.h>

#include "tactic/tactic.h"

namespace tactic {
namespace {

TEST(CApiTest, TheHotCallAllocatesNothing) {
  tactic_cache* cache = tactic_cache_create();
  const tactic_input input = {TACTIC_F32, TACTIC_ROW_MAJOR};
  const tactic_runner runner = {"blocked", "1"};
  const tactic_dynamic_dim rows{};
  tactic_op_spec spec;
  TACTIC_INIT(&spec);
  spec.op = "norm";
  spec.inputs = &input;
  spec.input_count = 1;
  spec.runners = &runner;
  spec.runner_count = 1;
  spec.dynamic_dims = &rows;
  spec.dynamic_count = 1;
  const tactic_op* op = nullptr;
  ASSERT_EQ(tactic_register(cache, &spec, &op), TACTIC_OK) << tactic_last_error();
  const int64_t sizes[] = {7, 64};
  const int64_t others[] = {100, 64};
  const tactic_shape known = {sizes, 2};
  const tactic_shape unknown = {others, 2};
  ASSERT_EQ(tactic_pin(cache, op, &known, 1, 0, nullptr, 0), TACTIC_OK) << tactic_last_error();
  tactic_choice hit;
  tactic_choice miss;
  TACTIC_INIT(&hit);
  TACTIC_INIT(&miss);
  const testing::AllocationCounter counter;
  const tactic_status statuses[] = {tactic_choose_one(op, &known, 1, &hit),
                                    tactic_choose_one(op, &unknown, 1, &miss),
                                    tactic_choose_one(op, nullptr, 1, &miss)};
  const size_t allocations = counter.Count();
  EXPECT_EQ(allocations, 0u);
  EXPECT_EQ(statuses[0], TACTIC_OK);
  EXPECT_EQ(statuses[1], TACTIC_OK);
  EXPECT_EQ(statuses[2], TACTIC_INVALID_ARGUMENT);
  EXPECT_TRUE(hit.hit);
  EXPECT_FALSE(miss.hit);
  tactic_cache_destroy(cache);
}

}  // namespace
}  // namespace tactic
