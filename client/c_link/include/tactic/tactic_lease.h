/* The C interface of libtactic, link part: tuning in this process, for runners that no worker of
 * the daemon has. docs/leases.md tells how it works. The conventions are those of tactic.h. */
#ifndef TACTIC_TACTIC_LEASE_H_
#define TACTIC_TACTIC_LEASE_H_

#include "tactic/tactic_link.h"
#include "tactic/tactic_registry.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tactic_lease_tuner tactic_lease_tuner;

/* What happens, in this order but for WAITING and LOST, which may come at any time. */
enum {
  TACTIC_LEASE_WAITING = 0,  /* detail: for whom. */
  TACTIC_LEASE_GRANTED = 1,  /* From here on this process measures; detail: the lane kept free. */
  TACTIC_LEASE_MEASURED = 2, /* One step of the race; detail: a line for each candidate. */
  TACTIC_LEASE_DECIDING = 3, /* The race is over; the daemon is told. */
  TACTIC_LEASE_DECIDED = 4,  /* The daemon has stored the decision, or told whose it is. */
  TACTIC_LEASE_LOST = 5      /* The lease ended too early; it is acquired again. detail: why. */
};
typedef struct tactic_lease_event {
  size_t struct_size;
  int32_t kind;
  const char* problem; /* For people, as `detail` is. Both are valid until the listener returns. */
  const char* detail;
} tactic_lease_event;
/* Called on the thread that tunes, between measurements. */
typedef void (*tactic_lease_listener)(const tactic_lease_event* event, void* context);

typedef struct tactic_lease_options {
  size_t struct_size;
  /* The daemon's lane whose device this is. NULL: the one of the same device class. */
  const char* lane;
  int32_t again; /* 1: measure also what has a decision. */
  /* 1: leave a key that another client measures to it, and go on; the outcome is then not finished.
   * 0: wait for its result. */
  int32_t leave_to_others;
  tactic_lease_listener on_event; /* May be NULL. */
  void* context;                  /* Of on_event; outlives the tuner. */
} tactic_lease_options;

/* Makes the registry's ops known to the client; both outlive the tuner. `options` NULL: all
 * defaults. */
TACTIC_API tactic_status tactic_lease_tuner_create(tactic_client* client,
                                                   const tactic_registry* registry,
                                                   const tactic_lease_options* options,
                                                   tactic_lease_tuner** tuner);
/* NULL is fine. After its scopes. */
TACTIC_API void tactic_lease_tuner_destroy(tactic_lease_tuner* tuner);

/* Measures every profile of these shapes that the cache does not answer yet (with `again`: every
 * profile) in this process, one after the other, and waits until the cache answers them. OK also if
 * it is not finished or some failed: the outcome says so. A candidate that crashes ends this
 * process; the next one that tunes the key goes on without it. */
TACTIC_API tactic_status tactic_lease_tune(tactic_lease_tuner* tuner, const tactic_op* op,
                                           const tactic_shape* shapes, size_t count,
                                           int64_t timeout_ms, tactic_tune_outcome* outcome);

/* As tactic_scope_begin, but tactic_scope_wait tunes the registry's ops here; all others are the
 * daemon's. */
TACTIC_API tactic_status tactic_lease_scope_begin(tactic_client* client, tactic_lease_tuner* tuner,
                                                  tactic_scope** scope);

#ifdef __cplusplus
}
#endif

#endif /* TACTIC_TACTIC_LEASE_H_ */
