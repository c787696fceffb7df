#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>

#include "client/cli/commands.h"
#include "client/cli/connection.h"
#include "client/cli/describe.h"
#include "client/cli/exit_codes.h"
#include "client/cli/format.h"
#include "client/cli/json.h"
#include "client/cli/requests.h"
#include "client/link/watch_stream.h"
#include "proto/convert/convert.h"

namespace tactic::cli {
namespace {

// How long a daemon that went away, or says nothing, may take to come back.
constexpr std::chrono::minutes kPatience(1);

std::string ChangeText(const Schemas& schemas, const Decision& decision) {
  std::string text = "revision " + std::to_string(decision.revision) + "  decision " +
                     std::to_string(decision.id) + "  " +
                     schemas.ProblemText(decision.key.problem) + ": ";
  if (decision.ranking.empty()) return text + "no candidate";
  const Ranked& pick = decision.ranking.front();
  return text + ToText(pick.candidate) + ", " + FormatNanoseconds(pick.median_ns) + ", " +
         FormatSpeedup(decision.default_ns, pick.median_ns) + ", " +
         std::string(Name(decision.reason));
}

// Reads the stream, and reads it again from where it ended.
class Watcher {
 public:
  Watcher(const Settings& settings, Connection& connection, const WatchFlags& flags,
          link::Millis silence)
      : settings_(settings), connection_(connection), flags_(flags), silence_(silence) {}

  Result<int> Run() {
    const auto info = GetReadyServerInfo(connection_);
    if (!info.ok()) return info.error();
    schemas_ = Schemas(*info);
    while (true) {
      const grpc::Status status = ReadUntilStreamEnds();
      if (error_) return *error_;
      if (IsDone()) return kExitOk;
      if (settings_.interrupts->Seen()) return kExitInterrupted;
      if (silent_) {
        if (const Check again = AfterSilence(); !again.ok()) return again.error();
        continue;
      }
      const bool over = status.ok() || status.error_code() == grpc::StatusCode::UNAVAILABLE;
      if (!over) return connection_.ErrorOf(status);
      std::fprintf(stderr, "the daemon ended the stream; waiting for it\n");
      if (!connection_.WaitUntilBack(kPatience)) return connection_.ErrorOf(status);
    }
  }

 private:
  // Says how old the picture is by now. An error: too old.
  Check AfterSilence() {
    const auto age = std::chrono::steady_clock::now() - heard_;
    const std::string seconds = FormatSeconds(std::chrono::duration<double>(age).count());
    if (age >= kPatience) {
      return Error{ErrorCode::kUnavailable, "offline: the daemon at " + settings_.target +
                                                " has said nothing for " + seconds};
    }
    std::fprintf(stderr, "stale: the daemon has said nothing for %s; connecting again\n",
                 seconds.c_str());
    return Ok();
  }

  bool IsDone() const { return flags_.count > 0 && seen_ >= flags_.count; }

  grpc::Status ReadUntilStreamEnds() {
    v1::WatchRequest request;
    request.set_store_id(store_id_);
    request.set_from_revision(revision_);
    for (const std::string& op : flags_.ops) request.add_ops(op);
    grpc::ClientContext context;
    link::WatchStream stream(connection_.stub(), context, request);
    const Interrupts::Scope cancel(*settings_.interrupts, [&] { context.TryCancel(); });
    in_snapshot_ = false;
    v1::WatchResponse response;
    auto event = stream.Next(response, silence_);
    for (; event == link::WatchStream::Event::kFrame; event = stream.Next(response, silence_)) {
      heard_ = std::chrono::steady_clock::now();
      if (const Check shown = Show(response); !shown.ok()) error_ = shown.error();
      if (error_ || IsDone()) context.TryCancel();
    }
    silent_ = event == link::WatchStream::Event::kSilent;
    return stream.Finish();
  }

  Check Show(const v1::WatchResponse& frame) {
    if (frame.has_snapshot_begin()) {
      in_snapshot_ = true;
      standing_ = 0;
      if (std::exchange(shown_of_, frame.store_id()) != frame.store_id()) shown_ = 0;
    }
    for (const v1::Decision& message : frame.decisions().decisions()) {
      if (in_snapshot_) ++standing_;
      if ((in_snapshot_ && !ShowsStanding()) || IsDone()) continue;
      if (message.revision() <= shown_) continue;  // Of a snapshot that broke off.
      if (const Check shown = ShowDecision(message); !shown.ok()) return shown;
    }
    store_id_ = frame.store_id();
    if (!in_snapshot_ || frame.has_snapshot_end()) revision_ = frame.revision();
    if (frame.has_snapshot_end()) {
      in_snapshot_ = false;
      started_ = true;
      std::fprintf(stderr, "%s at revision %llu; waiting for changes\n",
                   Plural(standing_, "decision").c_str(),
                   static_cast<unsigned long long>(revision_));
    }
    return Ok();
  }

  // After a reconnect a snapshot means that the store is another one: its content is news.
  bool ShowsStanding() const { return flags_.standing || started_; }

  Check ShowDecision(const v1::Decision& message) {
    const auto decision = convert::FromProto("decision.", message);
    if (!decision.ok()) return Error{ErrorCode::kDataLoss, decision.error().message};
    ++seen_;
    shown_ = decision->revision;
    return Write(settings_.json ? OneLine(ToJson(schemas_, *decision))
                                : Printable(ChangeText(schemas_, *decision)) + "\n");
  }

  const Settings& settings_;
  Connection& connection_;
  const WatchFlags& flags_;
  const link::Millis silence_;
  bool silent_ = false;  // That is why the last stream ended.
  std::chrono::steady_clock::time_point heard_ = std::chrono::steady_clock::now();
  Schemas schemas_;
  std::string store_id_;  // Position to resume from.
  uint64_t revision_ = 0;
  bool in_snapshot_ = false;
  bool started_ = false;
  uint64_t standing_ = 0;
  uint64_t seen_ = 0;
  std::string shown_of_;  // The store,
  uint64_t shown_ = 0;    // and its revision, up to which decisions were shown.
  std::optional<Error> error_;
};

}  // namespace

Result<int> RunWatch(const Settings& settings, const WatchFlags& flags) {
  const auto silence = ParseDuration(flags.silence);
  if (!silence.ok()) return InvalidArgument("--silence: " + silence.error().message);
  const auto limit = std::chrono::duration_cast<link::Millis>(std::chrono::nanoseconds(*silence));
  if (limit < link::Millis(1)) return InvalidArgument("--silence: must be 1ms or more");
  auto connection = Connection::Open(settings.target, settings.timeout);
  if (!connection.ok()) return connection.error();
  return Watcher(settings, *connection, flags, limit).Run();
}

}  // namespace tactic::cli
