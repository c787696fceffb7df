#include "server/store/damage.h"

#include "absl/strings/str_cat.h"

namespace tactic {

void Damage::Found(const std::string& table, int64_t rowid, const std::string& consequence) {
  if (!rows_.emplace(table, rowid).second) return;
  log_(absl::StrCat("damaged row left out: table ", table, ", rowid ", rowid, "; ", consequence));
}

}  // namespace tactic
