// The table against std::map: keys of several forms, with collisions, growth and replacement.
#include "client/cache/table.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <utility>

namespace tactic::cache_internal {
namespace {

table::Key KeyOf(const Shapes& sizes) {
  table::Key key;
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

OpTable TableOf(uint64_t first, uint64_t last, uint64_t id) {
  OpTable table;
  for (uint64_t i = first; i <= last; ++i) {
    table.Put(KeyOf({{static_cast<int64_t>(i), 7}}), {nullptr, id, 0});
  }
  return table;
}

uint64_t IdOf(const OpEntries& entries, uint64_t i) {
  Entry entry;
  return entries.Find(KeyOf({{static_cast<int64_t>(i), 7}}), entry) ? entry.decision_id : 0;
}

TEST(OpEntriesTest, ChangesOfASmallOpGoIntoItsTable) {
  const OpEntries before(std::make_shared<OpTable>(TableOf(1, 10, 1)), nullptr);
  const OpEntries after = before.With(TableOf(10, 11, 2));
  EXPECT_EQ(after.given().size(), 11u);
  EXPECT_EQ(IdOf(before, 10), 1u);
  EXPECT_EQ(IdOf(after, 9), 1u);
  EXPECT_EQ(IdOf(after, 10), 2u);
  EXPECT_EQ(IdOf(after, 11), 2u);
}

TEST(OpEntriesTest, ChangesOfALargeOpAreGatheredBeforeItsTableIsCopied) {
  constexpr uint64_t kSize = OpEntries::kLarge + 1;
  constexpr uint64_t kChanges = 1000;
  OpEntries entries(std::make_shared<OpTable>(TableOf(1, kSize, 1)), nullptr);
  int copies = 0;
  for (uint64_t i = 1; i <= kChanges; ++i) {
    const OpEntries next = entries.With(TableOf(kSize + 1 - i, kSize + 1 - i, 1 + i));
    copies += &next.given() == &entries.given() ? 0 : 1;
    entries = next;
    ASSERT_EQ(IdOf(entries, kSize + 1 - i), 1 + i);
  }
  EXPECT_EQ(copies, 3);  // At the 257th, the 514th and the 771st change.
  for (uint64_t i = 1; i <= kSize; ++i) {
    const uint64_t nth = kSize + 1 - i;
    ASSERT_EQ(IdOf(entries, i), nth <= kChanges ? 1 + nth : 1) << i;
  }
  // Many at one time are one copy.
  const OpEntries all = entries.With(TableOf(1, kSize, 9));
  EXPECT_NE(&all.given(), &entries.given());
  EXPECT_EQ(IdOf(all, 1), 9u);
  EXPECT_EQ(all.given().size(), kSize);
}

}  // namespace
}  // namespace tactic::cache_internal
