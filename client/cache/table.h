// The table that ChooseOne looks into: for each op, open addressing over plain integers, compared
// exactly. Built by one thread, constant once it is published; any number of threads read it then.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "client/cache/call_key.h"
#include "tactic/model/parameters.h"

namespace tactic::cache_internal {

// What a key is answered with.
struct Entry {
  static constexpr int16_t kNoRunner = -1;  // A decision, but nothing that the caller can run.
  const Parameters* chosen = nullptr;       // nullptr: the default tactic.
  uint64_t decision_id = 0;
  int16_t runner = kNoRunner;
};

// The entries of one op: groups of eight slots, each a byte of the hash and the position of a
// record. A group's bytes are compared all at once, so that hardly any branch depends on the data.
class OpTable {
 public:
  OpTable();

  // False: no entry.
  bool Find(const CallKey& key, Entry& entry) const noexcept {
    const uint64_t* record = RecordFor(key);
    if (record == nullptr) return false;
    entry.chosen = reinterpret_cast<const Parameters*>(record[0]);
    entry.decision_id = record[1];
    entry.runner = static_cast<int16_t>(record[2] & kRunnerMask);
    return true;
  }

  // Adds, or replaces the entry of this key. Before the table is published.
  void Put(const CallKey& key, const Entry& entry);

  size_t size() const { return size_; }
  size_t Bytes() const;

 private:
  // A record: the tactic's address, the decision's id, the key's form and the runner, then the
  // words of the key.
  static constexpr size_t kHeadWords = 3;
  static constexpr uint64_t kRunnerMask = 0xffff;

  static constexpr size_t kSlotsPerGroup = 8;
  static constexpr uint64_t kOnes = 0x0101010101010101;
  struct Group {
    uint64_t tags = 0;  // A byte a slot; 0 = free. Filled from the lowest byte.
    std::array<uint32_t, kSlotsPerGroup> records{};
  };

  // How many words the key has, and whether it is wide; above the runner.
  static uint64_t FormOf(const CallKey& key) noexcept {
    return (key.size() << 17) | (key.wide() ? uint64_t{1} << 16 : 0);
  }
  static uint64_t TagOf(uint64_t hash) noexcept { return (hash & 0xff) | 0x80; }
  // The top bit of each byte of `word` that is 0, and perhaps of one above such a byte.
  static uint64_t ZeroBytes(uint64_t word) noexcept { return (word - kOnes) & ~word & kOnes << 7; }

  size_t FirstGroup(uint64_t hash) const noexcept { return (hash >> 32) & mask_; }

  // nullptr: none.
  const uint64_t* RecordFor(const CallKey& key) const noexcept {
    const uint64_t tags = TagOf(key.hash()) * kOnes;
    for (size_t g = FirstGroup(key.hash());; g = (g + 1) & mask_) {
      const Group& group = groups_[g];
      for (uint64_t match = ZeroBytes(group.tags ^ tags); match != 0; match &= match - 1) {
        const uint64_t* record =
            records_.data() + group.records[static_cast<size_t>(std::countr_zero(match)) / 8];
        if (Equals(record, key)) [[likely]]
          return record;
      }
      if (ZeroBytes(group.tags) != 0) return nullptr;
    }
  }
  static bool Equals(const uint64_t* record, const CallKey& key) noexcept {
    if ((record[2] & ~kRunnerMask) != FormOf(key)) return false;
    for (size_t i = 0; i < key.size(); ++i) {
      if (record[kHeadWords + i] != key[i]) return false;
    }
    return true;
  }
  void Link(uint64_t hash, uint32_t record);
  void Grow();

  std::vector<Group> groups_;
  std::vector<uint64_t> records_;
  size_t mask_ = 0;
  uint32_t size_ = 0;
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
