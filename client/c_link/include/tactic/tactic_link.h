/* The C interface of libtactic, link part: a cache that a daemon feeds. Needs gRPC. The conventions
 * are those of tactic.h. */
#ifndef TACTIC_TACTIC_LINK_H_
#define TACTIC_TACTIC_LINK_H_

#include "tactic/tactic.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tactic_client tactic_client;
typedef struct tactic_scope tactic_scope;

/* Gets a line for each op and profile that misses where no scope tunes, once; from a thread of the
 * client, never from tactic_choose_one. Must not call the client. */
typedef void (*tactic_log)(const char* line, void* context);

typedef struct tactic_client_options {
  size_t struct_size;
  const char* target; /* "unix:/path" or "host:port". NULL: $TACTICD_TARGET, else the default. */
  const char* name;   /* For the daemon's log. NULL: the program's name and process id. */
  int64_t silence_ms; /* A connection silent for this long is made anew. 0: 15000. */
  tactic_log log;     /* NULL: standard error. */
  void* log_context;  /* Outlives the client. */
} tactic_client_options;

/* Never fails for want of a daemon. `options` NULL: all defaults. The client has two threads of its
 * own. */
TACTIC_API tactic_status tactic_client_create(const tactic_client_options* options,
                                              tactic_client** client);
/* NULL is fine. Its cache and scopes must not be in use any more. */
TACTIC_API void tactic_client_destroy(tactic_client* client);

/* The cache that it feeds: for tactic_register and all that follows. Lives as long as the client.
 */
TACTIC_API tactic_cache* tactic_client_cache(tactic_client* client);

/* Waits until the cache holds all that the daemon has decided. UNAVAILABLE: not within this time;
 * the client goes on trying. */
TACTIC_API tactic_status tactic_client_wait_until_ready(tactic_client* client, int64_t timeout_ms);

typedef struct tactic_tune_outcome {
  size_t struct_size;
  int32_t finished; /* 0: the time ran out, or the daemon went away. */
  uint32_t decided; /* Now in the cache. */
  uint32_t failed;
  char message[256]; /* Why it is not finished, or why some failed. */
} tactic_tune_outcome;

/* Has every profile of these shapes tuned that the cache does not answer yet, and waits. OK also if
 * it is not finished or some failed: the outcome says so. */
TACTIC_API tactic_status tactic_client_tune(tactic_client* client, const tactic_op* op,
                                            const tactic_shape* shapes, size_t count,
                                            int64_t timeout_ms, tactic_tune_outcome* outcome);

/* While a scope lives, what misses is tuned: all buckets of the op at the shapes met. Scopes belong
 * to the client, not to a thread; they nest, and the one made last rules. `tune` 0: misses inside
 * are not even asked for. */
TACTIC_API tactic_status tactic_scope_begin(tactic_client* client, int32_t tune,
                                            tactic_scope** scope);
/* Waits until everything that missed inside since the last wait is decided. */
TACTIC_API tactic_status tactic_scope_wait(tactic_scope* scope, int64_t timeout_ms,
                                           tactic_tune_outcome* outcome);

/* Other rules for profiles while a scope lives. */
typedef struct tactic_overrides {
  size_t struct_size;
  /* Not empty: the buckets of every dynamic dimension, and sizes are mapped to them: rounded down
   * unless round_up. */
  const int64_t* buckets;
  size_t bucket_count;
  int32_t round_up;            /* 1: sizes are rounded up to a bucket, of these or the op's own. */
  const char* const* skip_ops; /* Answered with the fallback, whatever is tuned. */
  size_t skip_count;
} tactic_overrides;
/* From now to the end of the scope, in the place of what an earlier call gave it. INVALID_ARGUMENT
 * names what is wrong; nothing has changed then. Not from two threads at once. */
TACTIC_API tactic_status tactic_scope_override(tactic_scope* scope,
                                               const tactic_overrides* overrides);

/* NULL is fine. */
TACTIC_API void tactic_scope_end(tactic_scope* scope);

/* What the cache's content is worth. All states answer. */
enum {
  TACTIC_FRESH = 0,  /* Within 15 s the daemon said up to where the table is complete. */
  TACTIC_STALE = 1,  /* Within 60 s. */
  TACTIC_OFFLINE = 2 /* Longer ago, or never. */
};

typedef struct tactic_client_statistics {
  size_t struct_size;
  int32_t freshness;
  uint64_t revision; /* Of the daemon's store; the cache holds all up to here. */
  uint64_t connects;
  uint64_t requests_sent;
  uint64_t requests_dropped;
  char store_id[64];
  char last_error[256]; /* Of the connection; "": none. */
} tactic_client_statistics;
TACTIC_API tactic_status tactic_client_get_statistics(const tactic_client* client,
                                                      tactic_client_statistics* statistics);

#ifdef __cplusplus
}
#endif

#endif /* TACTIC_TACTIC_LINK_H_ */
