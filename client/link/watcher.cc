#include "client/link/watcher.h"

#include <algorithm>

#include "client/link/fork.h"
#include "client/link/watch_stream.h"
#include "proto/convert/convert.h"
#include "proto/convert/lane.h"

namespace tactic::link {
namespace {

constexpr Millis kInfoDeadline{2'000};

}  // namespace

Watcher::Watcher(WatcherOptions options, Cache& cache, StatusBoard& board)
    : options_(std::move(options)), stage_(cache), board_(board), stub_(NewStub(options_.target)) {
  {
    std::lock_guard lock(facts_mu_);
    facts_.environments = options_.environments;
    ApplyFacts();
  }
  thread_ = std::thread([this] { Loop(); });
}

Watcher::~Watcher() {
  {
    std::lock_guard lock(mu_);
    stopping_ = true;
    if (current_ != nullptr) current_->TryCancel();
    stopped_.notify_all();
  }
  thread_.join();
}

// Of two lanes the first that knows an op counts.
void Watcher::AddOp(const v1::Lane& lane, const v1::OpInfo& info, OpFacts& facts) {
  const auto schema = convert::FromProto("schema", info.schema());
  if (!schema.ok()) return;
  const bool known = std::any_of(facts.environments.begin(), facts.environments.end(),
                                 [&](const auto& entry) { return entry.first == schema->op; });
  if (known) return;
  auto environment = convert::EnvironmentOf(lane, info);
  if (!environment.ok()) return;
  std::vector<Parameter> defaults;
  for (const AttributeSchema& attribute : schema->attributes) {
    defaults.push_back({attribute.name, attribute.default_value});
  }
  facts.environments.emplace_back(schema->op, std::move(environment).value());
  facts.defaults.emplace_back(schema->op, Parameters(std::move(defaults)));
}

OpFacts Watcher::FactsOf(const v1::GetServerInfoResponse& info) {
  OpFacts facts;
  for (const v1::Lane& lane : info.lanes()) {
    for (const v1::OpInfo& op : lane.ops()) AddOp(lane, op, facts);
  }
  return facts;
}

void Watcher::ApplyFacts() {
  OpFacts all = facts_;
  for (const LocalOp& op : local_) {
    // Of two environments the first holds, of two defaults the last.
    all.environments.emplace(all.environments.begin(), op.op, op.environment);
    all.defaults.emplace_back(op.op, op.defaults);
  }
  stage_.SetFacts(std::move(all));
}

void Watcher::SetLocalOps(std::vector<LocalOp> ops) {
  std::lock_guard lock(facts_mu_);
  for (LocalOp& op : ops) {
    std::erase_if(local_, [&](const LocalOp& known) { return known.op == op.op; });
    local_.push_back(std::move(op));
  }
  ApplyFacts();
}

bool Watcher::DaemonTunes(const std::string& op) const {
  std::lock_guard lock(facts_mu_);
  const auto local = std::find_if(local_.begin(), local_.end(),
                                  [&](const LocalOp& known) { return known.op == op; });
  if (local == local_.end()) return true;
  const auto theirs = std::find_if(facts_.environments.begin(), facts_.environments.end(),
                                   [&](const auto& known) { return known.first == op; });
  return theirs != facts_.environments.end() &&
         FingerprintOf(theirs->second) == FingerprintOf(local->environment);
}

void Watcher::StartOver() {
  std::lock_guard lock(mu_);
  start_over_ = true;
  if (current_ != nullptr) current_->TryCancel();
}

void Watcher::Loop() {
  Backoff backoff(static_cast<uint64_t>(BootNanos()) ^ reinterpret_cast<uintptr_t>(this));
  while (true) {
    const End end = ConnectOnce();
    if (end.progressed) backoff.Reset();
    if (!Pause(std::max(end.wait, backoff.Next()))) return;
  }
}

bool Watcher::Pause(Millis wait) {
  std::unique_lock lock(mu_);
  return !stopped_.wait_for(lock, wait, [this] { return stopping_; });
}

bool Watcher::Enter(grpc::ClientContext& context) {
  std::lock_guard lock(mu_);
  if (stopping_) return false;
  current_ = &context;
  return true;
}

void Watcher::Leave() {
  std::lock_guard lock(mu_);
  current_ = nullptr;
}

bool Watcher::TakeStartOver() {
  std::lock_guard lock(mu_);
  return std::exchange(start_over_, false);
}

Watcher::End Watcher::ConnectOnce() {
  if (const char* why = WhyNoConnection(); why != nullptr) {
    board_.Failed(why);
    return {};
  }
  if (!LearnEnvironments()) return {};
  return Follow();
}

bool Watcher::LearnEnvironments() {
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  SetDeadline(context, kInfoDeadline);
  if (!Enter(context)) return false;
  v1::GetServerInfoResponse info;
  const grpc::Status status = stub_->GetServerInfo(&context, {}, &info);
  Leave();
  if (!status.ok()) {
    board_.Failed("no daemon answers at " + options_.target + ": " + ToText(status));
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) DropConnection();
    return false;
  }
  OpFacts facts = FactsOf(info);
  const bool take_theirs = options_.environments.empty() && IsUnixSocket(options_.target);
  std::lock_guard lock(facts_mu_);
  // Local ops need no lane; what the daemon's own ops need is learnt with the next stream.
  if (take_theirs && facts.environments.empty() && local_.empty()) {
    board_.Failed("the daemon at " + options_.target + " has no lane that is ready yet");
    return false;
  }
  if (take_theirs) facts_.environments = std::move(facts.environments);
  facts_.defaults = std::move(facts.defaults);
  ApplyFacts();
  return true;
}

Watcher::End Watcher::Follow() {
  End end;
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  if (!Enter(context)) return end;
  v1::WatchRequest request;
  if (!TakeStartOver()) {
    const auto [store_id, revision] = board_.Position();
    request.set_store_id(store_id);
    request.set_from_revision(revision);
  }
  in_snapshot_ = false;
  WatchStream stream(*stub_, context, request);
  v1::WatchResponse frame;
  auto event = WatchStream::Event::kFrame;
  do {
    event = stream.Next(frame, options_.silence);
  } while (event == WatchStream::Event::kFrame && OnFrame(frame, end));
  const grpc::Status status = stream.Finish();
  Leave();
  if (event == WatchStream::Event::kSilent) {
    board_.Failed("the daemon at " + options_.target + " said nothing for " +
                  std::to_string(options_.silence.count()) + " ms");
    DropConnection();
  }
  if (!status.ok() && status.error_code() != grpc::StatusCode::CANCELLED) {
    board_.Failed("the stream of decisions broke: " + ToText(status));
  }
  return end;
}

bool Watcher::OnFrame(const v1::WatchResponse& frame, End& end) {
  // Before all else: nobody may count on a daemon whose bans do not hold yet.
  if (frame.has_bans()) OnBans(frame.bans());
  board_.Heard();
  options_.heard();
  if (!end.progressed) board_.Connected();
  end.progressed = true;
  if (!BelongsHere(frame)) {
    board_.Failed("the daemon sent store '" + frame.store_id() + "' without a snapshot");
    return false;
  }
  switch (frame.frame_case()) {
    case v1::WatchResponse::kSnapshotBegin:
      stage_.BeginSnapshot();
      in_snapshot_ = true;
      return true;
    case v1::WatchResponse::kDecisions:
      OnDecisions(frame);
      break;
    case v1::WatchResponse::kSnapshotEnd:
      stage_.CommitSnapshot({frame.store_id(), frame.revision()});
      in_snapshot_ = false;
      break;
    case v1::WatchResponse::kGoodbye:
      end.wait = std::min(Millis(frame.goodbye().reconnect_after_ms()), Millis(60'000));
      return false;
    case v1::WatchResponse::kProgress:
      if (!in_snapshot_) stage_.Rest({frame.store_id(), frame.revision()});
      break;
    case v1::WatchResponse::FRAME_NOT_SET:  // Something that a newer server has to say.
      return true;
  }
  if (!in_snapshot_) Reached(frame);
  return true;
}

// Only a snapshot may lead back, to an older copy of the same store.
void Watcher::Reached(const v1::WatchResponse& frame) {
  const uint64_t least = frame.has_snapshot_end() ? 0 : board_.Position().second;
  board_.Reached(frame.store_id(), std::max(frame.revision(), least));
}

bool Watcher::BelongsHere(const v1::WatchResponse& frame) const {
  if (frame.has_snapshot_begin() || frame.has_goodbye()) return true;
  if (frame.frame_case() == v1::WatchResponse::FRAME_NOT_SET) return true;
  if (frame.has_snapshot_end()) return in_snapshot_;
  return in_snapshot_ || frame.store_id() == board_.Position().first;
}

void Watcher::OnBans(const v1::BanList& list) {
  std::vector<Ban> bans;
  for (const v1::Ban& message : list.bans()) {
    auto ban = convert::FromProto("bans.", message);
    if (ban.ok()) {
      bans.push_back(std::move(ban).value());
    } else {
      board_.Failed("a ban of the daemon cannot be read: " + ban.error().message);
    }
  }
  stage_.SetBans(std::move(bans));
}

void Watcher::OnDecisions(const v1::WatchResponse& frame) {
  std::vector<Decision> decisions;
  decisions.reserve(frame.decisions().decisions_size());
  for (const v1::Decision& message : frame.decisions().decisions()) {
    auto decision = convert::FromProto("decision", message);
    // One that cannot be read goes on as an empty one, which the cache leaves out and counts.
    decisions.push_back(decision.ok() ? std::move(decision).value() : Decision());
  }
  if (in_snapshot_) {
    stage_.AddToSnapshot(std::move(decisions));
  } else {
    stage_.Apply(std::move(decisions), {frame.store_id(), frame.revision()});
  }
}

}  // namespace tactic::link
