#include "server/core/stored_contest.h"

#include <bit>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "tactic/model/codec.h"

namespace tactic {
namespace {

// Numbers little-endian, strings with their length in front: no two contents give the same bytes.
class ContentBytes {
 public:
  void Add(std::string_view text) {
    Add(uint64_t{text.size()});
    bytes_ += text;
  }
  void Add(uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) bytes_ += static_cast<char>(number >> shift & 0xff);
  }
  // A store may keep -0.0 as 0.
  void Add(double number) { Add(std::bit_cast<uint64_t>(number == 0 ? 0.0 : number)); }
  void Add(const Fingerprint& fingerprint) {
    Add(fingerprint.high);
    Add(fingerprint.low);
  }
  const std::string& text() const { return bytes_; }

 private:
  std::string bytes_;
};

Fingerprint VerdictOf(const Decision& decision) {
  ContentBytes bytes;
  bytes.Add(Encode(decision.ranking));
  bytes.Add(decision.default_ns);
  bytes.Add(static_cast<uint64_t>(decision.reason));
  bytes.Add(uint64_t{decision.tied});
  bytes.Add(static_cast<uint64_t>(decision.created_unix_ms));
  return Hash128(bytes.text());
}

}  // namespace

bool SameVerdict(const Decision& a, const Decision& b) {
  return a.ranking == b.ranking && a.default_ns == b.default_ns && a.reason == b.reason &&
         a.tied == b.tied && a.created_unix_ms == b.created_unix_ms &&
         FingerprintOf(a.key) == FingerprintOf(b.key);
}

Fingerprint ContentOf(const StoredContest& contest) {
  ContentBytes bytes;
  bytes.Add(FingerprintOf(contest.key));
  if (contest.decision) bytes.Add(VerdictOf(*contest.decision));
  bytes.Add(uint64_t{contest.evidence.worker_restarts});
  bytes.Add(contest.evidence.seconds);
  for (const Trial& trial : contest.evidence.trials) {
    bytes.Add(Encode(trial.candidate));
    bytes.Add(static_cast<uint64_t>(trial.outcome));
    bytes.Add(trial.detail);
    bytes.Add(trial.median_ns);
    bytes.Add(Encode(trial.samples));
  }
  for (const Disturbance& seen : contest.evidence.disturbances) {
    bytes.Add(seen.cause);
    bytes.Add(uint64_t{seen.discarded});
    bytes.Add(uint64_t{seen.epoch});
    bytes.Add(uint64_t{seen.round});
  }
  return Hash128(bytes.text());
}

Strength StrengthOf(const Decision& decision, const Evidence& evidence) {
  Strength strength{0, decision.created_unix_ms, VerdictOf(decision)};
  for (const Trial& trial : evidence.trials) {
    if (IsValid(trial.outcome)) strength.samples += trial.samples.size();
  }
  return strength;
}

std::string WhyStronger(const Strength& winner, const Strength& loser) {
  if (winner.samples != loser.samples) {
    return loser.samples == 0
               ? "it was measured, the other one was not"
               : absl::StrCat("more samples (", winner.samples, ", not ", loser.samples, ")");
  }
  if (winner.created_unix_ms != loser.created_unix_ms) return "as many samples, and newer";
  return "as many samples, of the same time; a fixed order chose";
}

}  // namespace tactic
