// The table that ChooseOne looks into: for each op, open addressing over plain integers, compared
// exactly (proto/table/slots.h). Built by one thread, constant once it is published; any number of
// threads read it then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "client/cache/entry.h"
#include "client/cache/mapped_op.h"
#include "proto/table/key.h"
#include "proto/table/slots.h"

namespace tactic::cache_internal {

// An entry as a slot holds it: plain data.
struct Head {
  static constexpr unsigned kRunnerBits = 16;  // The rest is for ids: table::kMostDecisionId.

  static Head Of(const Entry& entry) noexcept {
    return {entry.chosen, entry.decision_id << kRunnerBits | static_cast<uint16_t>(entry.runner)};
  }
  Entry entry() const noexcept {
    return {chosen, id_and_runner >> kRunnerBits, static_cast<int16_t>(id_and_runner & 0xffff)};
  }

  const Parameters* chosen;
  uint64_t id_and_runner;
};

// The entries of one op whose inputs have the same ranks. `Size`: uint32_t for narrow keys, else
// uint64_t.
template <typename Size>
class FormTable {
 public:
  using View = table::SlotView<Size, Head>;

  FormTable(uint64_t ranks, size_t sizes, size_t expected) : slots_(ranks, sizes, expected) {}

  uint64_t ranks() const noexcept { return slots_.ranks(); }
  bool Holds(const table::Key& key) const noexcept { return slots_.Holds(key); }
  size_t size() const { return slots_.size(); }
  View view() const noexcept { return slots_.view(); }

  // False: no entry. REQUIRES: Holds(key), and sizes of this width.
  bool Find(const table::Key& key, Entry& entry) const noexcept {
    Head head;
    if (!slots_.Find(key, head)) return false;
    entry = head.entry();
    return true;
  }

  // Calls use(key, entry) for each, in no order.
  template <typename Use>
  void ForEach(Use use) const {
    table::Key key;
    slots_.view().ForEach([&](const Head& head, const auto& word) {
      key.SetWords(slots_.ranks(), sizeof(Size) > sizeof(uint32_t), slots_.words(), word);
      use(key, head.entry());
    });
  }

  // Adds, or replaces the entry of this key. Before the table is published.
  void Put(const table::Key& key, const Entry& entry) { slots_.Put(key, Head::Of(entry)); }

 private:
  table::SlotTable<Size, Head> slots_;
};

// The entries of one op, in as many forms as it has: mostly one, and narrow.
class OpTable {
 public:
  // False: no entry.
  bool Find(const table::Key& key, Entry& entry) const noexcept {
    if (key.wide()) [[unlikely]]
      return FindWide(key, entry);
    for (const FormTable<uint32_t>& form : narrow_) {
      if (form.ranks() == key.ranks()) [[likely]]
        return form.Find(key, entry);
    }
    return false;
  }

  // Adds, or replaces the entry of this key. `expected`: how many entries of its form there will
  // be, about. Before the table is published.
  void Put(const table::Key& key, const Entry& entry, size_t expected = 0);

  // The same for each of `other`.
  void PutAll(const OpTable& other);

  size_t size() const;
  // The largest of its narrow forms; nullptr: it has none.
  const FormTable<uint32_t>* largest() const;

 private:
  bool FindWide(const table::Key& key, Entry& entry) const noexcept;

  std::vector<FormTable<uint32_t>> narrow_;
  std::vector<FormTable<uint64_t>> wide_;
};

// The entries of one op, in layers. What is changed is copied first, and a large op has a small
// table of recent changes, so that a change does not copy all of it.
class alignas(64) OpEntries {
 public:
  // Ops of up to that many entries have one table.
  static constexpr size_t kLarge = 4096;
  // Recent changes that a large op gathers until they go into its table.
  static constexpr size_t kMostRecent = 256;

  OpEntries(std::shared_ptr<const OpTable> given, std::shared_ptr<const MappedOp> mapped);

  // False: no entry.
  [[gnu::always_inline]] bool Find(const table::Key& key, Entry& entry) const noexcept {
    Head head;
    if (!front_.Holds(key) || !front_.Find(key, head)) [[unlikely]]
      return FindBehind(key, entry);
    entry = head.entry();
    return true;
  }
  // Without those of the table file.
  bool FindGiven(const table::Key& key, Entry& entry) const noexcept {
    if (recent_ != nullptr && recent_->Find(key, entry)) return true;
    return given_->Find(key, entry);
  }
  const OpTable& given() const { return *given_; }  // But for recent changes.
  const MappedOp* mapped() const { return mapped_.get(); }

  // With these changes, which come before what there was.
  OpEntries With(const OpTable& changes) const;

 private:
  using View = FormTable<uint32_t>::View;

  [[gnu::noinline]] bool FindBehind(const table::Key& key, Entry& entry) const noexcept;
  void SetFront();

  // Where nearly all calls find their entry, at one step from the table. A wide key is nowhere in
  // it: its large size is equal to none.
  View front_ = View::Empty();
  std::shared_ptr<const OpTable> given_;
  std::shared_ptr<const OpTable> recent_;   // nullptr: none.
  std::shared_ptr<const MappedOp> mapped_;  // nullptr: none.
};

// Every op's entries, by the op's index. A copy shares what is not replaced.
class Table {
 public:
  // False: no entry. REQUIRES: an op that was there when the table was made.
  bool Find(uint32_t op, const table::Key& key, Entry& entry) const noexcept {
    return ops_[op].Find(key, entry);
  }
  void Append(OpEntries entries) { ops_.push_back(std::move(entries)); }
  void Change(uint32_t op, const OpTable& changes) { ops_[op] = ops_[op].With(changes); }
  const OpEntries& Of(uint32_t op) const { return ops_[op]; }

 private:
  std::vector<OpEntries> ops_;
};

}  // namespace tactic::cache_internal
