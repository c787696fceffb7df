// The table that ChooseOne looks into: for each op, open addressing over plain integers, compared
// exactly. Built by one thread, constant once it is published; any number of threads read it then.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "client/cache/call_key.h"
#include "tactic/model/parameters.h"

namespace tactic::cache_internal {

// What a key is answered with.
struct Entry {
  static constexpr int16_t kNoRunner = -1;  // A decision, but nothing that the caller can run.
  // Greater ids are not held: 48 bits in a record are for the id.
  static constexpr uint64_t kMostDecisionId = (uint64_t{1} << 48) - 1;

  const Parameters* chosen = nullptr;  // nullptr: the default tactic.
  uint64_t decision_id = 0;
  int16_t runner = kNoRunner;
};

// The entries of one op whose inputs have the same ranks, so that each key has the same number of
// sizes: of 32 bits (narrow keys) or 64. Slots in groups of eight: a byte of each one's hash, which
// are compared all at once, so that hardly any branch depends on the data; and for each slot a
// record, with what is answered and the sizes of the key. A hit so reads two or three lines.
template <typename Size>
class FormTable {
 public:
  FormTable(uint64_t ranks, size_t sizes)
      : ranks_(ranks), sizes_(sizes), groups_(1), records_(kSlotsPerGroup * stride()) {}

  uint64_t ranks() const noexcept { return ranks_; }
  // Whether the key has these ranks. Those of up to sixteen inputs, all in one word, say how many
  // sizes there are.
  bool Holds(const CallKey& key) const noexcept {
    return ranks_ == key.ranks() && sizes_ == key.size();
  }
  size_t size() const { return size_; }

  // False: no entry. REQUIRES: Holds(key), and sizes of this width.
  bool Find(const CallKey& key, Entry& entry) const noexcept {
    const uint32_t* record = RecordFor(key);
    if (record == nullptr) return false;
    Head head;
    std::memcpy(&head, record, sizeof(head));
    entry.chosen = head.chosen;
    entry.decision_id = head.id_and_runner >> kRunnerBits;
    entry.runner = static_cast<int16_t>(head.id_and_runner & kRunnerMask);
    return true;
  }

  // Adds, or replaces the entry of this key. Before the table is published.
  void Put(const CallKey& key, const Entry& entry);

 private:
  struct Head {
    const Parameters* chosen;
    uint64_t id_and_runner;
  };
  static constexpr unsigned kRunnerBits = 16;
  static constexpr uint64_t kRunnerMask = 0xffff;
  // In units of four bytes, as records are counted.
  static constexpr size_t kHead = sizeof(Head) / sizeof(uint32_t);
  static constexpr size_t kSize = sizeof(Size) / sizeof(uint32_t);

  static constexpr size_t kSlotsPerGroup = 8;
  static constexpr uint64_t kOnes = 0x0101010101010101;

  // Of the slots; the byte is 0 where the slot is free, and slots fill from the lowest byte.
  static uint64_t TagOf(uint64_t hash) noexcept {
    const uint64_t tag = hash & 0xff;
    return tag + static_cast<uint64_t>(tag == 0);
  }
  // The top bit of each byte of `word` that is 0, and of no other: a free slot never matches.
  static uint64_t ZeroBytes(uint64_t word) noexcept {
    constexpr uint64_t kLow7 = kOnes * 0x7f;
    return ~(((word & kLow7) + kLow7) | word | kLow7);
  }

  size_t stride() const noexcept { return kHead + sizes_ * kSize; }
  size_t FirstGroup(uint64_t hash) const noexcept { return (hash >> 32) * groups_.size() >> 32; }
  size_t Next(size_t group) const noexcept { return group + 1 < groups_.size() ? group + 1 : 0; }

  // nullptr: none.
  const uint32_t* RecordFor(const CallKey& key) const noexcept {
    const uint64_t tags = TagOf(key.hash()) * kOnes;
    for (size_t g = FirstGroup(key.hash());; g = Next(g)) {
      const uint64_t group = groups_[g];
      for (uint64_t match = ZeroBytes(group ^ tags); match != 0; match &= match - 1) {
        const size_t slot = g * kSlotsPerGroup + static_cast<size_t>(std::countr_zero(match)) / 8;
        const uint32_t* record = records_.data() + slot * stride();
        if (Equals(record, key)) [[likely]]
          return record;
      }
      if (ZeroBytes(group) != 0) return nullptr;
    }
  }
  bool Equals(const uint32_t* record, const CallKey& key) const noexcept {
    uint64_t differing = 0;
    for (size_t i = 0; i < sizes_; ++i) differing |= SizeAt(record, i) ^ key[i];
    return differing == 0;
  }
  static uint64_t SizeAt(const uint32_t* record, size_t i) noexcept {
    Size size;
    std::memcpy(&size, record + kHead + i * kSize, sizeof(size));
    return size;
  }
  // The record of a free slot for this hash, which is then taken.
  uint32_t* Take(uint64_t hash);
  void Grow();

  uint64_t ranks_;
  size_t sizes_;
  size_t size_ = 0;
  std::vector<uint64_t> groups_;
  std::vector<uint32_t> records_;
};

// The entries of one op, in as many forms as it has: mostly one, and narrow.
class OpTable {
 public:
  // False: no entry.
  bool Find(const CallKey& key, Entry& entry) const noexcept {
    if (key.wide()) [[unlikely]]
      return FindWide(key, entry);
    for (const FormTable<uint32_t>& form : narrow_) {
      if (form.ranks() == key.ranks()) [[likely]]
        return form.Find(key, entry);
    }
    return false;
  }

  // Adds, or replaces the entry of this key. Before the table is published.
  void Put(const CallKey& key, const Entry& entry);

  size_t size() const;

 private:
  bool FindWide(const CallKey& key, Entry& entry) const noexcept;

  std::vector<FormTable<uint32_t>> narrow_;
  std::vector<FormTable<uint64_t>> wide_;
};

// Every op's entries, by the op's index. A copy shares what is not replaced.
class Table {
 public:
  // False: no entry. REQUIRES: an op that was there when the table was made.
  bool Find(uint32_t op, const CallKey& key, Entry& entry) const noexcept {
    return ops_[op]->Find(key, entry);
  }
  void Append(std::shared_ptr<const OpTable> entries) { ops_.push_back(std::move(entries)); }
  void Set(uint32_t op, std::shared_ptr<const OpTable> entries) { ops_[op] = std::move(entries); }
  const OpTable& Of(uint32_t op) const { return *ops_[op]; }

 private:
  std::vector<std::shared_ptr<const OpTable>> ops_;
};

}  // namespace tactic::cache_internal
