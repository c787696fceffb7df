#include "tactic/capture.h"

#include <algorithm>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "client/cache/recorder.h"

namespace tactic {

using cache_internal::CompiledOp;

namespace {

Error Busy() {
  return {ErrorCode::kFailedPrecondition,
          "another Capture or Replay of this cache is active; end it first"};
}

std::string CallName(size_t index) { return "call " + std::to_string(index); }

Check CheckChoices(const CapturedCall& call, size_t index,
                   const std::vector<ForcedChoice>& choices) {
  const OpSpec& spec = call.op.spec();
  if (choices.empty()) {
    return InvalidArgument(CallName(index) + " of op '" + spec.op + "' has no candidate");
  }
  for (const ForcedChoice& choice : choices) {
    if (choice.runner >= 0 && static_cast<size_t>(choice.runner) < spec.runners.size()) continue;
    return InvalidArgument(CallName(index) + " of op '" + spec.op + "': runner is " +
                           std::to_string(choice.runner) + "; must be 0 to " +
                           std::to_string(spec.runners.size() - 1));
  }
  return Ok();
}

}  // namespace

class Capture::Session final : public cache_internal::Session {
 public:
  bool OnCall(const CompiledOp& op, std::span<const Shape> shapes, Choice&) noexcept override {
    try {
      Shapes sizes;
      for (const Shape& shape : shapes) sizes.emplace_back(shape.dims, shape.dims + shape.rank);
      calls.push_back({OpHandle(&op), std::move(sizes)});
    } catch (const std::bad_alloc&) {
      out_of_memory = true;
    }
    return false;
  }
  std::vector<CapturedCall> calls;
  bool out_of_memory = false;
};

Capture::Capture(Cache& cache)
    : cache_(cache),
      session_(std::make_unique<Session>()),
      active_(cache.StartSession(session_.get())),
      running_(active_) {}

Capture::~Capture() { Stop(); }

void Capture::Stop() {
  if (running_) cache_.EndSession();
  running_ = false;
}

Check Capture::Status() const {
  if (!active_) return Busy();
  if (!session_->out_of_memory) return Ok();
  return Error{ErrorCode::kOutOfMemory, "no memory to record a call"};
}

const std::vector<CapturedCall>& Capture::calls() const { return session_->calls; }

Result<CombinationList> Capture::Combinations(const CandidatesOf& candidates_of) const {
  if (Check status = Status(); !status.ok()) return status.error();
  if (calls().empty()) {
    return InvalidArgument("nothing was captured: no call of ChooseOne while the Capture ran");
  }
  CombinationList list;
  list.size_ = 1;
  for (size_t i = 0; i < calls().size(); ++i) {
    std::vector<ForcedChoice> choices = candidates_of(calls()[i]);
    if (Check check = CheckChoices(calls()[i], i, choices); !check.ok()) return check.error();
    if (__builtin_mul_overflow(list.size_, choices.size(), &list.size_)) {
      return InvalidArgument("the candidates of " + std::to_string(i + 1) +
                             " calls make more combinations than can be counted; capture fewer "
                             "calls at once");
    }
    list.choices_.push_back(std::move(choices));
  }
  return list;
}

Combination CombinationList::operator[](size_t index) const {
  Combination combination(choices_.size());
  for (size_t call = choices_.size(); call-- > 0;) {
    combination[call] = choices_[call][index % choices_[call].size()];
    index /= choices_[call].size();
  }
  return combination;
}

class Replay::Session final : public cache_internal::Session {
 public:
  struct Forced {
    std::string op;
    RunnerId runner;
    const Parameters* tactic;  // Kept by the cache.
  };

  bool OnCall(const CompiledOp& op, std::span<const Shape>, Choice& forced) noexcept override {
    try {
      if (!forced_.empty()) Answer(op, forced);
    } catch (const std::bad_alloc&) {
      out_of_memory_ = true;
    }
    return true;
  }

  void Force(Forced forced) { forced_.push_back(std::move(forced)); }
  void Fail(std::string what) {
    if (!error_) error_ = InvalidArgument(std::move(what));
  }
  Check Status() const {
    if (error_) return *error_;
    if (!out_of_memory_) return Ok();
    return Error{ErrorCode::kOutOfMemory, "no memory to say what went wrong"};
  }

 private:
  void Answer(const CompiledOp& op, Choice& forced) {
    const Forced& wanted = forced_[next_];
    if (op.spec.op != wanted.op) {
      return Fail("replay: " + CallName(next_) + " is of op '" + op.spec.op + "', but op '" +
                  wanted.op + "' was captured there");
    }
    const std::vector<RunnerId>& runners = op.spec.runners;
    const auto runner = std::find(runners.begin(), runners.end(), wanted.runner);
    if (runner == runners.end()) {
      return Fail("replay: " + CallName(next_) + " of op '" + op.spec.op + "' has no runner '" +
                  wanted.runner.name + "', id '" + wanted.runner.unique_id + "', to force");
    }
    forced = {static_cast<int>(runner - runners.begin()), true, wanted.tactic, 0};
    next_ = (next_ + 1) % forced_.size();
  }

  std::vector<Forced> forced_;
  size_t next_ = 0;
  std::optional<Error> error_;
  bool out_of_memory_ = false;
};

Replay::Replay(Cache& cache, const Capture& capture, const Combination& combination)
    : cache_(cache), session_(std::make_unique<Session>()) {
  const std::vector<CapturedCall>& calls = capture.calls();
  if (combination.size() != calls.size()) {
    session_->Fail("the combination has " + std::to_string(combination.size()) +
                   " choices; must be " + std::to_string(calls.size()) +
                   ", one for each captured call");
    return;
  }
  for (size_t i = 0; i < calls.size(); ++i) {
    if (Check check = CheckChoices(calls[i], i, {combination[i]}); !check.ok()) {
      session_->Fail(check.error().message);
      return;
    }
    const OpSpec& spec = calls[i].op.spec();
    session_->Force({spec.op, spec.runners[static_cast<size_t>(combination[i].runner)],
                     cache.Keep(combination[i].tactic)});
  }
  active_ = cache.StartSession(session_.get());
  busy_ = !active_;
}

Replay::~Replay() {
  if (active_) cache_.EndSession();
}

Check Replay::Status() const {
  if (busy_) return Busy();
  return session_->Status();
}

}  // namespace tactic
