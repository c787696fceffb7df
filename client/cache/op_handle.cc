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
using cache_internal::kSkipped;
using cache_internal::Override;
using cache_internal::ProblemFor;
using cache_internal::Profile;
using cache_internal::ProfilesOf;
using cache_internal::Reading;

namespace {

// Out of line, so that the hit stays small.
[[gnu::noinline]] void NoteMiss(const CompiledOp& op, std::span<const Shape> shapes,
                                const CallKey& key, Reading& reading) {
  reading.Add(kMiss);
  op.missed.fetch_add(1, std::memory_order_relaxed);
  op.counts->Count(op, shapes);
  op.misses->Record(op, shapes, key.hash());
}

bool Answers(const CompiledOp& op, const Shapes& sizes) {
  CallKey key;
  key.SetSizes(sizes);
  Reading reading(*op.readers);
  Entry entry;
  return op.table->load(std::memory_order_seq_cst)->Find(op.index, key, entry);
}

[[gnu::always_inline]] inline Choice ChooseBy(const KeyRules& rules, const CompiledOp& op,
                                              std::span<const Shape> shapes) noexcept {
  CallKey key;
  const CallKey::Made made = key.SetCall(rules, shapes);
  Reading reading(*op.readers);
  if (made != CallKey::Made::kYes) [[unlikely]] {
    reading.Add(made == CallKey::Made::kMalformed ? kMalformed : kMapperFailed);
    return {};
  }
  Entry entry;
  if (!op.table->load(std::memory_order_seq_cst)->Find(op.index, key, entry)) [[unlikely]] {
    NoteMiss(op, shapes, key, reading);
    return {};
  }
  if (entry.runner == Entry::kNoRunner) [[unlikely]] {
    reading.Add(kNotRunnable);
    return {};
  }
  reading.Add(kHit);
  return {entry.runner, true, entry.chosen, entry.decision_id};
}

// Out of line, so that what is usual stays small.
[[gnu::noinline]] Choice ChooseByOverride(const CompiledOp& op,
                                          std::span<const Shape> shapes) noexcept {
  Reading reading(*op.readers);
  const Override* overriding = op.overriding.load(std::memory_order_seq_cst);
  if (overriding == nullptr) return ChooseBy(op.rules, op, shapes);
  if (!overriding->skip) return ChooseBy(overriding->rules, op, shapes);
  reading.Add(kSkipped);
  return {};
}

// Calls `use` with the spec that is in force; it stays as it is meanwhile.
template <typename Use>
auto WithSpec(const CompiledOp& op, Use use) {
  const Reading reading(*op.readers);
  const Override* overriding = op.overriding.load(std::memory_order_seq_cst);
  return use(overriding == nullptr ? op.spec : overriding->spec);
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
  if (op_->recorded.load(std::memory_order_relaxed)) [[unlikely]] {
    Choice forced;
    if (op_->recorder->OnCall(*op_, shapes, forced)) return forced;
  }
  if (op_->overriding.load(std::memory_order_relaxed) != nullptr) [[unlikely]]
    return ChooseByOverride(*op_, shapes);
  return ChooseBy(op_->rules, *op_, shapes);
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
