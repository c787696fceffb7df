#include "server/lane/conversation.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/convert/contest.h"
#include "server/core/clock.h"
#include "server/core/escape.h"
#include "server/core/status.h"

namespace tactic {
namespace {

// The journal tells nobody that it changed, so it is looked at this often: a step may begin, with a
// deadline earlier than that of the step before.
constexpr absl::Duration kTick = absl::Milliseconds(50);

constexpr size_t kDisturbances = 16;

}  // namespace

Conversation::Conversation(Link& link, Contest& contest, const ConversationLimits& limits,
                           const StopSignal& stop,
                           absl::FunctionRef<void(const v1::WorkerProgress&)> progress)
    : link_(link),
      contest_(contest),
      limits_(limits),
      stop_(stop),
      progress_(progress),
      run_(contest.NextRun(false).run()),
      watch_(limits.hang, SystemClock().NowNanos()),
      flood_bytes_from_(link.bytes_received()) {}

Ending Conversation::Run() {
  v1::ToWorker message;
  *message.mutable_run() = contest_.NextRun(true);
  if (!link_.Send(message).ok()) {
    *message.mutable_run() = contest_.NextRun(false);
    if (const absl::Status sent = link_.Send(message); !sent.ok()) {
      return {Ending::Kind::kCannotRun, std::string(sent.message())};
    }
  }
  while (true) {
    if (Turn ending = Step()) return *std::move(ending);
  }
}

absl::Duration Conversation::NextWait(int64_t now_ns) const {
  const absl::Duration until_check = absl::Nanoseconds(watch_.CheckAtNs() - now_ns);
  return std::clamp(until_check, absl::Milliseconds(1), kTick);
}

Conversation::Turn Conversation::Step() {
  link_.Wait(NextWait(SystemClock().NowNanos()), cancelled_at_ns_ == 0 ? stop_.fd() : -1);
  if (stop_.requested()) CancelOnce();
  if (Turn ending = ReadMessages()) return ending;
  const JournalSnapshot journal = follower_.Follow(link_.process().journal().Read());
  if (link_.ended()) {
    const std::optional<ExitStatus> status = link_.process().Wait(Process::kReapLimit);
    if (!fault_.empty()) return Kill(Death::Kind::kCrash, fault_);
    return Kill(Death::Kind::kCrash, status ? ToText(*status) : "ended");
  }
  if (Turn ending = CheckFlood(journal)) return ending;
  const int64_t now_ns = SystemClock().NowNanos();
  if (cancelled_at_ns_ != 0 &&
      now_ns - cancelled_at_ns_ > absl::ToInt64Nanoseconds(limits_.cancel)) {
    link_.process().Kill();
    return Ending{Ending::Kind::kCancelled, "the worker did not answer the cancel"};
  }
  if (auto why = watch_.Check(journal, std::exchange(heard_, false), now_ns)) {
    return Kill(Death::Kind::kHang, *std::move(why));
  }
  return std::nullopt;
}

void Conversation::CancelOnce() {
  if (cancelled_at_ns_ != 0) return;
  cancelled_at_ns_ = SystemClock().NowNanos();
  v1::ToWorker message;
  message.mutable_cancel()->set_run(run_);
  // A message this small fits; should the worker be gone, its end is seen.
  link_.Send(message).IgnoreError();
}

Conversation::Turn Conversation::ReadMessages() {
  while (true) {
    absl::StatusOr<std::optional<v1::FromWorker>> message = link_.Next();
    if (!message.ok()) {
      return Kill(Death::Kind::kProtocolError, std::string(message.status().message()));
    }
    if (!message->has_value()) return std::nullopt;
    heard_ = true;
    ++flood_frames_;
    if (Turn ending = Handle(**message)) return ending;
  }
}

Conversation::Turn Conversation::Handle(const v1::FromWorker& message) {
  absl::Status status;
  switch (message.message_case()) {
    case v1::FromWorker::kCandidates:
      if (message.candidates().run() != run_) break;
      if (!message.candidates().error().empty()) {
        cannot_run_ = Escape(message.candidates().error(), ContestRecord::kDetailBytes);
        break;
      }
      follower_.SawStep();
      status = AddCandidates(message.candidates());
      break;
    case v1::FromWorker::kObserved:
      if (message.observed().run() != run_) break;
      status = AddObserved(message.observed());
      break;
    case v1::FromWorker::kProgress:
      if (message.progress().run() == run_) progress_(message.progress());
      break;
    case v1::FromWorker::kFault:
      if (message.fault().run() == run_) {
        fault_ = Escape(message.fault().detail(), ContestRecord::kDetailBytes);
      }
      break;
    case v1::FromWorker::kFinished:
      if (message.finished().run() == run_) return HandleFinished(message.finished());
      break;
    default:
      status = absl::InvalidArgumentError("a message that does not belong into a contest");
  }
  if (status.ok()) return std::nullopt;
  return Kill(Death::Kind::kProtocolError, std::string(status.message()));
}

Conversation::Turn Conversation::HandleFinished(const v1::Finished& message) {
  if (!cannot_run_.empty()) return Ending{Ending::Kind::kCannotRun, cannot_run_};
  if (message.cancelled() && cancelled_at_ns_ != 0) return Ending{Ending::Kind::kCancelled};
  if (!message.error().empty()) {
    return Ending{Ending::Kind::kCannotRun, Escape(message.error(), ContestRecord::kDetailBytes)};
  }
  const absl::Status status = AddVerdict(message);
  if (status.ok()) {
    Ending ending;
    ending.worn_out = Escape(message.worn_out(), ContestRecord::kDetailBytes);
    for (const std::string& seen : message.disturbances()) {
      if (ending.disturbances.size() == kDisturbances) break;
      ending.disturbances.push_back(Escape(seen, ContestRecord::kDetailBytes));
      contest_.record().AddDisturbance({.cause = ending.disturbances.back()});
    }
    return ending;
  }
  return Kill(Death::Kind::kProtocolError, std::string(status.message()));
}

absl::Status Conversation::AddCandidates(const v1::Candidates& message) {
  const auto candidates = convert::FromProto("candidates", message.candidates());
  if (!candidates.ok()) return ToStatus(candidates.error());
  return contest_.record().AddCandidates(*candidates);
}

absl::Status Conversation::AddObserved(const v1::Observed& message) {
  const auto results = convert::FromProto("items", message.items());
  if (!results.ok()) return ToStatus(results.error());
  for (const v1::Disturbance& discard : message.discards()) {
    contest_.record().AddDisturbance(
        {discard.cause(), discard.discarded(), contest_.epoch(), message.round()});
  }
  return contest_.record().AddResults(*results, message.round(), contest_.epoch());
}

absl::Status Conversation::AddVerdict(const v1::Finished& message) {
  if (contest_.record().size() == 0) {
    return absl::InvalidArgumentError("finished: before any candidates");
  }
  const auto verdict = convert::FromProto("finished.", message);
  if (!verdict.ok()) return ToStatus(verdict.error());
  return contest_.record().AddVerdict(*verdict);
}

Conversation::Turn Conversation::CheckFlood(const JournalSnapshot& journal) {
  if (journal.sequence != flood_sequence_) {
    flood_sequence_ = journal.sequence;
    flood_frames_ = 0;
    flood_bytes_from_ = link_.bytes_received();
    return std::nullopt;
  }
  const uint64_t bytes = link_.bytes_received() - flood_bytes_from_;
  if (flood_frames_ <= limits_.frames && bytes <= limits_.bytes) return std::nullopt;
  return Kill(Death::Kind::kProtocolError,
              absl::StrCat("flood: ", flood_frames_, " frames and ", bytes,
                           " bytes in one step; at most ", limits_.frames, " and ", limits_.bytes));
}

Ending Conversation::Kill(Death::Kind kind, std::string detail) {
  Ending ending{Ending::Kind::kDied};
  ending.death.kind = kind;
  ending.death.detail = std::move(detail);
  ending.death.journal = follower_.Follow(link_.process().journal().Read());
  link_.process().Kill();
  if (kind == Death::Kind::kProtocolError) ending.death.ran_during_damage = RanDuringDamage();
  return ending;
}

std::vector<uint32_t> Conversation::RanDuringDamage() {
  const int64_t until_ns = SystemClock().NowNanos() + absl::ToInt64Nanoseconds(absl::Seconds(1));
  while (!link_.ended() && SystemClock().NowNanos() < until_ns) link_.Wait(kTick, -1);
  for (const v1::FromWorker& message : link_.Salvage()) {
    if (!message.has_observed() || message.observed().run() != run_) continue;
    std::vector<uint32_t> candidates;
    for (const v1::Observed::Item& item : message.observed().items()) {
      if (item.candidate() < contest_.record().size()) candidates.push_back(item.candidate());
    }
    if (!candidates.empty()) return candidates;
  }
  return {};
}

}  // namespace tactic
