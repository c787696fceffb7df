#include "server/lane/contest.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/convert/contest.h"
#include "proto/convert/convert.h"

namespace tactic {
namespace {

bool IsOwnStep(uint32_t phase) {
  const auto known = static_cast<wire::LaunchPhase>(phase);
  return known == wire::LaunchPhase::kEnumerate || known == wire::LaunchPhase::kReference;
}

bool IsIdle(uint32_t phase) {
  return static_cast<wire::LaunchPhase>(phase) == wire::LaunchPhase::kIdle;
}

std::string WithPhase(const Death& death) {
  return absl::StrCat(death.detail, " while ", std::string(PhaseName(death.journal.phase)));
}

Outcome OutcomeOf(Death::Kind kind) {
  switch (kind) {
    case Death::Kind::kHang:
      return Outcome::kTimedOut;
    case Death::Kind::kProtocolError:
      return Outcome::kProtocolError;
    case Death::Kind::kCrash:
      break;
  }
  return Outcome::kCrashed;
}

}  // namespace

Contest::Contest(const ContestSpec& spec, std::vector<RunnerId> runners, uint64_t run,
                 uint64_t memory_limit_bytes)
    : spec_(spec),
      run_(run),
      memory_limit_bytes_(memory_limit_bytes),
      record_(std::move(runners), spec.bans) {}

v1::Run Contest::NextRun(bool with_samples) const {
  v1::Run message;
  message.set_run(run_ + epoch_);
  convert::ToProto(spec_.key.problem, message.mutable_problem());
  convert::ToProto(spec_.key.policy, message.mutable_policy());
  message.mutable_runners()->Assign(spec_.runners.begin(), spec_.runners.end());
  if (spec_.incumbent) convert::ToProto(*spec_.incumbent, message.mutable_incumbent());
  for (const Neighbour& neighbour : spec_.neighbours) {
    convert::ToProto(neighbour, message.add_neighbours());
  }
  for (const Ban& ban : spec_.bans.all()) convert::ToProto(ban, message.add_bans());
  message.set_thorough(spec_.thorough);
  message.set_spent_seconds(spent_seconds_);
  message.set_seed(spec_.seed);
  message.set_epoch(epoch_);
  message.set_memory_limit_bytes(memory_limit_bytes_);
  for (uint32_t i = 0; i < record_.size(); ++i) {
    const Trial& trial = record_.trial(i);
    if (!record_.failed(i) && (!with_samples || trial.samples.empty())) continue;
    v1::Trial* earlier = message.add_earlier();
    convert::ToProto(trial, earlier);
    if (!with_samples) earlier->clear_samples();
  }
  for (const uint32_t i : suspects_) {
    convert::ToProto(record_.trial(i).candidate, message.add_suspects());
  }
  return message;
}

std::optional<uint32_t> Contest::FirstUnseenSuspect() const {
  for (const uint32_t i : suspects_) {
    if (!record_.SeenIn(epoch_, i)) return i;
  }
  return std::nullopt;
}

std::optional<uint32_t> Contest::Culprit(const Death& death) const {
  if (death.ran_during_damage.size() == 1) return death.ran_during_damage.front();
  if (IsOwnStep(death.journal.phase)) return std::nullopt;
  const std::optional<uint32_t> named = CandidateOf(death.journal, record_.size());
  if (IsIdle(death.journal.phase) && !named) return std::nullopt;
  const std::optional<uint32_t> suspect = FirstUnseenSuspect();
  return suspect ? suspect : named;
}

std::vector<uint32_t> Contest::NotFailed(std::optional<uint32_t> first) const {
  std::vector<uint32_t> all;
  if (first && !record_.failed(*first)) all.push_back(*first);
  for (uint32_t i = 0; i < record_.size(); ++i) {
    if (!record_.failed(i) && first != i) all.push_back(i);
  }
  return all;
}

void Contest::Convict(uint32_t candidate, const Death& death, std::string_view why) {
  record_.Fail(candidate, OutcomeOf(death.kind), absl::StrCat(WithPhase(death), std::string(why)));
  last_finding_ = absl::StrCat(ToText(record_.trial(candidate).candidate), ": ",
                               record_.trial(candidate).detail);
  suspects_.clear();
}

void Contest::Suspect(uint32_t candidate, const Death& death) {
  last_finding_ =
      absl::StrCat(ToText(record_.trial(candidate).candidate), " is suspected: ", WithPhase(death));
  // Suspected again: the journal may be lying about it.
  suspects_ = deaths_[candidate] > 1 ? NotFailed(candidate) : std::vector<uint32_t>{candidate};
}

bool Contest::AddUnblamed(const Death& death) {
  ++unblamed_;
  if (IsOwnStep(death.journal.phase)) ++own_step_;
  last_finding_ = absl::StrCat("no candidate is to blame: ", WithPhase(death));
  suspects_ = NotFailed(std::nullopt);
  return false;
}

bool Contest::AddDeath(const Death& death) {
  const std::optional<uint32_t> culprit = Culprit(death);
  const bool first_of_suspects = culprit && culprit == FirstUnseenSuspect();
  const bool several = death.ran_during_damage.size() > 1;
  bool blamed = true;
  if (several) {
    // Rubbish in a round of several: only alone can it be told whose it was.
    ++unblamed_;
    last_finding_ = absl::StrCat("one of ", death.ran_during_damage.size(),
                                 " candidates is suspected: ", WithPhase(death));
    suspects_ = death.ran_during_damage;
  } else if (!culprit) {
    blamed = AddUnblamed(death);
  } else if (death.kind == Death::Kind::kHang && !IsIdle(death.journal.phase)) {
    Convict(*culprit, death, "");
  } else if (++deaths_[*culprit] > 1 && first_of_suspects) {
    Convict(*culprit, death, ", also when run before all others in a fresh worker");
  } else if (deaths_[*culprit] >= kDeathsOfCandidate) {
    Convict(*culprit, death, absl::StrCat("; ", kDeathsOfCandidate, " times in one contest"));
  } else {
    Suspect(*culprit, death);
  }
  if (blamed) ++blamed_;
  ++epoch_;
  return blamed;
}

absl::Status Contest::GoOn() const {
  if (own_step_ >= kOwnStepDeaths) {
    return absl::InvalidArgumentError(
        absl::StrCat("the problem cannot be run: ", own_step_, " workers died; ", last_finding_));
  }
  if (unblamed_ >= kUnblamedDeaths) {
    return absl::UnavailableError(
        absl::StrCat(unblamed_, " workers died in one contest; ", last_finding_));
  }
  return absl::OkStatus();
}

std::optional<std::string> Contest::WornOut() const {
  if (blamed_ < kBlamedDeaths) return std::nullopt;
  return absl::StrCat("given up after candidates ended ", blamed_,
                      " workers; the last: ", last_finding_);
}

}  // namespace tactic
