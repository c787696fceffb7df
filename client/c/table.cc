// Table files of the C interface.
#include <chrono>

#include "client/c/error.h"
#include "client/c/handles.h"
#include "tactic/tactic_table.h"

namespace {

using tactic::Check;
using tactic::c::CheckPointer;
using tactic::c::Guard;

tactic::TableOptions OptionsOf(int64_t look_every_ms) {
  tactic::TableOptions options;
  if (look_every_ms != 0) options.look_every = std::chrono::milliseconds(look_every_ms);
  return options;
}

}  // namespace

tactic_status tactic_cache_open_table(tactic_cache* cache, const char* path,
                                      int64_t look_every_ms) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("cache", cache); !there.ok()) return there;
    return cache->cache->OpenTable(path == nullptr ? "" : path, OptionsOf(look_every_ms));
  });
}

void tactic_cache_close_table(tactic_cache* cache) {
  if (cache != nullptr) cache->cache->CloseTable();
}

int tactic_cache_refresh_table(tactic_cache* cache) {
  bool fresh = false;
  static_cast<void>(Guard([&]() -> Check {
    if (Check there = CheckPointer("cache", cache); !there.ok()) return there;
    fresh = cache->cache->RefreshTable();
    return tactic::Ok();
  }));
  return fresh ? 1 : 0;
}

tactic_status tactic_cache_get_table_statistics(const tactic_cache* cache,
                                                tactic_table_statistics* statistics) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("cache", cache); !there.ok()) return there;
    const tactic::TableStatistics s = cache->cache->OfTable();
    tactic_table_statistics filled = {0,
                                      s.open ? 1 : 0,
                                      "",
                                      s.revision,
                                      s.created_unix_ms,
                                      s.decisions,
                                      s.foreign_environment,
                                      s.opened,
                                      s.missing,
                                      s.unreadable,
                                      s.foreign,
                                      s.newer,
                                      s.damaged};
    tactic::c::CopyText(s.store_id, filled.store_id);
    return tactic::c::WriteStructOrFail("statistics", filled, statistics);
  });
}
