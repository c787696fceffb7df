// What every stream of the service has in common: one write in flight, one Finish, one owner.
#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "server/core/mutex.h"
#include "server/rpc/stream_registry.h"
#include "server/rpc/task_thread.h"

namespace tactic {

// A stream of Response. Whenever something may have changed, Poke or Drain is called or a write is
// done, and Next decides what to do, on one thread at a time; so nothing is queued for a reader
// that does not read. A stream owns itself from Start until gRPC is done with it; others hold weak
// pointers. No lock is held across a call to gRPC, which may call back on the same thread.
template <typename Response>
class StreamReactor : public grpc::ServerWriteReactor<Response>, public Stream {
 public:
  // `registry` and `pump` outlive the stream; it is in the registry already.
  StreamReactor(StreamRegistry& registry, TaskThread& pump) : registry_(registry), pump_(pump) {}

  // To be returned to gRPC. `context` is the call's.
  static grpc::ServerWriteReactor<Response>* Start(std::shared_ptr<StreamReactor> stream,
                                                   grpc::CallbackServerContext& context) {
    StreamReactor* const raw = stream.get();
    raw->context_ = &context;
    raw->self_ = stream;
    raw->Opened();
    raw->Advance();
    return raw;
  }

  void Drain() final { Note(&Signals::draining); }

  void EndIfStuck() final {
    {
      MutexLock lock(mu_);
      if (!writing_ || !std::exchange(seen_writing_, true)) return;
      giving_up_ = true;  // The context stays until Finish was called, which waits for this.
    }
    context_->TryCancel();
    {
      MutexLock lock(mu_);
      giving_up_ = false;
    }
    Advance();
  }

 protected:
  struct Signals {
    bool cancelled = false;  // The reader is gone; there is nothing to send to.
    bool draining = false;   // The daemon stops.
  };
  struct Step {
    enum class What { kWait, kWrite, kFinish } what = What::kWait;
    grpc::Status status;  // Of kFinish.

    static Step Wait() { return {}; }
    static Step Write() { return {What::kWrite, {}}; }
    static Step Finish(grpc::Status status) { return {What::kFinish, std::move(status)}; }
  };

  // What to do now. kWrite: `frame`, which comes in empty, is sent. Never called after kFinish.
  virtual Step Next(Response& frame, Signals signals) = 0;
  // Where a subclass starts and stops to be told of changes.
  virtual void Opened() = 0;
  virtual void Closed() = 0;

  // Asks for a call of Next soon, from any thread; for callbacks that must be short.
  static void PokeSoon(const std::weak_ptr<StreamReactor>& stream) {
    const std::shared_ptr<StreamReactor> alive = stream.lock();
    if (alive == nullptr) return;
    {
      MutexLock lock(alive->mu_);
      if (std::exchange(alive->poke_posted_, true)) return;
    }
    alive->pump_.PostAt(TaskThread::Time(), [stream] { Poked(stream); });
  }
  // Asks for a call of Next at `when`. To be called from Next.
  void PokeAt(TaskThread::Time when) {
    {
      MutexLock lock(mu_);
      if (timer_ <= when) return;
      timer_ = when;
    }
    pump_.PostAt(when, [stream = weak()] { TimerPassed(stream); });
  }

  std::weak_ptr<StreamReactor> weak() const { return std::weak_ptr<StreamReactor>(self_); }

 private:
  static constexpr TaskThread::Time kNever = TaskThread::Time::max();

  static void Poked(const std::weak_ptr<StreamReactor>& stream) {
    const std::shared_ptr<StreamReactor> alive = stream.lock();
    if (alive == nullptr) return;
    {
      MutexLock lock(alive->mu_);
      alive->poke_posted_ = false;
    }
    alive->Advance();
  }
  static void TimerPassed(const std::weak_ptr<StreamReactor>& stream) {
    const std::shared_ptr<StreamReactor> alive = stream.lock();
    if (alive == nullptr) return;
    {
      MutexLock lock(alive->mu_);
      alive->timer_ = kNever;
    }
    alive->Advance();
  }

  // Takes steps until one has to be waited for. Whoever comes while another thread is at it, or
  // while a write is in flight, leaves a note.
  void Advance() {
    Signals signals;
    {
      MutexLock lock(mu_);
      again_ = true;
      if (busy_ || giving_up_) return;
      busy_ = true;
    }
    while (NoteTaken(signals)) {
      frame_.Clear();
      Step step = Next(frame_, signals);
      if (step.what == Step::What::kWait) continue;
      // Busy until the write is done, or for ever. This thread touches nothing any more: another
      // one may have come to the end before these calls return.
      if (step.what == Step::What::kWrite) {
        NoteWrite();
        this->StartWrite(&frame_);
      } else {
        this->Finish(std::move(step.status));
      }
      return;
    }
  }

  void Note(bool Signals::*signal) {
    {
      MutexLock lock(mu_);
      signals_.*signal = true;
    }
    Advance();
  }

  void NoteWrite() {
    MutexLock lock(mu_);
    writing_ = true;
    seen_writing_ = false;
  }

  // False: nothing new since the last step; not busy any more.
  bool NoteTaken(Signals& signals) {
    MutexLock lock(mu_);
    signals = signals_;
    if (std::exchange(again_, false)) return true;
    busy_ = false;
    Response().Swap(&frame_);  // An idle stream holds no memory of its largest frame.
    return false;
  }

  void OnWriteDone(bool ok) final {
    {
      MutexLock lock(mu_);
      busy_ = writing_ = false;
      if (!ok) signals_.cancelled = true;
    }
    Advance();
  }
  void OnCancel() final { Note(&Signals::cancelled); }
  void OnDone() final {
    Closed();
    registry_.Remove(this);
    const std::shared_ptr<StreamReactor> self = std::move(self_);  // The end, when all let go.
  }

  StreamRegistry& registry_;
  TaskThread& pump_;
  grpc::CallbackServerContext* context_ = nullptr;
  std::shared_ptr<StreamReactor> self_;
  Response frame_;  // Of whoever is busy.

  Mutex mu_;
  bool busy_ ABSL_GUARDED_BY(mu_) = false;   // A thread is taking steps, or a write is in flight.
  bool again_ ABSL_GUARDED_BY(mu_) = false;  // Something may have changed since the last step.
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool seen_writing_ ABSL_GUARDED_BY(mu_) = false;  // This frame, by EndIfStuck.
  bool giving_up_ ABSL_GUARDED_BY(mu_) = false;     // TryCancel is being called.
  Signals signals_ ABSL_GUARDED_BY(mu_);
  bool poke_posted_ ABSL_GUARDED_BY(mu_) = false;
  TaskThread::Time timer_ ABSL_GUARDED_BY(mu_) = kNever;
};

}  // namespace tactic
