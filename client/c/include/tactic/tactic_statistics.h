/* Statistics of the C interface: what a cache counted, and what tuning found. tactic.h says the
 * conventions. */
#ifndef TACTIC_TACTIC_STATISTICS_H_
#define TACTIC_TACTIC_STATISTICS_H_

#include "tactic/tactic_values.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tactic_cache tactic_cache;

typedef struct tactic_cache_statistics {
  size_t struct_size;
  uint64_t hits;
  uint64_t misses;
  uint64_t not_runnable;        /* A decision, but none of its runners is in the caller's list. */
  uint64_t malformed;           /* Wrong number of inputs, rank, or a negative size. */
  uint64_t decisions;           /* Held. */
  uint64_t foreign_environment; /* Held, but of another device or version: not used. */
  uint64_t damaged;
  uint64_t mapper_failed; /* map_size gave a size below 0. */
} tactic_cache_statistics;
TACTIC_API tactic_status tactic_cache_get_statistics(const tactic_cache* cache,
                                                     tactic_cache_statistics* statistics);

/* Misses with their shapes, and what tuning found (profiles, failed candidates with reasons, time),
 * by op, since the cache was made or they were cleared: lines for people, or one JSON object, whose
 * names are those of tactic/statistics.h. Writes at most `size` bytes with the NUL, and returns how
 * many bytes the whole text has without it, as snprintf does; it may have grown by the next call.
 * 0: out of memory, or `cache` is NULL. */
TACTIC_API size_t tactic_cache_statistics_text(const tactic_cache* cache, char* text, size_t size);
TACTIC_API size_t tactic_cache_statistics_json(const tactic_cache* cache, char* text, size_t size);
/* Those by op begin anew. */
TACTIC_API void tactic_cache_clear_statistics(tactic_cache* cache);

#ifdef __cplusplus
}
#endif

#endif /* TACTIC_TACTIC_STATISTICS_H_ */
