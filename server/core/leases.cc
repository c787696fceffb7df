#include "server/core/leases.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/core/status_macros.h"

namespace tactic {
namespace {

constexpr size_t kRememberedEnds = 16;  // Of one key.
constexpr std::string_view kRunnerPrefix = "runner:";

// The runners that the environment names.
std::vector<RunnerId> RunnersOf(const Environment& environment) {
  std::vector<RunnerId> runners;
  for (const Component& component : environment.components) {
    if (!component.name.starts_with(kRunnerPrefix)) continue;
    runners.push_back({component.name.substr(kRunnerPrefix.size()), component.version});
  }
  return runners;
}

double Seconds(int64_t ns) { return static_cast<double>(ns) * 1e-9; }

}  // namespace

Leases::Leases(Tuner& tuner, Catalog& catalog, const Clock& clock, LeaseOptions options)
    : tuner_(tuner),
      catalog_(catalog),
      clock_(clock),
      options_(std::move(options)),
      lanes_(tuner.Lanes()->size()) {
  const auto serve = [this] {
    MutexLock lock(mu_);
    Serve();
  };
  catalog_subscription_ = catalog_.Subscribe(serve);
  lane_subscription_ = tuner_.SubscribeLanes(serve);
}

Leases::~Leases() {
  tuner_.UnsubscribeLanes(lane_subscription_);
  catalog_.Unsubscribe(catalog_subscription_);
}

absl::Status Leases::MakeRoom() {
  if (entries_.size() < options_.max_keys) return absl::OkStatus();
  std::set<Fingerprint> wanted;
  for (const auto& [id, ticket] : tickets_) wanted.insert(ticket.key);
  auto oldest = entries_.end();
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (entry->second.holder || wanted.contains(entry->first)) continue;
    if (oldest == entries_.end() || entry->second.LastFence() < oldest->second.LastFence()) {
      oldest = entry;
    }
  }
  if (oldest == entries_.end()) {
    return absl::ResourceExhaustedError(absl::StrCat(
        options_.max_keys, " keys are held or waited for, as many as may be; retry later"));
  }
  entries_.erase(oldest);
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> Leases::Enter(LeaseRequest request, std::function<void()> wake) {
  const std::vector<RunnerId> runners = RunnersOf(request.key.environment);
  if (runners.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "key.environment.components: none of ", request.key.environment.components.size(),
        " is a runner; name each as 'runner:NAME' with its unique id"));
  }
  Ticket ticket;
  const std::shared_ptr<const LaneViews> lanes = tuner_.Lanes();
  ASSIGN_OR_RETURN(ticket.lane, LaneOfDevice(*lanes, request.key.environment.device, request.lane));
  if (ticket.lane) ticket.lane_name = (*lanes)[*ticket.lane].info.name;
  ticket.key = FingerprintOf(request.key);
  ticket.client = std::move(request.client);
  ticket.again = request.again;
  ticket.wake = std::move(wake);
  const bool may_measure = request.again || catalog_.Answer(ticket.key) == nullptr;
  if (may_measure) ticket.neighbours = tuner_.NeighboursOf(request.key);  // Reads the store.
  MutexLock lock(mu_);
  if (draining_) return absl::UnavailableError("the daemon is stopping; ask its successor");
  ExpireOverdue();
  if (!entries_.contains(ticket.key)) {
    RETURN_IF_ERROR(MakeRoom());
    entries_.try_emplace(ticket.key, request.key, runners);
  }
  ticket.entered_at_revision = catalog_.Revision();
  const uint64_t id = next_ticket_++;
  tickets_.emplace(id, std::move(ticket));
  Serve();
  return id;
}

LeaseState Leases::Look(uint64_t ticket) const {
  MutexLock lock(mu_);
  return tickets_.at(ticket).state;
}

void Leases::Leave(uint64_t ticket, bool received) {
  MutexLock lock(mu_);
  const auto left = tickets_.extract(ticket);
  const auto* grant = std::get_if<LeaseGrant>(&left.mapped().state);
  if (grant != nullptr && !received) {
    const absl::StatusOr<Entry*> entry = HeldBy(grant->token);
    if (entry.ok()) End(**entry, "the client had gone when it was granted", std::nullopt);
  }
  Serve();
}

void Leases::Serve() {
  std::set<size_t> waited_for;
  for (auto& [id, ticket] : tickets_) {
    if (!std::holds_alternative<LeaseWaiting>(ticket.state)) continue;
    LeaseState state = StateOf(ticket);
    const auto* waiting = std::get_if<LeaseWaiting>(&state);
    if (waiting != nullptr && waiting->holder.empty() && ticket.lane) {
      waited_for.insert(*ticket.lane);
    }
    if (waiting != nullptr && *waiting == std::get<LeaseWaiting>(ticket.state)) continue;
    ticket.state = std::move(state);
    ticket.wake();
  }
  for (size_t lane = 0; lane < lanes_; ++lane) {
    tuner_.SetLeaseWaits(lane, waited_for.contains(lane));
  }
}

LeaseState Leases::StateOf(const Ticket& ticket) {
  DecisionPtr answer = catalog_.Answer(ticket.key);
  const bool answers =
      answer != nullptr && (!ticket.again || answer->revision > ticket.entered_at_revision);
  if (answers) return LeaseOutcome{std::move(answer), ""};
  Entry& entry = entries_.at(ticket.key);
  if (entry.holder) {
    const std::string& client = entry.holder->client;
    return LeaseWaiting{absl::StrCat("client ", client, " holds the key"), client};
  }
  if (draining_) return LeaseWaiting{"the daemon is stopping", ""};
  if (ticket.lane && !tuner_.TryLend(*ticket.lane)) {
    return LeaseWaiting{absl::StrCat("lane ", ticket.lane_name, " is in use"), ""};
  }
  return Grant(ticket, entry);
}

LeaseGrant Leases::Grant(const Ticket& ticket, Entry& entry) {
  const DecisionPtr standing = catalog_.Find(ticket.key);
  if (standing != nullptr && standing->revision > entry.begun_at_revision) {
    // What earlier holders found was for a decision that is made.
    entry.record = ContestRecord(entry.runners);
  }
  if (entry.record.size() == 0) {
    entry.epoch = 0;
    entry.seconds = 0;
    entry.begun_at_revision = catalog_.Revision();
  }
  LeaseGrant grant;
  grant.token = {ticket.key, next_fence_++, options_.epoch};
  grant.ttl_ms = options_.ttl_ms;
  grant.lane = ticket.lane_name;
  grant.epoch = entry.epoch;
  entry.bans = OpBans(catalog_.Bans()->bans, entry.key.problem.op);
  grant.spec = SpecFor(entry.key, {}, catalog_.Answer(ticket.key).get());
  grant.spec.neighbours = ticket.neighbours;
  grant.spec.bans = entry.bans;
  grant.earlier = entry.record.trials();
  const int64_t now_ns = clock_.NowNanos();
  entry.holder = Holder{grant.token, ticket.client, ticket.lane, now_ns, now_ns, now_ns};
  Tell(TunerEvent::Kind::kLeaseGranted, entry,
       absl::StrCat("to ", ticket.client, ", fence ", grant.token.fence, ", ",
                    grant.lane.empty() ? "no lane" : absl::StrCat("lane ", grant.lane)));
  return grant;
}

absl::StatusOr<Leases::Entry*> Leases::HeldBy(const LeaseToken& token) {
  if (token.epoch != options_.epoch) {
    return absl::FailedPreconditionError(
        absl::StrCat("lease.epoch: '", token.epoch,
                     "' is of another run of the daemon; a restart ends all leases: acquire it "
                     "again"));
  }
  const auto found = entries_.find(token.key);
  const bool known = found != entries_.end();
  if (known && found->second.holder && found->second.holder->token == token) {
    return &found->second;
  }
  std::string text = absl::StrCat("lease.fence: ", token.fence, " of key ", ToHex(token.key),
                                  " is not valid any more");
  if (known && found->second.ends.contains(token.fence)) {
    absl::StrAppend(&text, ": ", found->second.ends.at(token.fence));
  }
  if (known && found->second.holder) {
    absl::StrAppend(&text, "; client ", found->second.holder->client,
                    " holds the key now, with fence ", found->second.holder->token.fence);
  }
  return absl::FailedPreconditionError(absl::StrCat(text, "; acquire it again"));
}

absl::StatusOr<int64_t> Leases::Renew(const LeaseToken& token) {
  MutexLock lock(mu_);
  ExpireOverdue();
  ASSIGN_OR_RETURN(Entry * entry, HeldBy(token));
  entry->holder->alive_ns = clock_.NowNanos();
  return options_.ttl_ms;
}

absl::Status Leases::Report(const TrialReport& report) {
  MutexLock lock(mu_);
  ExpireOverdue();
  ASSIGN_OR_RETURN(Entry * entry, HeldBy(report.token));
  entry->holder->alive_ns = entry->holder->reported_ns = clock_.NowNanos();
  absl::Status applied = Apply(report, *entry);
  if (!applied.ok()) {
    End(*entry, absl::StrCat("a report was refused: ", applied.message()), std::nullopt);
  }
  return applied;
}

absl::Status Leases::Apply(const TrialReport& report, Entry& entry) {
  Holder& holder = *entry.holder;
  if (!report.candidates.empty()) {
    if (holder.listed) return absl::InvalidArgumentError("candidates: they were listed before");
    ContestRecord record(entry.runners, entry.bans);
    RETURN_IF_ERROR(record.AddCandidates(report.candidates));
    record.TakeOver(entry.record);
    entry.record = std::move(record);
    holder.listed = true;
  }
  const bool of_candidates = !report.results.empty() || report.launching;
  if (!holder.listed && of_candidates) {
    return absl::InvalidArgumentError("candidates: the list comes first");
  }
  if (!report.results.empty()) {
    RETURN_IF_ERROR(entry.record.AddResults(report.results, report.round, entry.epoch));
    holder.launching.reset();
  }
  if (!report.launching) return absl::OkStatus();
  const uint32_t launching = *report.launching;
  if (launching >= entry.record.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("launching: ", launching, " is not below ", entry.record.size()));
  }
  if (entry.record.failed(launching)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "launching: candidate ", launching, " has failed: ", entry.record.trial(launching).detail,
        "; it must not run again"));
  }
  holder.launching = launching;
  return absl::OkStatus();
}

absl::StatusOr<LeaseOutcome> Leases::Complete(const LeaseToken& token,
                                              const ContestVerdict& verdict) {
  ContestResult result;
  std::optional<Key> key;
  {
    MutexLock lock(mu_);
    ExpireOverdue();
    const auto known = entries_.find(token.key);
    const bool repeated = known != entries_.end() && token.epoch == options_.epoch &&
                          known->second.LastFence() == token.fence && known->second.last_outcome;
    if (repeated) return *known->second.last_outcome;
    ASSIGN_OR_RETURN(Entry * entry, HeldBy(token));
    if (entry->holder->completing) {
      return absl::UnavailableError("the same lease is being completed; retry");
    }
    RETURN_IF_ERROR(entry->record.AddVerdict(verdict));
    result = entry->record.ToResult();
    result.evidence.worker_restarts = entry->epoch;
    result.evidence.seconds = entry->seconds + Seconds(clock_.NowNanos() - entry->holder->since_ns);
    entry->holder->completing = true;
    key = entry->key;
  }
  absl::StatusOr<DecisionPtr> decision = tuner_.Record(*key, result);
  MutexLock lock(mu_);
  Entry& entry = entries_.at(token.key);  // Held, so it stayed.
  if (!decision.ok()) {
    entry.holder->completing = false;
    entry.holder->alive_ns = clock_.NowNanos();
    return decision.status();
  }
  const LeaseOutcome outcome{*decision, result.failure};
  Settle(entry, outcome);
  return outcome;
}

void Leases::Settle(Entry& entry, const LeaseOutcome& outcome) {
  const Fingerprint key = entry.holder->token.key;
  Tell(TunerEvent::Kind::kLeaseDecided, entry,
       outcome.decision == nullptr
           ? outcome.failure
           : absl::StrCat("decision ", outcome.decision->id, ": ",
                          ToText(outcome.decision->ranking.front().candidate), ", measured by ",
                          entry.holder->client));
  entry.record = ContestRecord(entry.runners);
  Release(entry, "it was completed");
  entry.last_outcome = outcome;
  // A decision answers by itself; of a failure those who wait must be told.
  for (auto& [id, ticket] : tickets_) {
    if (ticket.key != key || !std::holds_alternative<LeaseWaiting>(ticket.state)) continue;
    ticket.state = outcome;
    ticket.wake();
  }
  Serve();
}

absl::Status Leases::GiveUp(const LeaseToken& token, const std::string& reason) {
  MutexLock lock(mu_);
  ExpireOverdue();
  ASSIGN_OR_RETURN(Entry * entry, HeldBy(token));
  if (entry->holder->completing) {
    return absl::FailedPreconditionError("lease: it is being completed");
  }
  End(*entry, absl::StrCat("it was given up: ", reason), std::nullopt);
  return absl::OkStatus();
}

void Leases::Disconnected(const LeaseToken& token) {
  MutexLock lock(mu_);
  const absl::StatusOr<Entry*> entry = HeldBy(token);
  if (!entry.ok()) return;
  End(**entry, "its connection ended",
      Blame{Outcome::kCrashed,
            absl::StrCat("client ", (*entry)->holder->client, " ended while it ran this")});
}

void Leases::ExpireOverdue() {
  const int64_t now_ns = clock_.NowNanos();
  for (auto& [key, entry] : entries_) {
    if (!entry.holder) continue;
    const Holder& holder = *entry.holder;
    std::string why;
    if (now_ns - holder.alive_ns >= options_.ttl_ms * 1'000'000) {
      why = absl::StrCat("no sign of life for ", options_.ttl_ms, " ms");
    } else if (now_ns - holder.reported_ns >= options_.stall_ms * 1'000'000) {
      why = absl::StrCat("no report for ", options_.stall_ms, " ms");
    }
    if (why.empty()) continue;
    End(entry, why,
        Blame{Outcome::kTimedOut,
              absl::StrCat("client ", holder.client, " gave ", why, " while it ran this")});
  }
}

void Leases::End(Entry& entry, const std::string& how, const std::optional<Blame>& blame) {
  if (entry.holder->completing) return;
  std::string detail =
      absl::StrCat("of ", entry.holder->client, ", fence ", entry.holder->token.fence, ": ", how);
  if (entry.holder->launching && blame) {
    const uint32_t candidate = *entry.holder->launching;
    entry.record.Fail(candidate, blame->outcome, blame->detail);
    absl::StrAppend(&detail, "; blamed: ", ToText(entry.record.trial(candidate).candidate));
  }
  if (entry.holder->listed) ++entry.epoch;
  entry.seconds += Seconds(clock_.NowNanos() - entry.holder->since_ns);
  Tell(TunerEvent::Kind::kLeaseEnded, entry, detail);
  Release(entry, how);
  Serve();
}

void Leases::Release(Entry& entry, std::string how) {
  const Holder holder = *std::exchange(entry.holder, std::nullopt);
  entry.ends.emplace(holder.token.fence, std::move(how));
  if (entry.ends.size() > kRememberedEnds) entry.ends.erase(entry.ends.begin());
  entry.last_outcome.reset();
  if (holder.lane) tuner_.FreeLane(*holder.lane);
}

std::string Leases::HolderOfLane(size_t lane) const {
  MutexLock lock(mu_);
  for (const auto& [key, entry] : entries_) {
    if (entry.holder && entry.holder->lane == lane) return entry.holder->client;
  }
  return "";
}

void Leases::Tick() {
  MutexLock lock(mu_);
  ExpireOverdue();
}

void Leases::Drain() {
  MutexLock lock(mu_);
  draining_ = true;
}

void Leases::Tell(TunerEvent::Kind kind, const Entry& entry, std::string detail) const {
  if (options_.on_event) {
    options_.on_event({kind, "", ToText(entry.key.problem), "", std::move(detail)});
  }
}

}  // namespace tactic
