/* The C interface of libtactic, link part: ops and runners that live in this program, so that it
 * can be tuned in its own process (tactic_lease.h). The conventions are those of tactic.h.
 *
 * Callbacks are called on the thread that tunes, one at a time for each tuner; those that may be
 * NULL say so. They return TACTIC_OK or what tactic_fail returns: TACTIC_OUT_OF_MEMORY makes the
 * candidate fail so, all else rejects it with the text. No exception may leave them. What they are
 * given is valid until they return.
 */
#ifndef TACTIC_TACTIC_REGISTRY_H_
#define TACTIC_TACTIC_REGISTRY_H_

#include "tactic/tactic.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what callbacks are given ---- */

enum { TACTIC_MAX_RANK = 8 };
typedef struct tactic_tensor {
  int32_t dtype;
  int32_t layout;
  size_t rank;
  int64_t dims[TACTIC_MAX_RANK];
} tactic_tensor;

/* What is to be computed, checked against the op's schema, at the sizes that are measured. */
typedef struct tactic_problem {
  size_t struct_size;
  const char* op;
  const tactic_tensor* inputs;
  size_t input_count;
  const tactic_tactic* attributes; /* All of the op; those left out have their defaults. */
} tactic_problem;

/* Where a call reads and writes: host memory, dense in its layout, 64-byte aligned. An absent input
 * is NULL. Inputs must not be changed. */
typedef struct tactic_operands {
  size_t struct_size;
  const void* const* inputs;
  void* const* outputs;
  void* workspace; /* As long as prepare said, content undefined. */
} tactic_operands;

/* ---- ops ---- */

typedef struct tactic_input_schema {
  const char* name;
  const char* const* dims; /* Names; equal names are equal sizes. */
  size_t rank;
  const int32_t* dtypes; /* Accepted; the first is the default. */
  size_t dtype_count;
  const int32_t* layouts; /* Likewise. None: row-major. */
  size_t layout_count;
  int32_t weight;    /* 1: read-only between calls, what TACTIC_WEIGHTS_COLD keeps out of cache. */
  int32_t own_dtype; /* 1: an index, a scale. All inputs that do not say so share one dtype. */
} tactic_input_schema;

/* How an input is filled for tuning. tactic/sdk/inputs.h says more. */
enum {
  TACTIC_FILL_DEFAULT = 0,  /* Random of either sign, in [1/16, 1); integers: 1 to 8. Never 0. */
  TACTIC_FILL_UNIFORM = 1,  /* In [low, high]. */
  TACTIC_FILL_INDEX = 2,    /* In [0, below): integers. */
  TACTIC_FILL_CONSTANT = 3, /* low. */
  TACTIC_FILL_ROWS = 4      /* Whole rows of real data, repeated. */
};
/* All zero: the default. */
typedef struct tactic_input_fill {
  int32_t kind; /* TACTIC_FILL_… */
  double low;
  double high;
  int64_t below;
  const void* rows; /* Copied when the callback returns. */
  size_t row_bytes; /* Of all rows together. */
} tactic_input_fill;

/* A named operation: what its runners must compute. `context` outlives the registry, as the code of
 * the callbacks does. */
typedef struct tactic_own_op {
  size_t struct_size;
  const char* name;
  const tactic_input_schema* inputs;
  size_t input_count;
  const tactic_parameter* attributes; /* With their default values, whose kinds are theirs. */
  size_t attribute_count;
  void* context;
  /* Writes the types and shapes of the outputs, at most `capacity`, and how many there are. */
  tactic_status (*describe_outputs)(const tactic_problem* problem, tactic_tensor* outputs,
                                    size_t capacity, size_t* count, void* context);
  /* Computes the outputs plainly. Without workspace. */
  tactic_status (*reference)(const tactic_problem* problem, const tactic_operands* operands,
                             void* context);
  /* A result x is right if |x - reference| <= absolute + relative * |reference|. NULL: equal. */
  tactic_status (*tolerance)(const tactic_problem* problem, double* absolute, double* relative,
                             void* context);
  /* How each input is filled: one `fill` each, the default at first. NULL: the default. */
  tactic_status (*fill_inputs)(const tactic_problem* problem, tactic_input_fill* fills,
                               void* context);
  /* Once all inputs are filled; may change them, so that they fit each other. Must do the same for
   * the same inputs. NULL: nothing. */
  tactic_status (*inputs_pre_hook)(const tactic_problem* problem, void* const* inputs,
                                   void* context);
} tactic_own_op;

/* ---- runners ---- */

/* The tactics that a runner lists. */
typedef struct tactic_tactics tactic_tactics;
/* Copies the parameters. */
TACTIC_API tactic_status tactic_tactics_add(tactic_tactics* tactics,
                                            const tactic_parameter* parameters, size_t count);

/* A library whose version matters to the result. */
typedef struct tactic_component {
  const char* name;
  const char* version;
} tactic_component;

/* One family of kernels for an op. `context` outlives the registry. */
typedef struct tactic_own_runner {
  size_t struct_size;
  tactic_runner id; /* unique_id changes whenever a tactic's meaning or speed may change. */
  const tactic_component* libraries;
  size_t library_count;
  void* context;
  /* Adds those worth measuring, most promising first; the default need not be added. NULL: there is
   * the default only. */
  tactic_status (*list_tactics)(const tactic_problem* problem, tactic_tactics* tactics,
                                void* context);
  /* Makes a tactic ready, untimed: sets `*call` to whatever launch is to be given, and may set
   * `*workspace_bytes`. A tactic of size 0 is the default, which must work for every problem. */
  tactic_status (*prepare)(const tactic_problem* problem, const tactic_tactic* tactic, void** call,
                           size_t* workspace_bytes, void* context);
  /* Runs it, and returns when it is done: what is timed. */
  tactic_status (*launch)(void* call, const tactic_operands* operands, void* context);
  /* Ends what prepare made. NULL: there is nothing to end. */
  void (*release)(void* call, void* context);
} tactic_own_runner;

/* ---- the registry ---- */

typedef struct tactic_registry tactic_registry;

TACTIC_API tactic_status tactic_registry_create(tactic_registry** registry);
/* NULL is fine. After all tuners that use it. */
TACTIC_API void tactic_registry_destroy(tactic_registry* registry);

/* Before a tuner uses the registry. INVALID_ARGUMENT names the field; also for an op or a runner
 * that is there already. */
TACTIC_API tactic_status tactic_registry_add_op(tactic_registry* registry, const tactic_own_op* op);
/* The first one's default is the default candidate. NOT_FOUND: no such op. */
TACTIC_API tactic_status tactic_registry_add_runner(tactic_registry* registry, const char* op,
                                                    const tactic_own_runner* runner);

#ifdef __cplusplus
}
#endif

#endif /* TACTIC_TACTIC_REGISTRY_H_ */
