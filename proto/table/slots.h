// Open addressing over records of plain integers: how tables in memory and in files are laid out
// and probed. Slots lie in groups of eight: a byte of each one's hash, which are compared all at
// once, so that hardly any branch depends on the data; and for each slot a record, with a head and
// the words of its key. A hit so reads two or three lines.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "proto/table/key.h"

namespace tactic::table {

inline constexpr size_t kSlotsPerGroup = 8;
// FirstGroup counts in 32 bits.
inline constexpr uint64_t kMostGroups = uint64_t{1} << 32;

namespace slots {

inline constexpr uint64_t kOnes = 0x0101010101010101;

// Of the slots; the byte is 0 where the slot is free, and slots fill from the lowest byte.
inline uint64_t TagOf(uint64_t hash) noexcept {
  const uint64_t tag = hash & 0xff;
  return tag + static_cast<uint64_t>(tag == 0);
}
// The top bit of each byte of `word` that is 0, and of no other: a free slot never matches.
inline uint64_t ZeroBytes(uint64_t word) noexcept {
  constexpr uint64_t kLow7 = kOnes * 0x7f;
  return ~(((word & kLow7) + kLow7) | word | kLow7);
}
inline size_t FirstGroup(uint64_t hash, size_t groups) noexcept {
  return (hash >> 32) * groups >> 32;
}
inline size_t NextGroup(size_t group, size_t groups) noexcept {
  return group + 1 < groups ? group + 1 : 0;
}
inline bool IsFree(uint64_t group, size_t slot) noexcept {
  return (group >> (8 * slot) & 0xff) == 0;
}

}  // namespace slots

// Records of one form: keys of the same ranks, so of the same number of words, which are `Word`s of
// 32 bits (narrow keys) or 64. `Head` is plain data. Refers to memory of somebody else, which need
// be aligned to four bytes (records) and eight (groups).
template <typename Word, typename Head>
class SlotView {
 public:
  SlotView(uint64_t ranks, size_t words, const uint64_t* groups, size_t group_count,
           const uint32_t* records) noexcept
      : ranks_(ranks),
        words_(words),
        groups_(groups),
        group_count_(group_count),
        records_(records) {}

  // Holds no key.
  static SlotView Empty() noexcept { return {~uint64_t{0}, 0, nullptr, 0, nullptr}; }

  uint64_t ranks() const noexcept { return ranks_; }
  size_t words() const noexcept { return words_; }
  // Whether the key has these ranks. Those of up to sixteen inputs, all in one word, say how many
  // sizes there are.
  bool Holds(const Key& key) const noexcept {
    return ranks_ == key.ranks() && words_ == key.size();
  }

  // False: no record. REQUIRES: Holds(key), and words of this width.
  [[gnu::always_inline]] bool Find(const Key& key, Head& head) const noexcept {
    const uint32_t* record = RecordFor(key);
    if (record == nullptr) return false;
    std::memcpy(&head, record, sizeof(head));
    return true;
  }

  // nullptr: none.
  [[gnu::always_inline]] const uint32_t* RecordFor(const Key& key) const noexcept {
    const uint64_t tags = slots::TagOf(key.hash()) * slots::kOnes;
    for (size_t g = slots::FirstGroup(key.hash(), group_count_);;
         g = slots::NextGroup(g, group_count_)) {
      const uint64_t group = groups_[g];
      for (uint64_t match = slots::ZeroBytes(group ^ tags); match != 0; match &= match - 1) {
        const size_t slot = g * kSlotsPerGroup + static_cast<size_t>(std::countr_zero(match)) / 8;
        const uint32_t* record = records_ + slot * Stride(words_);
        if (Equals(record, key)) [[likely]]
          return record;
      }
      if (slots::ZeroBytes(group) != 0) return nullptr;
    }
  }

  // Calls use(head, word), where word(i) is the i-th of the key, for each record, in no order.
  template <typename Use>
  void ForEach(Use use) const {
    for (size_t slot = 0; slot < group_count_ * kSlotsPerGroup; ++slot) {
      if (slots::IsFree(groups_[slot / kSlotsPerGroup], slot % kSlotsPerGroup)) continue;
      const uint32_t* record = records_ + slot * Stride(words_);
      Head head;
      std::memcpy(&head, record, sizeof(head));
      use(head, [record](size_t i) { return WordAt(record, i); });
    }
  }

  // In units of four bytes, as records are counted.
  static size_t Stride(size_t words) noexcept {
    return kHead + words * (sizeof(Word) / sizeof(uint32_t));
  }
  static uint64_t WordAt(const uint32_t* record, size_t i) noexcept {
    Word word;
    std::memcpy(&word, record + Stride(i), sizeof(word));
    return word;
  }

 private:
  static constexpr size_t kHead = sizeof(Head) / sizeof(uint32_t);
  static_assert(sizeof(Head) % sizeof(uint32_t) == 0);

  bool Equals(const uint32_t* record, const Key& key) const noexcept {
    uint64_t differing = 0;
    for (size_t i = 0; i < words_; ++i) differing |= WordAt(record, i) ^ key[i];
    return differing == 0;
  }

  uint64_t ranks_;
  size_t words_;
  const uint64_t* groups_;
  size_t group_count_;
  const uint32_t* records_;
};

// The same, growing. Not thread-safe while it grows.
template <typename Word, typename Head>
class SlotTable {
 public:
  using View = SlotView<Word, Head>;

  // With room for that many records: a group with two free slots is rarely full, and each full one
  // costs those that are past it a branch that nobody foresees.
  SlotTable(uint64_t ranks, size_t words, size_t expected = 0)
      : ranks_(ranks),
        words_(words),
        groups_(expected / kUsual + 1),
        records_(groups_.size() * kSlotsPerGroup * View::Stride(words)) {}

  uint64_t ranks() const noexcept { return ranks_; }
  size_t words() const noexcept { return words_; }
  size_t size() const noexcept { return size_; }
  const std::vector<uint64_t>& groups() const noexcept { return groups_; }
  const std::vector<uint32_t>& records() const noexcept { return records_; }

  View view() const noexcept {
    return {ranks_, words_, groups_.data(), groups_.size(), records_.data()};
  }
  bool Holds(const Key& key) const noexcept { return view().Holds(key); }
  bool Find(const Key& key, Head& head) const noexcept { return view().Find(key, head); }

  // Adds, or replaces the head of this key's record. True: added. REQUIRES: Holds(key).
  bool Put(const Key& key, const Head& head) {
    auto* record = const_cast<uint32_t*>(view().RecordFor(key));
    const bool added = record == nullptr;
    if (added) {
      if ((size_ + 1) * 8 > groups_.size() * kSlotsPerGroup * 7) Grow();
      record = Take(key.hash());
      ++size_;
      for (size_t i = 0; i < words_; ++i) {
        const auto word = static_cast<Word>(key[i]);
        std::memcpy(record + View::Stride(i), &word, sizeof(word));
      }
    }
    std::memcpy(record, &head, sizeof(head));
    return added;
  }

 private:
  static constexpr size_t kUsual = 6;  // Records in a group.

  // The record of a free slot for this hash, which is then taken.
  uint32_t* Take(uint64_t hash) {
    size_t g = slots::FirstGroup(hash, groups_.size());
    while (slots::ZeroBytes(groups_[g]) == 0) g = slots::NextGroup(g, groups_.size());
    const auto slot = static_cast<size_t>(std::countr_zero(slots::ZeroBytes(groups_[g]))) / 8;
    groups_[g] |= slots::TagOf(hash) << (8 * slot);
    return records_.data() + (g * kSlotsPerGroup + slot) * View::Stride(words_);
  }

  // By a quarter, so that a table of any size is at least two thirds full: what is read at random
  // should fit the caches. Records hold no hash: their keys are hashed again.
  void Grow() {
    const std::vector<uint64_t> old_groups = std::move(groups_);
    const std::vector<uint32_t> old_records = std::move(records_);
    groups_.assign(old_groups.size() + old_groups.size() / 4 + 1, 0);
    records_.assign(groups_.size() * kSlotsPerGroup * View::Stride(words_), 0);
    for (size_t slot = 0; slot < old_groups.size() * kSlotsPerGroup; ++slot) {
      if (slots::IsFree(old_groups[slot / kSlotsPerGroup], slot % kSlotsPerGroup)) continue;
      const uint32_t* record = old_records.data() + slot * View::Stride(words_);
      uint64_t sum = 0;
      for (size_t i = 0; i < words_; ++i) sum += Key::Term(i, View::WordAt(record, i));
      std::copy_n(record, View::Stride(words_), Take(Key::HashOf(ranks_, sum)));
    }
  }

  uint64_t ranks_;
  size_t words_;
  size_t size_ = 0;
  std::vector<uint64_t> groups_;
  std::vector<uint32_t> records_;
};

}  // namespace tactic::table
