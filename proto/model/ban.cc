#include "tactic/model/ban.h"

#include <algorithm>
#include <iterator>

#include "proto/model/text.h"
#include "tactic/model/codec.h"

namespace tactic {
namespace {

using internal::Field;

bool IsOf(const Ban& ban, std::string_view op) { return ban.op.empty() || ban.op == op; }

bool Covers(const Ban& ban, const Candidate& candidate) {
  return ban.runner == candidate.runner && (!ban.tactic || *ban.tactic == candidate.tactic);
}

}  // namespace

std::string ToText(const Ban& ban) {
  std::string text = ban.runner.name;
  if (ban.tactic) text += " " + ban.tactic->ToText();
  if (!ban.runner.unique_id.empty()) text += " (unique id " + ban.runner.unique_id + ")";
  return text + (ban.op.empty() ? " of every op" : " of " + ban.op);
}

Check CheckBanned(std::string_view field, const Ban& ban) {
  const std::string prefix(field);
  const Candidate candidate{ban.runner, ban.tactic.value_or(Tactic())};
  if (Check check = CheckCandidate(field, candidate); !check.ok()) return check;
  const size_t bytes = Encode(candidate).size() - Encode(Candidate{ban.runner, {}}).size();
  if (bytes > limits::kBanTacticBytes) {
    return InvalidArgument(
        prefix + "tactic: " + std::to_string(bytes) + " bytes in canonical form; must be 0 to " +
        std::to_string(limits::kBanTacticBytes) + "; ban every tactic of the runner instead");
  }
  return ban.op.empty() ? Ok() : CheckName(prefix + "op", ban.op);
}

Check CheckBan(std::string_view field, const Ban& ban) {
  Check check = CheckBanned(field, ban);
  const Field prefix(field);
  if (check.ok()) {
    check = internal::CheckText(Field(prefix, "reason"), ban.reason, 1, limits::kBanReasonBytes);
  }
  if (check.ok()) {
    check = internal::CheckText(Field(prefix, "client"), ban.client, 0, limits::kBanClientBytes);
  }
  return check;
}

bool SameBan(const Ban& a, const Ban& b) {
  return a.runner == b.runner && a.op == b.op && a.tactic == b.tactic;
}

const Ban* FindBan(std::span<const Ban> bans, std::string_view op, const Candidate& candidate) {
  const auto found = std::find_if(bans.begin(), bans.end(), [&](const Ban& ban) {
    return IsOf(ban, op) && Covers(ban, candidate);
  });
  return found == bans.end() ? nullptr : &*found;
}

OpBans::OpBans(std::span<const Ban> bans, std::string_view op) {
  std::copy_if(bans.begin(), bans.end(), std::back_inserter(bans_),
               [op](const Ban& ban) { return IsOf(ban, op); });
}

const Ban* OpBans::Find(const Candidate& candidate) const {
  const auto found = std::find_if(bans_.begin(), bans_.end(),
                                  [&](const Ban& ban) { return Covers(ban, candidate); });
  return found == bans_.end() ? nullptr : &*found;
}

std::string WhyBanned(const Ban& ban) { return "banned: " + ban.reason; }

bool RanksBanned(std::span<const Ban> bans, const Decision& decision) {
  return !bans.empty() &&
         std::any_of(decision.ranking.begin(), decision.ranking.end(), [&](const Ranked& ranked) {
           return FindBan(bans, decision.key.problem.op, ranked.candidate) != nullptr;
         });
}

std::optional<Decision> WithoutBanned(std::span<const Ban> bans, const Decision& decision) {
  Decision left = decision;
  std::erase_if(left.ranking, [&](const Ranked& ranked) {
    return FindBan(bans, decision.key.problem.op, ranked.candidate) != nullptr;
  });
  if (left.ranking.empty()) return std::nullopt;
  return left;
}

}  // namespace tactic
