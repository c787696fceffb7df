#include "server/rpc/watch_reactor.h"

#include <algorithm>
#include <random>
#include <utility>

#include "proto/convert/convert.h"

namespace tactic {
namespace {

using std::chrono::steady_clock;

constexpr uint32_t kMaxReconnectMs = 2000;

// Uniform, so that watchers that came together do not come back together.
uint32_t Spread(uint32_t most) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_int_distribution<uint32_t>(0, most)(random);
}

std::chrono::milliseconds AgeOf(const WatchOptions& options) {
  return options.max_age * (80 + Spread(40)) / 100;
}

}  // namespace

WatchReactor::WatchReactor(StreamRegistry& registry, TaskThread& pump, Catalog& catalog,
                           WatchPosition position, const WatchOptions& options)
    : StreamReactor(registry, pump),
      catalog_(catalog),
      position_(std::move(position)),
      options_(options),
      last_day_(steady_clock::now() + AgeOf(options)) {}

void WatchReactor::Opened() {
  subscription_ = catalog_.Subscribe([stream = weak()] { PokeSoon(stream); });
}

void WatchReactor::Closed() { catalog_.Unsubscribe(subscription_); }

WatchReactor::Step WatchReactor::Next(v1::WatchResponse& frame, Signals signals) {
  Step step = NextOfDecisions(frame, signals);
  // After the decisions were read: none in the frame is newer than a ban that is not in it.
  if (step.what == Step::What::kWrite) AddNewBans(frame);
  return step;
}

void WatchReactor::AddNewBans(v1::WatchResponse& frame) {
  const BansPtr bans = catalog_.Bans();
  if (bans_sent_ == bans->generation) return;
  bans_sent_ = bans->generation;
  v1::BanList& list = *frame.mutable_bans();
  for (const Ban& ban : bans->bans) convert::ToProto(ban, list.add_bans());
}

WatchReactor::Step WatchReactor::NextOfDecisions(v1::WatchResponse& frame, Signals signals) {
  if (signals.cancelled) return Step::Finish(grpc::Status::CANCELLED);
  if (phase_ == Phase::kEnd) return Step::Finish(grpc::Status::OK);
  if (phase_ == Phase::kBegin && CanResume()) {
    sent_ = position_.from_revision;
    phase_ = Phase::kLive;
  }
  frame.set_store_id(catalog_.store_id());
  if (signals.draining) return Goodbye(frame, "the daemon is stopping");
  if (phase_ == Phase::kLive) return Live(frame);
  return Snapshot(frame);
}

// A position of this store that was reached already. Any is good enough: what stands is kept with
// its revision, and nothing is ever removed without a successor.
bool WatchReactor::CanResume() const {
  return !position_.snapshot_only && position_.store_id == catalog_.store_id() &&
         position_.from_revision <= catalog_.Revision();
}

WatchReactor::Step WatchReactor::Snapshot(v1::WatchResponse& frame) {
  if (phase_ == Phase::kBegin) {
    frame.mutable_snapshot_begin();
    phase_ = Phase::kSnapshot;
  } else if (!Fill(frame)) {
    frame.mutable_snapshot_end();
    frame.set_revision(sent_);
    phase_ = position_.snapshot_only ? Phase::kEnd : Phase::kLive;
  }
  progress_due_ = steady_clock::now() + options_.progress_interval;
  return Step::Write();
}

WatchReactor::Step WatchReactor::Live(v1::WatchResponse& frame) {
  const TaskThread::Time now = steady_clock::now();
  if (now >= last_day_) return Goodbye(frame, "the stream is old; resume on a new one");
  if (!Fill(frame)) {
    if (now < progress_due_ && bans_sent_ == catalog_.Bans()->generation) {
      PokeAt(std::min(progress_due_, last_day_));
      return Step::Wait();
    }
    frame.mutable_progress();
  }
  frame.set_revision(sent_);
  progress_due_ = now + options_.progress_interval;
  return Step::Write();
}

WatchReactor::Step WatchReactor::Goodbye(v1::WatchResponse& frame, const char* reason) {
  // Inside a snapshot nothing was promised yet.
  frame.set_revision(phase_ == Phase::kLive ? sent_ : 0);
  frame.mutable_goodbye()->set_reason(reason);
  frame.mutable_goodbye()->set_reconnect_after_ms(Spread(kMaxReconnectMs));
  phase_ = Phase::kEnd;
  return Step::Write();
}

bool WatchReactor::Wanted(const Decision& decision) const {
  const std::vector<std::string>& ops = position_.ops;
  return ops.empty() || std::find(ops.begin(), ops.end(), decision.key.problem.op) != ops.end();
}

bool WatchReactor::Fill(v1::WatchResponse& frame) {
  size_t bytes = 0;
  while (true) {
    const Catalog::Page page = catalog_.Since(sent_, options_.max_frame_decisions);
    for (const DecisionPtr& decision : page.decisions) {
      if (Wanted(*decision) && !Add(*decision, frame, bytes)) return true;
      sent_ = decision->revision;
    }
    sent_ = page.complete_to;
    if (frame.has_decisions()) return true;
    if (page.decisions.size() < options_.max_frame_decisions) return false;
  }
}

bool WatchReactor::Add(const Decision& decision, v1::WatchResponse& frame, size_t& bytes) const {
  auto& decisions = *frame.mutable_decisions()->mutable_decisions();
  convert::ToProto(decision, decisions.Add());
  const size_t size = decisions.rbegin()->ByteSizeLong();
  if (decisions.size() > 1 && bytes + size > options_.max_frame_bytes) {
    decisions.RemoveLast();
    return false;
  }
  bytes += size;
  return true;
}

}  // namespace tactic
