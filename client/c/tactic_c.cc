// The cache of the C interface: handles, the hot call, pins.
#include <cstddef>
#include <new>
#include <span>
#include <utility>

#include "client/c/error.h"
#include "client/c/handles.h"

namespace {

using tactic::Check;
using tactic::Choice;
using tactic::Decision;
using tactic::Error;
using tactic::ErrorCode;
using tactic::InvalidArgument;
using tactic::Ok;
using tactic::Result;
using tactic::Shape;
using tactic::c::CheckPointer;
using tactic::c::Fail;
using tactic::c::Guard;

// Shapes on the stack: the hot call allocates nothing.
class StackShapes {
 public:
  // More inputs than an op can have become none, which no op has either.
  StackShapes(const tactic_shape* shapes, size_t count) noexcept
      : count_(count <= tactic::limits::kInputs ? count : 0) {
    for (size_t i = 0; i < count_; ++i) {
      new (&storage_[i * sizeof(Shape)]) Shape(shapes[i].dims, shapes[i].rank);
    }
  }
  std::span<const Shape> span() const {
    return {std::launder(reinterpret_cast<const Shape*>(storage_)), count_};
  }

 private:
  static_assert(std::is_trivially_destructible_v<Shape>);
  size_t count_;
  alignas(Shape) std::byte storage_[sizeof(Shape) * tactic::limits::kInputs];
};

// Where pins are "measured": no lane reports it.
tactic::Environment PinnedEnvironment() {
  tactic::Environment environment;
  environment.device.arch = "pinned";
  return environment;
}

Result<Decision> PinOf(const tactic_op& op, const tactic_shape* shapes, size_t count,
                       int32_t runner, const tactic_parameter* parameters, size_t parameter_count) {
  const tactic::OpSpec& spec = op.handle.spec();
  if (runner < 0 || static_cast<size_t>(runner) >= spec.runners.size()) {
    return InvalidArgument("runner is " + std::to_string(runner) + "; must be 0 to " +
                           std::to_string(spec.runners.size() - 1));
  }
  Result<tactic::Parameters> tactic =
      tactic::c::ToParameters("parameters", parameters, parameter_count);
  if (!tactic.ok()) return tactic.error();
  Result<tactic::Shapes> sizes = tactic::c::ToShapes(shapes, count);
  if (!sizes.ok()) return sizes.error();
  Result<tactic::Problem> problem = op.handle.ProblemOf(*sizes);
  if (!problem.ok()) return problem.error();
  Decision decision;
  decision.key = {*std::move(problem), Resolve(spec.policy, tactic::DeviceKind::kHost),
                  PinnedEnvironment()};
  decision.ranking = {{{spec.runners[static_cast<size_t>(runner)], *std::move(tactic)}, 0, 0, 0}};
  decision.reason = tactic::Reason::kOnly;
  return decision;
}

}  // namespace

tactic_cache* tactic_cache_create(void) {
  tactic_cache* cache = nullptr;
  static_cast<void>(Guard([&] {
    cache = new tactic_cache();
    return Ok();
  }));
  return cache;
}

void tactic_cache_destroy(tactic_cache* cache) { delete cache; }

tactic_status tactic_register(tactic_cache* cache, const tactic_op_spec* spec,
                              const tactic_op** op) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("cache", cache); !there.ok()) return there;
    if (Check there = CheckPointer("op", op); !there.ok()) return there;
    *op = nullptr;
    const Result<tactic_op_spec> known = tactic::c::ReadStruct("spec", spec);
    if (!known.ok()) return known.error();
    Result<tactic::OpSpec> converted = tactic::c::ToOpSpec(*known);
    if (!converted.ok()) return converted.error();
    Result<tactic::OpHandle> handle = cache->cache->Register(*std::move(converted));
    if (!handle.ok()) return handle.error();
    const std::lock_guard lock(cache->mu);
    *op = &cache->ops.emplace_back(*handle);
    return Ok();
  });
}

tactic_status tactic_choose_one(const tactic_op* op, const tactic_shape* shapes, size_t count,
                                tactic_choice* choice) {
  if (!tactic::c::WriteStruct(tactic_choice{}, choice)) {
    return Fail(TACTIC_INVALID_ARGUMENT, "choice is NULL or has no struct_size; use TACTIC_INIT");
  }
  if (op == nullptr || (shapes == nullptr && count > 0)) {
    return Fail(TACTIC_INVALID_ARGUMENT, op == nullptr ? "op is NULL" : "shapes is NULL");
  }
  const StackShapes stack(shapes, count);
  const Choice chosen = op->handle.ChooseOne(stack.span());
  const tactic_choice filled = {0, chosen.runner, chosen.hit ? 1 : 0, chosen.decision_id,
                                tactic::c::ToC(chosen.chosen)};
  static_cast<void>(tactic::c::WriteStruct(filled, choice));
  return TACTIC_OK;
}

tactic_status tactic_pin(tactic_cache* cache, const tactic_op* op, const tactic_shape* shapes,
                         size_t count, int32_t runner, const tactic_parameter* parameters,
                         size_t parameter_count) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("cache", cache); !there.ok()) return there;
    if (Check there = CheckPointer("op", op); !there.ok()) return there;
    if (cache->own == nullptr) {
      return Error{ErrorCode::kFailedPrecondition,
                   "the cache is a client's: its decisions are the daemon's. Pin in one made with "
                   "tactic_cache_create"};
    }
    Result<Decision> decision = PinOf(*op, shapes, count, runner, parameters, parameter_count);
    if (!decision.ok()) return decision.error();
    const std::lock_guard lock(cache->mu);
    if (cache->pinned_environments.try_emplace(decision->key.problem.op, PinnedEnvironment())
            .second) {
      cache->cache->SetEnvironments(
          {cache->pinned_environments.begin(), cache->pinned_environments.end()});
    }
    decision->id = decision->revision = ++cache->pins;
    cache->cache->Apply({*std::move(decision)});
    return Ok();
  });
}

tactic_status tactic_count_profiles(const tactic_op* op, const tactic_shape* shapes, size_t count,
                                    size_t* profiles, size_t* missing) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("op", op); !there.ok()) return there;
    Result<tactic::Shapes> sizes = tactic::c::ToShapes(shapes, count);
    if (!sizes.ok()) return sizes.error();
    const auto all = op->handle.Profiles(*sizes);
    if (!all.ok()) return all.error();
    const auto unanswered = op->handle.MissingProfiles(*sizes);
    if (!unanswered.ok()) return unanswered.error();
    if (profiles != nullptr) *profiles = all->size();
    if (missing != nullptr) *missing = unanswered->size();
    return Ok();
  });
}
