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
