// The client of the C interface.
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "client/c/error.h"
#include "client/c/read.h"
#include "client/c_link/handles.h"

namespace {

using tactic::Check;
using tactic::Error;
using tactic::ErrorCode;
using tactic::InvalidArgument;
using tactic::Ok;
using tactic::Result;
using tactic::c::CheckPointer;
using tactic::c::CopyText;
using tactic::c::Guard;
using tactic::c::ToTimeout;
using tactic::c::Write;
using Millis = std::chrono::milliseconds;

Result<tactic::ClientOptions> ToOptions(const tactic_client_options* from) {
  tactic::ClientOptions to;
  if (from == nullptr) return to;
  const Result<tactic_client_options> known = tactic::c::ReadStruct("options", from);
  if (!known.ok()) return known.error();
  if (known->target != nullptr) to.target = known->target;
  if (known->name != nullptr) to.name = known->name;
  const Result<Millis> silence = ToTimeout("silence_ms", known->silence_ms);
  if (!silence.ok()) return silence.error();
  if (silence->count() > 0) to.silence = *silence;
  if (known->log != nullptr) {
    to.log = [log = known->log, context = known->log_context](const std::string& line) {
      log(line.c_str(), context);
    };
  }
  return to;
}

Result<tactic::ProfileOverrides> ToOverrides(const tactic_overrides* from) {
  constexpr size_t kMost = tactic::limits::kProblems;
  const Result<tactic_overrides> known = tactic::c::ReadStruct("overrides", from);
  if (!known.ok()) return known.error();
  Check check = tactic::c::CheckArray("buckets", known->buckets, known->bucket_count, kMost);
  if (check.ok()) {
    check = tactic::c::CheckArray("skip_ops", known->skip_ops, known->skip_count, kMost);
  }
  if (!check.ok()) return check.error();
  tactic::ProfileOverrides to;
  to.buckets.assign(known->buckets, known->buckets + known->bucket_count);
  to.round_up = known->round_up != 0;
  for (size_t i = 0; i < known->skip_count; ++i) {
    auto op = tactic::c::ToText(tactic::c::Item("skip_ops", i).c_str(), known->skip_ops[i]);
    if (!op.ok()) return op.error();
    to.skip_ops.push_back(*std::move(op));
  }
  return to;
}

}  // namespace

namespace tactic::c {

Result<std::chrono::milliseconds> ToTimeout(const char* field, int64_t milliseconds) {
  constexpr int64_t kMost = int64_t{7} * 24 * 3600 * 1000;
  if (milliseconds >= 0 && milliseconds <= kMost) return Millis(milliseconds);
  return InvalidArgument(std::string(field) + " is " + std::to_string(milliseconds) +
                         "; must be 0 to " + std::to_string(kMost));
}

Check Write(const TuneOutcome& from, tactic_tune_outcome* to) {
  tactic_tune_outcome filled{};
  filled.finished = from.finished ? 1 : 0;
  filled.decided = from.decided;
  filled.failed = from.failed;
  CopyText(from.message, filled.message);
  return WriteStructOrFail("outcome", filled, to);
}

}  // namespace tactic::c

tactic_status tactic_client_create(const tactic_client_options* options, tactic_client** client) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("client", client); !there.ok()) return there;
    *client = nullptr;
    Result<tactic::ClientOptions> converted = ToOptions(options);
    if (!converted.ok()) return converted.error();
    *client = new tactic_client(*std::move(converted));
    return Ok();
  });
}

void tactic_client_destroy(tactic_client* client) { delete client; }

tactic_cache* tactic_client_cache(tactic_client* client) {
  return client == nullptr ? nullptr : &client->cache;
}

tactic_status tactic_client_wait_until_ready(tactic_client* client, int64_t timeout_ms) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("client", client); !there.ok()) return there;
    const Result<Millis> timeout = ToTimeout("timeout_ms", timeout_ms);
    if (!timeout.ok()) return timeout.error();
    if (client->client.WaitUntilReady(*timeout)) return Ok();
    const std::string why = client->client.Statistics().last_error;
    return Error{ErrorCode::kUnavailable, "the daemon's decisions did not come within " +
                                              std::to_string(timeout_ms) + " ms" +
                                              (why.empty() ? "" : ": " + why)};
  });
}

tactic_status tactic_client_tune(tactic_client* client, const tactic_op* op,
                                 const tactic_shape* shapes, size_t count, int64_t timeout_ms,
                                 tactic_tune_outcome* outcome) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("client", client); !there.ok()) return there;
    if (Check there = CheckPointer("op", op); !there.ok()) return there;
    if (Check sound = Write({}, outcome); !sound.ok()) return sound;
    const Result<Millis> timeout = ToTimeout("timeout_ms", timeout_ms);
    if (!timeout.ok()) return timeout.error();
    Result<tactic::Shapes> sizes = tactic::c::ToShapes(shapes, count);
    if (!sizes.ok()) return sizes.error();
    const auto problems = op->handle.MissingProfiles(*sizes);
    if (!problems.ok()) return problems.error();
    return Write(client->client.Tune(*problems, op->handle.spec().policy, *timeout), outcome);
  });
}

tactic_status tactic_scope_begin(tactic_client* client, int32_t tune, tactic_scope** scope) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("client", client); !there.ok()) return there;
    if (Check there = CheckPointer("scope", scope); !there.ok()) return there;
    *scope = new tactic_scope(client->client, tune != 0);
    return Ok();
  });
}

tactic_status tactic_scope_wait(tactic_scope* scope, int64_t timeout_ms,
                                tactic_tune_outcome* outcome) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("scope", scope); !there.ok()) return there;
    if (Check sound = Write({}, outcome); !sound.ok()) return sound;
    const Result<Millis> timeout = ToTimeout("timeout_ms", timeout_ms);
    if (!timeout.ok()) return timeout.error();
    return Write(scope->scope.Wait(*timeout), outcome);
  });
}

tactic_status tactic_scope_override(tactic_scope* scope, const tactic_overrides* overrides) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("scope", scope); !there.ok()) return there;
    Result<tactic::ProfileOverrides> converted = ToOverrides(overrides);
    if (!converted.ok()) return converted.error();
    return scope->scope.Override(*std::move(converted));
  });
}

void tactic_scope_end(tactic_scope* scope) { delete scope; }

tactic_status tactic_client_get_statistics(const tactic_client* client,
                                           tactic_client_statistics* statistics) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("client", client); !there.ok()) return there;
    const tactic::ClientStatistics from = client->client.Statistics();
    tactic_client_statistics filled{};
    filled.freshness = static_cast<int32_t>(from.freshness);
    filled.revision = from.revision;
    filled.connects = from.connects;
    filled.requests_sent = from.requests_sent;
    filled.requests_dropped = from.requests_dropped;
    CopyText(from.store_id, filled.store_id);
    CopyText(from.last_error, filled.last_error);
    return tactic::c::WriteStructOrFail("statistics", filled, statistics);
  });
}
