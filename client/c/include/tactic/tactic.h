/* The C interface of libtactic, cache part: register an op, choose, count. Needs the C and C++
 * runtimes only; it never talks to anybody. tactic_link.h feeds it from a daemon, or it reads the
 * table file that a daemon keeps (tactic_table.h). The base for other languages. docs/c_api.md has
 * an example.
 *
 * Conventions
 * - Every handle (tactic_cache, tactic_op, …) is opaque. Strings are UTF-8, end with NUL, and are
 *   copied by the callee; those that it returns live as long as what they came from.
 * - Functions that can fail return a tactic_status. Text about the last failure of this thread:
 *   tactic_last_error(). No C++ exception leaves a function; nothing aborts.
 * - A struct with `struct_size` is filled in after TACTIC_INIT, which sets it: then a program that
 *   was built with an older header works with a newer library. A program that is newer than its
 *   library gets TACTIC_FAILED_PRECONDITION when it sets a field that the library does not know.
 *   Structs without it never change.
 * - Sizes are numbers of elements; a pointer may be NULL where the count is 0.
 * - All functions may be called from any thread, also on the same handle, except those that destroy
 *   it.
 */
#ifndef TACTIC_TACTIC_H_
#define TACTIC_TACTIC_H_

#include "tactic/tactic_statistics.h"
#include "tactic/tactic_table.h"
#include "tactic/tactic_values.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- ops ---- */

typedef struct tactic_input {
  int32_t dtype;
  int32_t layout;
} tactic_input;

/* What this program can run: the runner's name, and what else changes what its tactics mean. */
typedef struct tactic_runner {
  const char* name;
  const char* unique_id;
} tactic_runner;

/* The sizes of one input, by reference: only for the call. */
typedef struct tactic_shape {
  const int64_t* dims;
  size_t rank;
} tactic_shape;

/* Which sizes of a dynamic dimension are tuned, from a maximum x: tune_max, else the size met. */
enum {
  TACTIC_BUCKETS_POWERS_OF_TWO = 0,      /* 1, 2, 4… up to the next power of two of x. */
  TACTIC_BUCKETS_LAST_POWERS_OF_TWO = 1, /* 1, 2, 4… up to the last power of two <= x. */
  TACTIC_BUCKETS_MULTIPLES = 2,          /* step, 2 step… <= x. */
  TACTIC_BUCKETS_LIST = 3,               /* As given; tune_max does not cut it. */
  TACTIC_BUCKETS_FUNCTION = 4            /* make_buckets. */
};
/* How a size met becomes the size that was tuned. */
enum {
  TACTIC_MAP_NEXT_POWER_OF_TWO = 0,
  TACTIC_MAP_LAST_POWER_OF_TWO = 1,
  TACTIC_MAP_IDENTITY = 2,
  TACTIC_MAP_ROUND_UP = 3,     /* To a multiple of step. */
  TACTIC_MAP_FLOOR_TO = 4,     /* To the largest of the list <= x; its smallest if there is none. */
  TACTIC_MAP_CEIL_TO = 5,      /* To the smallest of the list >= x; its largest if there is none. */
  TACTIC_MAP_FLOOR_DIVIDE = 6, /* x / step, rounded down. */
  TACTIC_MAP_FUNCTION = 7      /* map_size. */
};

/* Writes the sizes for a maximum x, at most `capacity`, and returns how many there are in all.
 * Called when profiles are made, never by tactic_choose_one. */
typedef size_t (*tactic_make_buckets)(int64_t x, int64_t* sizes, size_t capacity, void* context);
/* Gives the same answer each time, from any thread. tactic_choose_one calls it: it is then as fast
 * and as free of locks as this is. Below 0: the call gets the fallback, and is counted. */
typedef int64_t (*tactic_map_size)(int64_t x, void* context);

/* All zero but input and dim: powers of two. */
typedef struct tactic_dynamic_dim {
  int32_t input;
  int32_t dim;
  int32_t buckets; /* TACTIC_BUCKETS_… */
  int32_t mapper;  /* TACTIC_MAP_… */
  int64_t bucket_step;
  const int64_t* bucket_list;
  size_t bucket_count;
  int64_t mapper_step;
  const int64_t* mapper_list;
  size_t mapper_count;
  tactic_make_buckets make_buckets;
  tactic_map_size map_size;
  void* context; /* Of both; outlives the cache. */
} tactic_dynamic_dim;

/* The size of a dimension that follows from others, from the shapes that are tuned; below 0: there
 * is none, which is an error of the call that asked for profiles. Called when profiles are made,
 * from any thread, never by tactic_choose_one. */
typedef int64_t (*tactic_infer_size)(const tactic_shape* shapes, size_t count, void* context);

/* Such a dimension is not part of the key. `context` outlives the cache. */
typedef struct tactic_constraint {
  int32_t input;
  int32_t dim;
  tactic_infer_size infer;
  void* context;
} tactic_constraint;

/* How decisions are measured; part of the key. 0: the daemon's rule. */
enum { TACTIC_WEIGHTS_COLD = 1, TACTIC_ALL_COLD = 2, TACTIC_WARM = 3 };
enum { TACTIC_GRAPH = 1, TACTIC_EAGER = 2 };
enum { TACTIC_VALIDATE_REFERENCE = 1, TACTIC_VALIDATE_NONE = 2 };

/* TACTIC_STRICT: registration refuses dynamic dimensions of which sizes can never hit.
 * TACTIC_ANCESTOR: exactly as TensorRT-LLM's AutoTuner (tactic/op_spec.h says more). */
enum { TACTIC_STRICT = 0, TACTIC_ANCESTOR = 1 };

typedef struct tactic_op_spec {
  size_t struct_size;
  const char* op;
  const tactic_input* inputs;
  size_t input_count; /* At most 32. */
  const tactic_runner* runners;
  size_t runner_count; /* 1 to 64; the order of tactic_choice.runner. */
  const tactic_parameter* attributes;
  size_t attribute_count; /* Those left out take the op's defaults. */
  const tactic_dynamic_dim* dynamic_dims;
  size_t dynamic_count;
  const tactic_constraint* constraints;
  size_t constraint_count;
  int64_t tune_max; /* Dynamic dimensions saturate here: map, then clamp. 0: they do not. */
  int32_t cache_state;
  int32_t launch_mode;
  int32_t validation;
  uint32_t budget_ms;
  int32_t dialect;
} tactic_op_spec;

/* ---- the cache ---- */

typedef struct tactic_op tactic_op; /* Belongs to its cache. */

/* NULL only when out of memory. */
TACTIC_API tactic_cache* tactic_cache_create(void);
/* NULL is fine. No call may be under way. Not for the cache of a tactic_client. */
TACTIC_API void tactic_cache_destroy(tactic_cache* cache);

TACTIC_API tactic_status tactic_register(tactic_cache* cache, const tactic_op_spec* spec,
                                         const tactic_op** op);

typedef struct tactic_choice {
  size_t struct_size;
  int32_t runner;              /* Index in tactic_op_spec.runners. */
  int32_t hit;                 /* 0: the fallback, runner 0 with its default tactic. */
  uint64_t decision_id;        /* 0: none. */
  const tactic_tactic* tactic; /* NULL: the runner's default. Valid as long as the cache. */
} tactic_choice;

/* What to run for these shapes: the hot call. Takes no lock, allocates nothing, makes no system
 * call. A miss is TACTIC_OK with the fallback, and so are shapes that the op cannot have (they are
 * counted as malformed). INVALID_ARGUMENT: a NULL where none may be, or no struct_size in `choice`,
 * which has the fallback then too, if it can be written. */
TACTIC_API tactic_status tactic_choose_one(const tactic_op* op, const tactic_shape* shapes,
                                           size_t count, tactic_choice* choice);

/* Makes the profile of these shapes answer with this, as if it had been decided: for engines with
 * tables of their own, and for tests. A later pin of the profile replaces it. INVALID_ARGUMENT: no
 * such runner, shapes that the op cannot have, or a parameter out of bounds; FAILED_PRECONDITION:
 * the cache of a tactic_client, whose decisions are the daemon's. */
TACTIC_API tactic_status tactic_pin(tactic_cache* cache, const tactic_op* op,
                                    const tactic_shape* shapes, size_t count, int32_t runner,
                                    const tactic_parameter* parameters, size_t parameter_count);

/* How many problems are tuned for shapes like these, and how many of them the cache does not answer
 * yet. */
TACTIC_API tactic_status tactic_count_profiles(const tactic_op* op, const tactic_shape* shapes,
                                               size_t count, size_t* profiles, size_t* missing);

#ifdef __cplusplus
}
#endif

#endif /* TACTIC_TACTIC_H_ */
