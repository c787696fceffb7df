// What a table file answers of one registered op. The file's records are probed where they lie;
// what this holds beside is for each candidate of the op, not for each decision.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "client/cache/entry.h"
#include "client/cache/rows.h"
#include "proto/table/mapped_table.h"
#include "tactic/model/ban.h"
#include "tactic/op_spec.h"

namespace tactic::cache_internal {

// Constant once it is made. Keeps the file mapped.
class MappedOp {
 public:
  // `family`: of the file. Candidates that cannot be read, or are banned, are never chosen. A row
  // with none left keeps its entry, which the op cannot run: the file is not written here.
  MappedOp(std::shared_ptr<const table::MappedTable> file, const table::FamilyRecord& family,
           const OpSpec& spec, const OpBans& bans, Names& names);

  // False: no entry.
  bool Find(const table::Key& key, Entry& entry) const noexcept {
    if (key.wide()) [[unlikely]]
      return FindIn(wide_, key, entry);
    return FindIn(narrow_, key, entry);
  }

  // Calls use(inputs, key, entry) for each row that answers the op.
  template <typename Use>
  void ForEach(Use use) const;

 private:
  // What a candidate of the file is for the caller.
  struct Option {
    const Parameters* chosen = nullptr;
    int16_t runner = Entry::kNoRunner;
  };
  template <typename Word>
  struct Form {
    table::SlotView<Word, table::RecordHead> slots;
    std::span<const table::InputRecord> inputs;
  };

  template <typename Word>
  bool FindIn(const std::vector<Form<Word>>& forms, const table::Key& key,
              Entry& entry) const noexcept {
    table::RecordHead head;
    for (const Form<Word>& form : forms) {
      if (!form.slots.Holds(key) || !form.slots.Find(key, head)) continue;
      entry = EntryOf(head);
      return true;
    }
    return false;
  }

  Entry EntryOf(const table::RecordHead& head) const noexcept {
    const Option* option = &options_[head.pick];
    if (option->runner == Entry::kNoRunner) [[unlikely]]
      option = &NextOf(head);
    return {option->chosen, head.decision_id, option->runner};
  }
  // The first one after the pick that the caller has.
  const Option& NextOf(const table::RecordHead& head) const noexcept;

  template <typename Word, typename Use>
  void ForEachIn(const Form<Word>& form, Use& use) const;

  const std::shared_ptr<const table::MappedTable> file_;
  const uint32_t* const rankings_;
  std::vector<Option> options_;  // By candidate of the family.
  std::vector<Form<uint32_t>> narrow_;
  std::vector<Form<uint64_t>> wide_;
};

template <typename Use>
void MappedOp::ForEach(Use use) const {
  for (const auto& form : narrow_) ForEachIn(form, use);
  for (const auto& form : wide_) ForEachIn(form, use);
}

template <typename Word, typename Use>
void MappedOp::ForEachIn(const Form<Word>& form, Use& use) const {
  table::Key key;
  form.slots.ForEach([&](const table::RecordHead& head, const auto& word) {
    key.SetWords(form.slots.ranks(), sizeof(Word) > sizeof(uint32_t), form.slots.words(), word);
    use(form.inputs, key, EntryOf(head));
  });
}

}  // namespace tactic::cache_internal
