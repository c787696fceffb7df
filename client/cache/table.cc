#include "client/cache/table.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace tactic::cache_internal {
namespace {

template <typename Forms>
void PutInto(Forms& forms, const table::Key& key, const Entry& entry, size_t expected) {
  auto form =
      std::find_if(forms.begin(), forms.end(), [&](const auto& known) { return known.Holds(key); });
  if (form == forms.end()) form = forms.emplace(form, key.ranks(), key.size(), expected);
  form->Put(key, entry);
}

}  // namespace

bool OpTable::FindWide(const table::Key& key, Entry& entry) const noexcept {
  for (const FormTable<uint64_t>& form : wide_) {
    if (form.Holds(key)) return form.Find(key, entry);
  }
  return false;
}

void OpTable::Put(const table::Key& key, const Entry& entry, size_t expected) {
  if (key.wide()) {
    PutInto(wide_, key, entry, expected);
  } else {
    PutInto(narrow_, key, entry, expected);
  }
}

void OpTable::PutAll(const OpTable& other) {
  const auto put = [this](const table::Key& key, const Entry& entry) { Put(key, entry); };
  for (const auto& form : other.narrow_) form.ForEach(put);
  for (const auto& form : other.wide_) form.ForEach(put);
}

size_t OpTable::size() const {
  size_t size = 0;
  for (const auto& form : narrow_) size += form.size();
  for (const auto& form : wide_) size += form.size();
  return size;
}

const FormTable<uint32_t>* OpTable::largest() const {
  const auto largest =
      std::max_element(narrow_.begin(), narrow_.end(),
                       [](const auto& a, const auto& b) { return a.size() < b.size(); });
  return largest == narrow_.end() ? nullptr : &*largest;
}

OpEntries::OpEntries(std::shared_ptr<const OpTable> given, std::shared_ptr<const MappedOp> mapped)
    : given_(std::move(given)), mapped_(std::move(mapped)) {
  SetFront();
}

void OpEntries::SetFront() {
  const auto* largest = given_->largest();
  // What is recent comes before it.
  front_ = largest == nullptr || recent_ != nullptr ? View::Empty() : largest->view();
}

bool OpEntries::FindBehind(const table::Key& key, Entry& entry) const noexcept {
  if (FindGiven(key, entry)) return true;
  return mapped_ != nullptr && mapped_->Find(key, entry);
}

OpEntries OpEntries::With(const OpTable& changes) const {
  OpEntries next = *this;
  auto recent = recent_ ? std::make_shared<OpTable>(*recent_) : std::make_shared<OpTable>();
  recent->PutAll(changes);
  if (given_->size() > kLarge && recent->size() <= kMostRecent) {
    next.recent_ = std::move(recent);
    next.SetFront();
    return next;
  }
  auto given = std::make_shared<OpTable>(*given_);
  given->PutAll(*recent);
  next.given_ = std::move(given);
  next.recent_.reset();
  next.SetFront();
  return next;
}

}  // namespace tactic::cache_internal
