// The table that ChooseOne looks into: for each op, open addressing over plain integers, compared
// exactly (proto/table/slots.h). Built by one thread, constant once it is published; any number of
// threads read it then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "client/cache/call_key.h"
#include "client/cache/entry.h"
#include "client/cache/mapped_op.h"
#include "proto/table/slots.h"

namespace tactic::cache_internal {

// The entries of one op whose inputs have the same ranks. `Size`: uint32_t for narrow keys, else
// uint64_t.
template <typename Size>
class FormTable {
 public:
  FormTable(uint64_t ranks, size_t sizes) : slots_(ranks, sizes) {}

  uint64_t ranks() const noexcept { return slots_.ranks(); }
  bool Holds(const CallKey& key) const noexcept { return slots_.Holds(key); }
  size_t size() const { return slots_.size(); }

  // False: no entry. REQUIRES: Holds(key), and sizes of this width.
  bool Find(const CallKey& key, Entry& entry) const noexcept {
    Head head;
    if (!slots_.Find(key, head)) return false;
    entry.chosen = head.chosen;
    entry.decision_id = head.id_and_runner >> kRunnerBits;
    entry.runner = static_cast<int16_t>(head.id_and_runner & kRunnerMask);
    return true;
  }

  // Adds, or replaces the entry of this key. Before the table is published.
  void Put(const CallKey& key, const Entry& entry) {
    slots_.Put(key, {entry.chosen,
                     entry.decision_id << kRunnerBits | static_cast<uint16_t>(entry.runner)});
  }

 private:
  struct Head {
    const Parameters* chosen;
    uint64_t id_and_runner;
  };
  static constexpr unsigned kRunnerBits = 16;  // The rest is for ids: table::kMostDecisionId.
  static constexpr uint64_t kRunnerMask = 0xffff;

  table::SlotTable<Size, Head> slots_;
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

// Every op's entries, by the op's index: those that the cache was given, and behind them those of a
// table file. A copy shares what is not replaced.
class Table {
 public:
  struct Op {
    std::shared_ptr<const OpTable> given;
    std::shared_ptr<const MappedOp> mapped;  // nullptr: none.
  };

  // False: no entry. REQUIRES: an op that was there when the table was made.
  bool Find(uint32_t op, const CallKey& key, Entry& entry) const noexcept {
    const Op& of = ops_[op];
    if (of.given->Find(key, entry)) [[likely]]
      return true;
    return of.mapped != nullptr && of.mapped->Find(key, entry);
  }
  void Append(Op op) { ops_.push_back(std::move(op)); }
  void SetGiven(uint32_t op, std::shared_ptr<const OpTable> given) {
    ops_[op].given = std::move(given);
  }
  const Op& Of(uint32_t op) const { return ops_[op]; }

 private:
  std::vector<Op> ops_;
};

}  // namespace tactic::cache_internal
