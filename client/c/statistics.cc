// Statistics of the C interface.
#include "tactic/statistics.h"

#include <string>

#include "client/c/error.h"
#include "client/c/handles.h"

namespace {

using tactic::Check;
using tactic::c::CheckPointer;
using tactic::c::Guard;

size_t Print(const tactic_cache* cache, std::string (*print)(const tactic::StatisticsByOp&),
             char* text, size_t size) {
  size_t length = 0;
  const tactic_status status = Guard([&]() -> Check {
    if (Check there = CheckPointer("cache", cache); !there.ok()) return there;
    length = tactic::c::CopyText(print(cache->cache->ByOp()), text, size);
    return tactic::Ok();
  });
  return status == TACTIC_OK ? length : 0;
}

}  // namespace

tactic_status tactic_cache_get_statistics(const tactic_cache* cache,
                                          tactic_cache_statistics* statistics) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("cache", cache); !there.ok()) return there;
    const tactic::CacheStatistics s = cache->cache->Statistics();
    return tactic::c::WriteStructOrFail(
        "statistics",
        tactic_cache_statistics{0, s.hits, s.misses, s.not_runnable, s.malformed, s.decisions,
                                s.foreign_environment, s.damaged, s.mapper_failed},
        statistics);
  });
}

size_t tactic_cache_statistics_text(const tactic_cache* cache, char* text, size_t size) {
  return Print(cache, tactic::ToText, text, size);
}

size_t tactic_cache_statistics_json(const tactic_cache* cache, char* text, size_t size) {
  return Print(cache, tactic::ToJson, text, size);
}

void tactic_cache_clear_statistics(tactic_cache* cache) {
  if (cache != nullptr) cache->cache->ClearStatistics();
}
