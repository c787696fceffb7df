// The Tuner's bans: what must not be run.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/core/status_macros.h"
#include "server/core/tuner.h"

namespace tactic {
namespace {

bool Holds(const BanList& list, const Ban& ban) {
  return std::any_of(list.bans.begin(), list.bans.end(),
                     [&ban](const Ban& other) { return SameBan(ban, other); });
}

}  // namespace

absl::StatusOr<bool> Tuner::PutBan(Ban ban) {
  MutexLock write(write_mu_);
  const BansPtr before = catalog_.Bans();
  const bool known = Holds(*before, ban);
  if (!known && before->bans.size() >= limits::kBans) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "bans: ", limits::kBans,
        " hold, as many as may be; lift some (tacticctl unban), or ban every tactic of "
        "a runner at once"));
  }
  ban.created_unix_ms = clock_.UnixMillis();
  RETURN_IF_ERROR(ShowChangedBans(store_.PutBan(ban)));
  Report({TunerEvent::Kind::kBanned, "", "", "",
          absl::StrCat(ToText(ban), " by ", ban.client, ": ", ban.reason)});
  return known;
}

absl::StatusOr<bool> Tuner::RemoveBan(const Ban& ban) {
  MutexLock write(write_mu_);
  const absl::StatusOr<bool> removed = store_.RemoveBan(ban);
  RETURN_IF_ERROR(ShowChangedBans(removed.status()));
  if (*removed) Report({TunerEvent::Kind::kUnbanned, "", "", "", ToText(ban)});
  return *removed;
}

absl::Status Tuner::ShowChangedBans(const absl::Status& changed) {
  const absl::Status shown = ShowBans();
  if (changed.ok() && shown.ok()) return absl::OkStatus();
  // It may be stored all the same: what cannot be read back now is read back later.
  store_in_doubt_ = store_in_doubt_ || !shown.ok();
  const absl::Status& why = changed.ok() ? shown : changed;
  Report({TunerEvent::Kind::kStoreFailed, "", "", "", why.ToString()});
  return absl::Status(why.code(), absl::StrCat("could not be stored: ", why.message()));
}

absl::Status Tuner::ShowBans() {
  uint64_t damaged = 0;
  ASSIGN_OR_RETURN(std::vector<Ban> bans, store_.LoadBans(damaged));
  if (damaged > catalog_.Bans()->damaged) {
    Report({TunerEvent::Kind::kBansDamaged, "", "", "",
            absl::StrCat(damaged,
                         " bans in the store are damaged and do NOT hold; ban again what "
                         "they banned (tacticctl bans shows those that hold)")});
  }
  catalog_.SetBans(std::move(bans), damaged);
  return absl::OkStatus();
}

}  // namespace tactic
