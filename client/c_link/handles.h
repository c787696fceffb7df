// What the opaque handles of the link part are, and what its files share.
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include "client/c/handles.h"
#include "tactic/client.h"
#include "tactic/sdk/runner.h"
#include "tactic/tactic_link.h"
#include "tactic/tactic_registry.h"

struct tactic_client {
  explicit tactic_client(tactic::ClientOptions options)
      : client(std::move(options)), cache(client.cache()) {}
  tactic::Client client;
  tactic_cache cache;
};

struct tactic_scope {
  tactic_scope(tactic::Client& client, bool tune) : scope(client, tune) {}
  tactic_scope(tactic::Client& client, tactic::LocalTuner& local) : scope(client, local) {}
  tactic::TuningScope scope;
};

struct tactic_registry {
  tactic::sdk::Registry registry;
};

namespace tactic::c {

Result<std::chrono::milliseconds> ToTimeout(const char* field, int64_t milliseconds);
Check Write(const TuneOutcome& from, tactic_tune_outcome* to);

}  // namespace tactic::c
