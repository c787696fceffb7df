#include <utility>

#include "proto/convert/convert.h"

namespace tactic::convert {

void ToProto(const Ban& from, v1::Ban* to) {
  to->Clear();
  v1::Candidate candidate;
  ToProto(Candidate{from.runner, from.tactic.value_or(Tactic())}, &candidate);
  *to->mutable_runner() = std::move(*candidate.mutable_runner());
  if (from.tactic) *to->mutable_tactic()->mutable_parameters() = candidate.tactic();
  to->set_op(from.op);
  to->set_reason(from.reason);
  to->set_client(from.client);
  to->set_created_unix_ms(from.created_unix_ms);
}

Result<Ban> BannedFromProto(std::string_view field, const v1::Ban& from) {
  v1::Candidate message;
  *message.mutable_runner() = from.runner();
  *message.mutable_tactic() = from.tactic().parameters();
  Result<Candidate> candidate = FromProto(field, message);
  if (!candidate.ok()) return candidate.error();
  Ban ban;
  ban.runner = std::move(candidate->runner);
  if (from.has_tactic()) ban.tactic = std::move(candidate->tactic);
  ban.op = from.op();
  if (const Check check = CheckBanned(field, ban); !check.ok()) return check.error();
  return ban;
}

Result<Ban> FromProto(std::string_view field, const v1::Ban& from) {
  Result<Ban> ban = BannedFromProto(field, from);
  if (!ban.ok()) return ban;
  ban->reason = from.reason();
  ban->client = from.client();
  ban->created_unix_ms = from.created_unix_ms();
  if (const Check check = CheckBan(field, *ban); !check.ok()) return check.error();
  return ban;
}

}  // namespace tactic::convert
