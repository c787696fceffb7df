// Tuning in this process, for the C interface.
#include "tactic/lease.h"

#include <string>
#include <utility>

#include "client/c/error.h"
#include "client/c_link/handles.h"
#include "tactic/tactic_lease.h"

struct tactic_lease_tuner {
  tactic_lease_tuner(tactic::Client& client, const tactic::sdk::Registry& registry,
                     tactic::LeaseTunerOptions options)
      : again(options.again), tuner(client, registry, std::move(options)) {}
  const bool again;
  tactic::LeaseTuner tuner;
};

namespace {

using tactic::Check;
using tactic::LeaseEvent;
using tactic::Ok;
using tactic::Result;
using tactic::c::CheckPointer;
using tactic::c::Guard;

int32_t NumberOf(LeaseEvent::Kind kind) {
  switch (kind) {
    case LeaseEvent::Kind::kWaiting:
      return TACTIC_LEASE_WAITING;
    case LeaseEvent::Kind::kGranted:
      return TACTIC_LEASE_GRANTED;
    case LeaseEvent::Kind::kMeasured:
      return TACTIC_LEASE_MEASURED;
    case LeaseEvent::Kind::kDeciding:
      return TACTIC_LEASE_DECIDING;
    case LeaseEvent::Kind::kDecided:
      return TACTIC_LEASE_DECIDED;
    case LeaseEvent::Kind::kLost:
      break;
  }
  return TACTIC_LEASE_LOST;
}

Result<tactic::LeaseTunerOptions> ToOptions(const tactic_lease_options* from) {
  tactic::LeaseTunerOptions to;
  if (from == nullptr) return to;
  const Result<tactic_lease_options> known = tactic::c::ReadStruct("options", from);
  if (!known.ok()) return known.error();
  if (known->lane != nullptr) to.lane = known->lane;
  to.again = known->again != 0;
  to.wait = known->leave_to_others == 0;
  if (known->on_event == nullptr) return to;
  to.on_event = [listen = known->on_event, context = known->context](const LeaseEvent& event) {
    const std::string problem = ToText(event.problem);
    const tactic_lease_event told = {sizeof(tactic_lease_event), NumberOf(event.kind),
                                     problem.c_str(), event.detail.c_str()};
    listen(&told, context);
  };
  return to;
}

}  // namespace

tactic_status tactic_lease_tuner_create(tactic_client* client, const tactic_registry* registry,
                                        const tactic_lease_options* options,
                                        tactic_lease_tuner** tuner) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("tuner", tuner); !there.ok()) return there;
    *tuner = nullptr;
    if (Check there = CheckPointer("client", client); !there.ok()) return there;
    if (Check there = CheckPointer("registry", registry); !there.ok()) return there;
    Result<tactic::LeaseTunerOptions> converted = ToOptions(options);
    if (!converted.ok()) return converted.error();
    *tuner = new tactic_lease_tuner(client->client, registry->registry, *std::move(converted));
    return Ok();
  });
}

void tactic_lease_tuner_destroy(tactic_lease_tuner* tuner) { delete tuner; }

tactic_status tactic_lease_tune(tactic_lease_tuner* tuner, const tactic_op* op,
                                const tactic_shape* shapes, size_t count, int64_t timeout_ms,
                                tactic_tune_outcome* outcome) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("tuner", tuner); !there.ok()) return there;
    if (Check there = CheckPointer("op", op); !there.ok()) return there;
    if (Check sound = tactic::c::Write({}, outcome); !sound.ok()) return sound;
    const auto timeout = tactic::c::ToTimeout("timeout_ms", timeout_ms);
    if (!timeout.ok()) return timeout.error();
    Result<tactic::Shapes> sizes = tactic::c::ToShapes(shapes, count);
    if (!sizes.ok()) return sizes.error();
    const auto problems =
        tuner->again ? op->handle.Profiles(*sizes) : op->handle.MissingProfiles(*sizes);
    if (!problems.ok()) return problems.error();
    return tactic::c::Write(tuner->tuner.Tune(*problems, op->handle.spec().policy, *timeout),
                            outcome);
  });
}

tactic_status tactic_lease_scope_begin(tactic_client* client, tactic_lease_tuner* tuner,
                                       tactic_scope** scope) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("scope", scope); !there.ok()) return there;
    *scope = nullptr;
    if (Check there = CheckPointer("client", client); !there.ok()) return there;
    if (Check there = CheckPointer("tuner", tuner); !there.ok()) return there;
    *scope = new tactic_scope(client->client, tuner->tuner);
    return Ok();
  });
}
