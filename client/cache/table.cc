#include "client/cache/table.h"

namespace tactic::cache_internal {

OpTable::OpTable() : groups_(1) {}

void OpTable::Put(const CallKey& key, const Entry& entry) {
  const uint64_t* found = RecordFor(key);
  size_t at = records_.size();
  if (found != nullptr) {
    at = static_cast<size_t>(found - records_.data());
  } else {
    if ((size_ + 1) * 3 > groups_.size() * kSlotsPerGroup * 2) Grow();
    Link(key.hash(), static_cast<uint32_t>(at));
    records_.resize(at + kHeadWords);
    for (size_t i = 0; i < key.size(); ++i) records_.push_back(key[i]);
    ++size_;
  }
  records_[at] = reinterpret_cast<uint64_t>(entry.chosen);
  records_[at + 1] = entry.decision_id;
  records_[at + 2] = FormOf(key) | static_cast<uint16_t>(entry.runner);
}

void OpTable::Link(uint64_t hash, uint32_t record) {
  size_t g = FirstGroup(hash);
  while (ZeroBytes(groups_[g].tags) == 0) g = (g + 1) & mask_;
  Group& group = groups_[g];
  const auto slot = static_cast<size_t>(std::countr_zero(ZeroBytes(group.tags))) / 8;
  group.tags |= TagOf(hash) << (8 * slot);
  group.records[slot] = record;
}

// Twice the groups. Records hold no hash: their keys are hashed again.
void OpTable::Grow() {
  groups_.assign(groups_.size() * 2, Group());
  mask_ = groups_.size() - 1;
  for (size_t at = 0; at < records_.size();) {
    const size_t words = records_[at + 2] >> 17;
    Link(CallKey::HashOf({records_.data() + at + kHeadWords, words}), static_cast<uint32_t>(at));
    at += kHeadWords + words;
  }
}

size_t OpTable::Bytes() const {
  return groups_.capacity() * sizeof(Group) + records_.capacity() * sizeof(uint64_t);
}

}  // namespace tactic::cache_internal
