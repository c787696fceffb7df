#include "server/store/put_checks.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "server/core/status_macros.h"
#include "tactic/model/codec.h"

namespace tactic {
namespace {

absl::Status CheckHead(const Job& job) {
  if (job.id.empty()) return absl::InvalidArgumentError("job.id is empty; a job needs an id");
  for (size_t i = 0; i < job.runners.size(); ++i) {
    const Check check = CheckName(absl::StrCat("job.runners[", i, "]"), job.runners[i]);
    if (!check.ok()) return absl::InvalidArgumentError(check.error().message);
  }
  return absl::OkStatus();
}

// Whether a value that was encoded can be decoded.
template <typename T>
absl::Status CheckDecodes(const std::string& field, const Result<T>& decoded) {
  if (decoded.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " cannot be stored: ", decoded.error().message));
}

absl::Status CheckItem(const Job& job, size_t index) {
  const JobItem& item = job.items[index];
  const std::string field = absl::StrCat("job.items[", index, "]");
  if (const Fingerprint expected = FingerprintOf(item.key); item.fingerprint != expected) {
    return absl::InvalidArgumentError(absl::StrCat(
        field, ".fingerprint is ", ToHex(item.fingerprint), "; its key's is ", ToHex(expected)));
  }
  return CheckDecodes(field + ".key", DecodeKey(Encode(item.key)));
}

absl::Status CheckDecision(const Key& key, const Decision& decision) {
  if (decision.ranking.empty()) {
    return absl::InvalidArgumentError(
        "decision.ranking is empty; a contest without a valid candidate has no decision");
  }
  if (decision.key != key) {
    return absl::InvalidArgumentError(
        absl::StrCat("decision.key is ", ToHex(FingerprintOf(decision.key)),
                     "; the contest's key is ", ToHex(FingerprintOf(key))));
  }
  return CheckDecodes("decision.ranking", DecodeRanking(Encode(decision.ranking)));
}

}  // namespace

absl::Status CheckContest(const Key& key, const std::optional<Decision>& decision,
                          const Evidence& evidence) {
  if (decision) RETURN_IF_ERROR(CheckDecision(key, *decision));
  RETURN_IF_ERROR(CheckDecodes("key", DecodeKey(Encode(key))));
  if (evidence.disturbances.size() > limits::kDisturbances) {
    return absl::InvalidArgumentError(
        absl::StrCat("evidence.disturbances: count ", evidence.disturbances.size(),
                     " is out of bounds; must be 0 .. ", limits::kDisturbances));
  }
  for (size_t i = 0; i < evidence.trials.size(); ++i) {
    const Trial& trial = evidence.trials[i];
    const std::string field = absl::StrCat("evidence.trials[", i, "]");
    RETURN_IF_ERROR(CheckDecodes(field + ".candidate", DecodeCandidate(Encode(trial.candidate))));
    RETURN_IF_ERROR(CheckDecodes(field + ".samples", DecodeSamples(Encode(trial.samples))));
  }
  return absl::OkStatus();
}

absl::Status CheckJob(const Job& job) {
  RETURN_IF_ERROR(CheckHead(job));
  for (size_t i = 0; i < job.items.size(); ++i) RETURN_IF_ERROR(CheckItem(job, i));
  return absl::OkStatus();
}

absl::Status CheckJobItem(const Job& job, size_t index) {
  if (index >= job.items.size()) {
    return absl::NotFoundError(absl::StrCat("job ", job.id, " has ", job.items.size(),
                                            " items; there is none of index ", index));
  }
  RETURN_IF_ERROR(CheckHead(job));
  return CheckItem(job, index);
}

absl::Status CheckMisses(const std::vector<MissedCall>& misses) {
  for (size_t i = 0; i < misses.size(); ++i) {
    const std::string field = absl::StrCat("misses[", i, "]");
    RETURN_IF_ERROR(CheckDecodes(field + ".key", DecodeKey(Encode(misses[i].key))));
    RETURN_IF_ERROR(CheckDecodes(field + ".shapes", DecodeShapes(Encode(misses[i].shapes))));
    if (misses[i].count > 0) continue;
    return absl::InvalidArgumentError(field + ".count is 0; must be at least 1");
  }
  return absl::OkStatus();
}

absl::Status CheckItemCount(const Job& job, size_t stored) {
  if (job.items.size() == stored) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("job ", job.id, " has ", job.items.size(),
                                                 " items; the stored one has ", stored));
}

absl::Status CheckBanToStore(const Ban& ban) {
  const Check check = CheckBan("ban.", ban);
  return check.ok() ? absl::OkStatus() : absl::InvalidArgumentError(check.error().message);
}

absl::Status CheckRoomForBan(size_t held) {
  if (held < limits::kBans) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("bans: ", held, " are held, as many as may be (", limits::kBans,
                   "); lift some, or ban every tactic of a runner at once"));
}

}  // namespace tactic
