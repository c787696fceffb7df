// The table against std::map: keys of several forms, with collisions, growth and replacement.
#include "client/cache/table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <utility>

namespace tactic::cache_internal {
namespace {

CallKey KeyOf(const Shapes& sizes) {
  CallKey key;
  key.SetSizes(sizes);
  return key;
}

class TableTest : public ::testing::Test {
 protected:
  void Put(const Shapes& sizes, uint64_t id) {
    table_.Put(KeyOf(sizes), {nullptr, id, static_cast<int16_t>(id % 3)});
    expected_[sizes] = id;
  }
  // 0: no entry.
  uint64_t Find(const Shapes& sizes) const {
    Entry entry;
    if (!table_.Find(KeyOf(sizes), entry)) return 0;
    EXPECT_EQ(entry.runner, static_cast<int16_t>(entry.decision_id % 3));
    return entry.decision_id;
  }
  void ExpectAll() const {
    EXPECT_EQ(table_.size(), expected_.size());
    for (const auto& [sizes, id] : expected_) ASSERT_EQ(Find(sizes), id);
  }

  OpTable table_;
  std::map<Shapes, uint64_t> expected_;
};

TEST_F(TableTest, AnEmptyTableHoldsNothing) {
  EXPECT_EQ(Find({{1, 2}}), 0u);
  EXPECT_EQ(Find({}), 0u);
}

TEST_F(TableTest, FindsWhatAMapFindsAndNothingElse) {
  std::mt19937_64 random(7);
  const auto size = [&] { return static_cast<int64_t>(random() % 12); };
  // Few distinct sizes, so that many keys are put twice and many that are not there are near.
  for (uint64_t id = 1; id <= 5000; ++id) {
    switch (random() % 4) {
      case 0:
        Put({{size(), size()}, {size(), size()}, {size()}}, id);
        break;
      case 1:
        Put({{size(), size(), size()}, {size()}}, id);  // Two forms with the same sizes in a row.
        break;
      case 2:
        Put({{size()}, {size(), size(), size()}}, id);
        break;
      default:
        Put({{size() << 33, size()}, {size()}}, id);
    }
  }
  ExpectAll();
  for (int i = 0; i < 5000; ++i) {
    const Shapes other = {{size(), size()}, {size(), size()}, {size()}};
    const auto found = expected_.find(other);
    ASSERT_EQ(Find(other), found == expected_.end() ? 0 : found->second);
  }
}

TEST_F(TableTest, KeysOfNothingButZerosAreNotTakenForFreeSlots) {
  for (int64_t i = 1; i < 2000; ++i) {
    Put({{i, i % 7}}, static_cast<uint64_t>(i));
    ASSERT_EQ(Find({{0, 0}}), 0u);
  }
  Put({{0, 0}}, 2000);
  ExpectAll();
}

TEST_F(TableTest, AConstrainedSizeIsNoSizeOf32Bits) {
  Put({{-1, 4}}, 1);
  EXPECT_EQ(Find({{0xffffffff, 4}}), 1u);  // Narrow: its op has it constrained in every key.
  EXPECT_EQ(Find({{0x1ffffffff, 4}}), 0u);
  Put({{-1, int64_t{1} << 40}}, 2);
  EXPECT_EQ(Find({{0xffffffff, int64_t{1} << 40}}), 0u);
  EXPECT_EQ(Find({{-1, int64_t{1} << 40}}), 2u);
}

TEST_F(TableTest, TakesAsManyInputsOfAnyRankAsThereMayBe) {
  const Shapes most(limits::kInputs, std::vector<int64_t>(limits::kRank, limits::kDim));
  Put(most, 1);
  // The seventeenth input's rank is not in the first word of ranks.
  for (size_t rank = 0; rank < limits::kRank; ++rank) {
    Shapes other = most;
    other[16].resize(rank);
    Put(other, 2 + rank);
  }
  Put(Shapes(17, std::vector<int64_t>{1}), 20);
  ExpectAll();
}

TEST_F(TableTest, KeepsTheGreatestIdAndAnAnswerThatCannotBeRun) {
  const Parameters chosen{{"kc", int64_t{64}}};
  table_.Put(KeyOf({{1}}), {&chosen, table::kMostDecisionId, Entry::kNoRunner});
  Entry entry;
  ASSERT_TRUE(table_.Find(KeyOf({{1}}), entry));
  EXPECT_EQ(entry.chosen, &chosen);
  EXPECT_EQ(entry.decision_id, table::kMostDecisionId);
  EXPECT_EQ(entry.runner, Entry::kNoRunner);
}

}  // namespace
}  // namespace tactic::cache_internal
