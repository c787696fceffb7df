// The Tuner's import: contests of another store become ours.
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/core/status_macros.h"
#include "server/core/tuner.h"

namespace tactic {

absl::StatusOr<std::optional<StoredContest>> Tuner::NextContest(uint64_t after,
                                                                uint64_t& damaged) const {
  return store_.NextContest(after, damaged);
}

absl::Status Tuner::Import(ImportSession& session, const std::vector<StoredContest>& contests) {
  MutexLock write(write_mu_);
  const absl::Status status = TakeContests(session, contests);
  if (status.ok()) {
    session.Commit();
  } else {
    session.Abandon();
  }
  return status;
}

absl::Status Tuner::TakeContests(ImportSession& session,
                                 const std::vector<StoredContest>& contests) {
  if (store_in_doubt_) RETURN_IF_ERROR(Reconcile());
  ASSIGN_OR_RETURN(const std::vector<StoredContest> wanted, PlanImport(session, contests));
  if (session.dry_run() || wanted.empty()) return absl::OkStatus();
  return StoreImported(wanted);
}

absl::StatusOr<std::vector<StoredContest>> Tuner::PlanImport(
    ImportSession& session, const std::vector<StoredContest>& contests) {
  std::vector<StoredContest> wanted;
  for (const StoredContest& contest : contests) {
    const Fingerprint key = FingerprintOf(contest.key);
    std::optional<ImportSession::Holder> ours;
    const ImportSession::Holder* holder = session.FindPlanned(key);
    if (const DecisionPtr standing = catalog_.Find(key); holder == nullptr && standing != nullptr) {
      absl::StatusOr<Evidence> evidence = store_.LoadEvidence(standing->id);
      if (absl::IsDataLoss(evidence.status()))
        evidence = Evidence();  // What is left proves nothing.
      RETURN_IF_ERROR(evidence.status());
      ours = {*standing, StrengthOf(*standing, *evidence)};
      holder = &*ours;
    }
    bool stored = session.HasPlanned(contest);
    if (!stored) {
      ASSIGN_OR_RETURN(stored, store_.HasContest(contest));
    }
    StoredContest taken = contest;
    if (session.Plan(taken, stored, holder)) wanted.push_back(std::move(taken));
  }
  return wanted;
}

absl::Status Tuner::StoreImported(const std::vector<StoredContest>& contests) {
  absl::StatusOr<std::vector<std::optional<Decision>>> stored = store_.AddContests(contests);
  if (stored.ok()) {
    for (std::optional<Decision>& decision : *stored) {
      if (decision && decision->revision != 0) catalog_.Publish(*std::move(decision));
    }
    return absl::OkStatus();
  }
  Report({TunerEvent::Kind::kStoreFailed, "", "", "", stored.status().ToString()});
  // They may be stored all the same: read back before anything is said about them.
  store_in_doubt_ = true;
  static_cast<void>(Reconcile());
  return absl::Status(stored.status().code(),
                      absl::StrCat("could not be stored: ", stored.status().message()));
}

}  // namespace tactic
