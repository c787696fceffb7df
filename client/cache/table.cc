#include "client/cache/table.h"

#include <algorithm>

namespace tactic::cache_internal {
namespace {

template <typename Forms>
void PutInto(Forms& forms, const CallKey& key, const Entry& entry) {
  auto form =
      std::find_if(forms.begin(), forms.end(), [&](const auto& known) { return known.Holds(key); });
  if (form == forms.end()) form = forms.emplace(form, key.ranks(), key.size());
  form->Put(key, entry);
}

}  // namespace

template <typename Size>
void FormTable<Size>::Put(const CallKey& key, const Entry& entry) {
  auto* record = const_cast<uint32_t*>(RecordFor(key));
  if (record == nullptr) {
    if ((size_ + 1) * 8 > groups_.size() * kSlotsPerGroup * 7) Grow();
    record = Take(key.hash());
    ++size_;
    for (size_t i = 0; i < sizes_; ++i) {
      const auto size = static_cast<Size>(key[i]);
      std::memcpy(record + kHead + i * kSize, &size, sizeof(size));
    }
  }
  const Head head{entry.chosen,
                  entry.decision_id << kRunnerBits | static_cast<uint16_t>(entry.runner)};
  std::memcpy(record, &head, sizeof(head));
}

template <typename Size>
uint32_t* FormTable<Size>::Take(uint64_t hash) {
  size_t g = FirstGroup(hash);
  while (ZeroBytes(groups_[g]) == 0) g = Next(g);
  const auto slot = static_cast<size_t>(std::countr_zero(ZeroBytes(groups_[g]))) / 8;
  groups_[g] |= TagOf(hash) << (8 * slot);
  return records_.data() + (g * kSlotsPerGroup + slot) * stride();
}

// By a quarter, so that a table of any size is at least two thirds full: what is read at random
// should fit the caches. Records hold no hash: their keys are hashed again.
template <typename Size>
void FormTable<Size>::Grow() {
  const std::vector<uint64_t> old_groups = std::move(groups_);
  const std::vector<uint32_t> old_records = std::move(records_);
  groups_.assign(old_groups.size() + old_groups.size() / 4 + 1, 0);
  records_.assign(groups_.size() * kSlotsPerGroup * stride(), 0);
  for (size_t slot = 0; slot < old_groups.size() * kSlotsPerGroup; ++slot) {
    if ((old_groups[slot / kSlotsPerGroup] >> (8 * (slot % kSlotsPerGroup)) & 0xff) == 0) continue;
    const uint32_t* record = old_records.data() + slot * stride();
    uint64_t sum = 0;
    for (size_t i = 0; i < sizes_; ++i) sum += CallKey::Term(i, SizeAt(record, i));
    std::copy_n(record, stride(), Take(CallKey::HashOf(ranks_, sum)));
  }
}

template class FormTable<uint32_t>;
template class FormTable<uint64_t>;

bool OpTable::FindWide(const CallKey& key, Entry& entry) const noexcept {
  for (const FormTable<uint64_t>& form : wide_) {
    if (form.Holds(key)) return form.Find(key, entry);
  }
  return false;
}

void OpTable::Put(const CallKey& key, const Entry& entry) {
  if (key.wide()) {
    PutInto(wide_, key, entry);
  } else {
    PutInto(narrow_, key, entry);
  }
}

size_t OpTable::size() const {
  size_t size = 0;
  for (const auto& form : narrow_) size += form.size();
  for (const auto& form : wide_) size += form.size();
  return size;
}

}  // namespace tactic::cache_internal
