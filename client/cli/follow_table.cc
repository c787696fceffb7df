#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "client/cli/commands.h"
#include "client/cli/connection.h"
#include "client/cli/exit_codes.h"
#include "client/cli/format.h"
#include "client/cli/requests.h"
#include "client/link/connection.h"
#include "proto/convert/convert.h"
#include "proto/convert/lane.h"
#include "proto/table/builder.h"
#include "proto/table/keeper.h"
#include "proto/table/path.h"

namespace tactic::cli {
namespace {

// Between two attempts to follow a daemon; and how soon a signal ends the wait for one that went
// away.
constexpr std::chrono::milliseconds kPause(500);

int64_t UnixMillis() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

// Nothing: the daemon says what cannot be.
std::optional<table::OpFacts> FactsOf(const v1::Lane& lane, const v1::OpInfo& info) {
  const auto environment = convert::EnvironmentOf(lane, info);
  const auto schema = convert::FromProto("schema", info.schema());
  if (!environment.ok() || !schema.ok()) return std::nullopt;
  table::OpFacts facts{schema->op, {}, *environment};
  for (const AttributeSchema& attribute : schema->attributes) {
    facts.attribute_defaults.Set(attribute.name, attribute.default_value);
  }
  return facts;
}

// The decisions that the stream told so far, without what is banned; for two threads.
class Content {
 public:
  explicit Content(bool of_this_host) { facts_.of_this_host = of_this_host; }

  void SetOps(const v1::GetServerInfoResponse& info) {
    const std::lock_guard lock(mu_);
    facts_.ops.clear();
    for (const v1::Lane& lane : info.lanes()) {
      for (const v1::OpInfo& op : lane.ops()) {
        if (auto facts = FactsOf(lane, op)) facts_.ops.push_back(*std::move(facts));
      }
    }
  }

  // True: there is something new for the file.
  bool Take(const v1::WatchResponse& frame) {
    const std::lock_guard lock(mu_);
    if (frame.has_bans()) TakeBans(frame.bans());
    if (frame.has_goodbye()) return false;
    if (frame.has_snapshot_begin()) {
      staged_.emplace();
      starts_over_ = false;
    }
    for (const v1::Decision& message : frame.decisions().decisions()) Put(message);
    if (starts_over_) return false;
    if (frame.has_snapshot_end() && staged_) {
      builder_ = *std::exchange(staged_, std::nullopt);
    } else if (staged_ ||
               (frame.store_id() == facts_.store_id && frame.revision() == facts_.revision)) {
      return false;
    }
    facts_.store_id = frame.store_id();
    facts_.revision = frame.revision();
    return true;
  }
  // Other bans hold: what was left out must come again, or go, so that all of it is needed anew.
  bool StartsOver() const {
    const std::lock_guard lock(mu_);
    return starts_over_;
  }
  // A snapshot that was cut begins anew.
  void Interrupt() {
    const std::lock_guard lock(mu_);
    staged_.reset();
  }

  v1::WatchRequest ResumeRequest() const {
    const std::lock_guard lock(mu_);
    v1::WatchRequest request;
    if (starts_over_) return request;
    request.set_store_id(facts_.store_id);
    request.set_from_revision(facts_.revision);
    return request;
  }
  Result<std::string> Image() const {
    const std::lock_guard lock(mu_);
    table::Facts facts = facts_;
    facts.created_unix_ms = UnixMillis();
    return builder_.Image(facts);
  }
  std::string Summary() const {
    const std::lock_guard lock(mu_);
    return Plural(builder_.size(), "decision") + " at revision " + std::to_string(facts_.revision);
  }

 private:
  // REQUIRES: mu_.
  void TakeBans(const v1::BanList& list) {
    std::vector<Ban> bans;
    for (const v1::Ban& message : list.bans()) {
      auto ban = convert::FromProto("bans.", message);
      if (ban.ok()) bans.push_back(*std::move(ban));
    }
    starts_over_ = starts_over_ || bans != bans_;
    bans_ = std::move(bans);
  }
  void Put(const v1::Decision& message) {
    table::Builder& to = staged_ ? *staged_ : builder_;
    const auto decision = convert::FromProto("decision.", message);
    if (!decision.ok()) return to.Put(Decision());  // Is left out and counted.
    if (!RanksBanned(bans_, *decision)) return to.Put(*decision);
    if (const auto left = WithoutBanned(bans_, *decision)) return to.Put(*left);
    // What it supersedes must go, which only a snapshot can do.
    if (!staged_) starts_over_ = true;
  }

  mutable std::mutex mu_;
  std::vector<Ban> bans_;
  bool starts_over_ = false;
  table::Builder builder_;
  std::optional<table::Builder> staged_;  // While a snapshot comes.
  table::Facts facts_;
};

class TableFollower {
 public:
  TableFollower(const Settings& settings, Connection& connection, const FollowFlags& flags,
                table::Publisher publisher)
      : settings_(settings),
        connection_(connection),
        flags_(flags),
        path_(publisher.path()),
        content_(flags.same_environment || link::IsUnixSocket(connection.target())),
        publisher_(std::move(publisher)) {}

  Result<int> Run() {
    const Interrupts::Scope interrupted(*settings_.interrupts, [this] { Stop(); });
    if (!flags_.once) {
      keeper_.emplace(std::move(publisher_),
                      table::Keeper::Hooks{[this] { return content_.Image(); }, TellFailure});
    }
    while (!Stopping()) {
      // What the daemon's ops are may have changed with it.
      const auto info = GetReadyServerInfo(connection_);
      if (info.ok()) content_.SetOps(*info);
      const grpc::Status status = info.ok() ? ReadUntilStreamEnds() : grpc::Status::OK;
      if (Stopping()) break;
      if (whole_ && flags_.once) return PublishOnce();
      if (info.ok() && content_.StartsOver()) continue;
      if (!whole_ && (!info.ok() || !IsGone(status))) {
        return info.ok() ? connection_.ErrorOf(status) : info.error();
      }
      std::fprintf(stderr, "the daemon ended the stream; waiting for it\n");
      Pause();
      while (!Stopping() && !connection_.WaitUntilBack(kPause)) {
      }
    }
    return flags_.once ? kExitInterrupted : kExitOk;
  }

 private:
  static bool IsGone(const grpc::Status& status) {
    return status.ok() || status.error_code() == grpc::StatusCode::UNAVAILABLE;
  }
  static void TellFailure(const std::string& why) {
    std::fprintf(stderr, "tacticctl: cannot replace the table file: %s\n", why.c_str());
  }

  grpc::Status ReadUntilStreamEnds() {
    grpc::ClientContext context;
    Enter(&context);
    const auto stream = connection_.stub().Watch(&context, content_.ResumeRequest());
    v1::WatchResponse frame;
    while (stream->Read(&frame)) {
      if (content_.Take(frame) && keeper_) keeper_->Changed();
      if (content_.StartsOver()) context.TryCancel();
      if (frame.has_snapshot_end()) Tell();
      if (frame.has_snapshot_end() && flags_.once) context.TryCancel();
    }
    content_.Interrupt();
    Enter(nullptr);
    return stream->Finish();
  }

  void Tell() {
    whole_ = true;
    std::fprintf(stderr, "%s of %s in %s\n", content_.Summary().c_str(),
                 connection_.target().c_str(), path_.c_str());
  }

  Result<int> PublishOnce() {
    const Result<std::string> image = content_.Image();
    if (!image.ok()) return image.error();
    const Check published = publisher_.Publish(*image);
    if (!published.ok()) return Error{ErrorCode::kInternal, published.error().message};
    return kExitOk;
  }

  // The call that a signal cancels; nullptr: none.
  void Enter(grpc::ClientContext* context) {
    const std::lock_guard lock(mu_);
    current_ = context;
    if (stopping_ && current_ != nullptr) current_->TryCancel();
  }
  void Stop() {
    const std::lock_guard lock(mu_);
    stopping_ = true;
    stopped_.notify_all();
    if (current_ != nullptr) current_->TryCancel();
  }
  void Pause() {
    std::unique_lock lock(mu_);
    stopped_.wait_for(lock, kPause, [this] { return stopping_; });
  }
  bool Stopping() {
    const std::lock_guard lock(mu_);
    return stopping_;
  }

  const Settings& settings_;
  Connection& connection_;
  const FollowFlags& flags_;
  const std::string path_;
  Content content_;
  bool whole_ = false;          // A snapshot has come.
  table::Publisher publisher_;  // Until the keeper has it.

  std::mutex mu_;
  std::condition_variable stopped_;
  bool stopping_ = false;                   // Guarded by mu_.
  grpc::ClientContext* current_ = nullptr;  // Likewise.
  std::optional<table::Keeper> keeper_;     // Last: its thread uses the content.
};

}  // namespace

Result<int> RunFollow(const Settings& settings, const FollowFlags& flags) {
  auto publisher = table::Publisher::Open(flags.file.empty() ? table::DefaultPath() : flags.file);
  if (!publisher.ok()) return Error{ErrorCode::kInternal, publisher.error().message};
  auto connection = Connection::Open(settings.target, settings.timeout);
  if (!connection.ok()) return connection.error();
  return TableFollower(settings, *connection, flags, *std::move(publisher)).Run();
}

}  // namespace tactic::cli
