#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "client/cache/call_key.h"
#include "client/cache/compiled_op.h"
#include "client/cache/misses.h"
#include "client/cache/profile.h"
#include "client/cache/readers.h"
#include "client/cache/recorder.h"
#include "client/cache/shape_counts.h"
#include "client/cache/table.h"
#include "tactic/cache.h"
#include "tactic/shape_key.h"

namespace tactic {

using cache_internal::CallKey;
using cache_internal::CheckShapes;
using cache_internal::CompiledOp;
using cache_internal::Entry;
using cache_internal::IsAbsent;
using cache_internal::KeyOf;
using cache_internal::KeyRules;
using cache_internal::kHit;
using cache_internal::kMalformed;
using cache_internal::kMapperFailed;
using cache_internal::kMiss;
using cache_internal::kNotRunnable;
using cache_internal::kOwnedSlots;
using cache_internal::kSkipped;
using cache_internal::Override;
using cache_internal::OwnedReading;
using cache_internal::ProblemFor;
using cache_internal::Profile;
using cache_internal::ProfilesOf;
using cache_internal::Table;
using cache_internal::this_thread;
using cache_internal::WhileReading;

namespace {

// Calls use(shapes) with those of the call.
template <typename Use>
auto WithShapes(std::span<const Shape> call, Use use) noexcept {
  return use(call);
}
template <typename Use>
auto WithShapes(const ShapeKey& call, Use use) noexcept {
  std::array<Shape, limits::kInputs> shapes;
  const size_t inputs = std::min(call.inputs(), limits::kInputs);
  const int64_t* sizes = call.data();
  for (size_t i = 0; i < inputs; ++i) {
    shapes[i] = Shape(sizes, call.rank(i));
    sizes += call.rank(i);
  }
  return use(std::span<const Shape>(shapes.data(), inputs));
}

// Out of line, so that the hit stays small.
template <typename Call>
[[gnu::noinline]] void NoteMiss(const CompiledOp& op, const Call& call, uint64_t hash) noexcept {
  WithShapes(call, [&](std::span<const Shape> shapes) {
    op.missed.fetch_add(1, std::memory_order_relaxed);
    op.counts->Count(op, shapes);
    op.misses->Record(op, shapes, hash);
  });
}

// The same. True: the recorder's answer is `forced`.
template <typename Call>
[[gnu::noinline]] bool Record(const CompiledOp& op, const Call& call, Choice& forced) noexcept {
  return WithShapes(
      call, [&](std::span<const Shape> shapes) { return op.recorder->OnCall(op, shapes, forced); });
}

bool Answers(const CompiledOp& op, const Shapes& sizes) {
  CallKey key;
  key.SetSizes(sizes);
  return WhileReading(*op.readers, [&](auto&) {
    Entry entry;
    return op.table->load(std::memory_order_seq_cst)->Find(op.index, key, entry);
  });
}

// What the table answers, counted. `call`: a ShapeKey, or a span of Shape.
template <typename Call, typename Reading>
[[gnu::always_inline]] inline Choice Look(const Table& table, const CompiledOp& op,
                                          CallKey::Made made, const CallKey& key, const Call& call,
                                          Reading& reading) noexcept {
  if (made != CallKey::Made::kYes) [[unlikely]] {
    reading.Add(made == CallKey::Made::kMalformed ? kMalformed : kMapperFailed);
    return {};
  }
  Entry entry;
  if (!table.Find(op.index, key, entry)) [[unlikely]] {
    reading.Add(kMiss);
    NoteMiss(op, call, key.hash());
    return {};
  }
  if (entry.runner == Entry::kNoRunner) [[unlikely]] {
    reading.Add(kNotRunnable);
    return {};
  }
  reading.Add(kHit);
  return {entry.runner, true, entry.chosen, entry.decision_id};
}

template <typename Reading>
Choice Skip(Reading& reading) noexcept {
  reading.Add(kSkipped);
  return {};
}

// Out of line, so that what is usual stays small: by whatever rules are in force, from any thread.
template <typename Call>
[[gnu::noinline]] Choice ChooseAnyhow(const CompiledOp& op, const Call& call) noexcept {
  return WhileReading(*op.readers, [&](auto& reading) -> Choice {
    const Override* overriding = op.overriding.load(std::memory_order_seq_cst);
    if (overriding != nullptr && overriding->skip) return Skip(reading);
    CallKey key;
    const CallKey::Made made = key.SetCall(overriding ? overriding->rules : op.rules, call);
    return Look(*op.table->load(std::memory_order_seq_cst), op, made, key, call, reading);
  });
}

template <typename Call>
[[gnu::always_inline]] inline Choice Choose(const CompiledOp& op, const Call& call) noexcept {
  if (op.recorded.load(std::memory_order_relaxed)) [[unlikely]] {
    Choice forced;
    if (Record(op, call, forced)) return forced;
  }
  const size_t number = this_thread;
  if (number >= kOwnedSlots || op.overriding.load(std::memory_order_relaxed) != nullptr)
      [[unlikely]]
    return ChooseAnyhow(op, call);
  CallKey key;
  const CallKey::Made made = key.SetCall(op.rules, call);
  OwnedReading reading(*op.readers, number);
  return Look(*op.table->load(std::memory_order_seq_cst), op, made, key, call, reading);
}

// All under the same rules and from the same table. Keys are made some at a time, so that the
// probes, which follow, do not wait for each other.
void ChooseAll(const CompiledOp& op, std::span<const ShapeKey> calls, std::span<Choice> choices) {
  constexpr size_t kAtOnce = 4;
  WhileReading(*op.readers, [&](auto& reading) {
    const Override* overriding = op.overriding.load(std::memory_order_seq_cst);
    const KeyRules& rules = overriding == nullptr ? op.rules : overriding->rules;
    const Table& table = *op.table->load(std::memory_order_seq_cst);
    std::array<CallKey, kAtOnce> keys;
    std::array<CallKey::Made, kAtOnce> made;
    for (size_t first = 0; first < calls.size(); first += kAtOnce) {
      const size_t count = std::min(kAtOnce, calls.size() - first);
      for (size_t i = 0; i < count; ++i) made[i] = keys[i].SetCall(rules, calls[first + i]);
      for (size_t i = 0; i < count; ++i) {
        choices[first + i] = overriding != nullptr && overriding->skip
                                 ? Skip(reading)
                                 : Look(table, op, made[i], keys[i], calls[first + i], reading);
      }
    }
  });
}

// Calls `use` with the spec that is in force; it stays as it is meanwhile.
template <typename Use>
auto WithSpec(const CompiledOp& op, Use use) {
  return WhileReading(*op.readers, [&](auto&) {
    const Override* overriding = op.overriding.load(std::memory_order_seq_cst);
    return use(overriding == nullptr ? op.spec : overriding->spec);
  });
}

Result<std::vector<Problem>> ProblemsOf(const CompiledOp& op, const OpSpec& spec,
                                        const Shapes& shapes, bool only_missing) {
  if (Check check = CheckShapes(spec, shapes); !check.ok()) return check.error();
  auto profiles = ProfilesOf(spec, shapes);
  if (!profiles.ok()) return profiles.error();
  std::vector<Problem> problems;
  std::set<Shapes> seen;
  for (Profile& profile : *profiles) {
    for (size_t i = 0; i < shapes.size(); ++i) {
      if (IsAbsent(shapes[i])) profile.key[i] = {0};  // No call is looked up by a mapped 0.
    }
    if (!seen.insert(profile.key).second) continue;
    if (only_missing && Answers(op, profile.key)) continue;
    auto problem = ProblemFor(spec, shapes, profile.key, &profile);
    if (!problem.ok()) return problem.error();
    problems.push_back(std::move(problem).value());
  }
  return problems;
}

}  // namespace

const Tactic& Choice::tactic() const {
  static const Tactic kDefault;
  return chosen ? *chosen : kDefault;
}

Choice OpHandle::ChooseOne(std::span<const Shape> shapes) const noexcept {
  return Choose(*op_, shapes);
}

Choice OpHandle::ChooseOne(const ShapeKey& call) const noexcept { return Choose(*op_, call); }

void OpHandle::ChooseEach(std::span<const ShapeKey> calls,
                          std::span<Choice> choices) const noexcept {
  const size_t count = std::min(calls.size(), choices.size());
  if (op_->recorded.load(std::memory_order_relaxed)) [[unlikely]] {
    for (size_t i = 0; i < count; ++i) choices[i] = ChooseOne(calls[i]);
    return;
  }
  ChooseAll(*op_, calls.first(count), choices);
}

const OpSpec& OpHandle::spec() const { return op_->spec; }

Result<std::vector<Problem>> OpHandle::Profiles(const Shapes& shapes) const {
  return WithSpec(*op_, [&](const OpSpec& spec) {
    return ProblemsOf(*op_, spec, shapes, /*only_missing=*/false);
  });
}

Result<std::vector<Problem>> OpHandle::MissingProfiles(const Shapes& shapes) const {
  return WithSpec(*op_, [&](const OpSpec& spec) {
    return ProblemsOf(*op_, spec, shapes, /*only_missing=*/true);
  });
}

Result<Problem> OpHandle::ProblemOf(const Shapes& shapes) const {
  return WithSpec(*op_, [&](const OpSpec& spec) -> Result<Problem> {
    if (Check check = CheckShapes(spec, shapes); !check.ok()) return check.error();
    const auto key = KeyOf(spec, shapes);
    if (!key.ok()) return key.error();
    return ProblemFor(spec, shapes, *key, nullptr);
  });
}

}  // namespace tactic
