// What must not be run, whatever was measured.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tactic/model/decision.h"
#include "tactic/model/parameters.h"
#include "tactic/model/result.h"

namespace tactic {

// Somebody's statement that a candidate, or all of a runner's, must not be run. `runner`, `tactic`
// and `op` say what is banned, and are the ban's identity; the rest is for people. Another unique
// id is another runner: a version that is mended is not banned.
struct Ban {
  RunnerId runner;
  std::optional<Tactic> tactic;  // nullopt: every tactic of the runner. Empty: its default.
  std::string op;                // Empty: of every op.
  std::string reason;
  std::string client;  // Who banned it.
  int64_t created_unix_ms = 0;
  bool operator==(const Ban&) const = default;
};

namespace limits {
inline constexpr size_t kBans = 1024;  // That a daemon holds.
inline constexpr size_t kBanReasonBytes = 256;
inline constexpr size_t kBanClientBytes = 128;
// Of a banned tactic in canonical form, so that all bans together fit into a message.
inline constexpr size_t kBanTacticBytes = 512;
}  // namespace limits

// "openblas (unique id 0.3.21) of gemm": what is banned, for people.
std::string ToText(const Ban& ban);

// Names, the reason's length, the tactic's size. `field` prefixes the name in the message ("ban.").
Check CheckBan(std::string_view field, const Ban& ban);
// Only of what is banned.
Check CheckBanned(std::string_view field, const Ban& ban);

// Whether two bans are one, whatever their reasons.
bool SameBan(const Ban& a, const Ban& b);

// The first ban that covers this candidate of `op`; nullptr: it is not banned.
const Ban* FindBan(std::span<const Ban> bans, std::string_view op, const Candidate& candidate);
// The bans that concern one op.
class OpBans {
 public:
  OpBans() = default;
  OpBans(std::span<const Ban> bans, std::string_view op);

  const std::vector<Ban>& all() const { return bans_; }
  // The first one that covers this candidate of the op; nullptr: it is not banned.
  const Ban* Find(const Candidate& candidate) const;

 private:
  std::vector<Ban> bans_;
};
// Why a trial of what is banned was rejected: "banned: wrong results".
std::string WhyBanned(const Ban& ban);

// Whether anything that the decision ranks is banned.
bool RanksBanned(std::span<const Ban> bans, const Decision& decision);
// The decision with its ranking less what is banned; nullopt: nothing is left.
std::optional<Decision> WithoutBanned(std::span<const Ban> bans, const Decision& decision);

}  // namespace tactic
