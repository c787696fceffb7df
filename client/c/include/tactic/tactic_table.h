/* Table files of the C interface: answers without a daemon's connection. tactic.h says the
 * conventions, docs/table_file.md what such a file is. */
#ifndef TACTIC_TACTIC_TABLE_H_
#define TACTIC_TACTIC_TABLE_H_

#include "tactic/tactic_values.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tactic_cache tactic_cache;

/* Answers from the table file at `path` too (NULL or empty: $TACTICD_TABLE, else the one beside the
 * daemon's default socket), from its pages, which all processes of the host share. A file that is
 * not there yet, or cannot be read, is looked for again, and one that replaces it is taken; what
 * was mapped before goes on answering. What was pinned comes first, and an op with a pin is
 * answered by its pins alone; a client's own decisions, once it has them, end the file's. Only
 * decisions of the environments that the file says are this host's are answered, or those that the
 * client knows of. `look_every_ms`: how often a thread of the cache looks for another file; 0: 100;
 * below 0: no thread, tactic_cache_refresh_table looks. A failure says why there is no answer from
 * the file yet: TACTIC_NOT_FOUND, TACTIC_UNAVAILABLE (the system does not let us),
 * TACTIC_INVALID_ARGUMENT (not a table file), TACTIC_FAILED_PRECONDITION (of a newer version),
 * TACTIC_DATA_LOSS (damaged). Replaces the file opened before. */
TACTIC_API tactic_status tactic_cache_open_table(tactic_cache* cache, const char* path,
                                                 int64_t look_every_ms);
TACTIC_API void tactic_cache_close_table(tactic_cache* cache);
/* Looks at once. 1: another file than before answers; else 0. */
TACTIC_API int tactic_cache_refresh_table(tactic_cache* cache);

typedef struct tactic_table_statistics {
  size_t struct_size;
  int32_t open; /* 1: a file is mapped. What follows, up to foreign_environment, is of it. */
  char store_id[64];
  uint64_t revision;            /* All decisions of the store up to it are in the file. */
  int64_t created_unix_ms;      /* When the file was made. */
  uint64_t decisions;           /* Of the environments that hold here. */
  uint64_t foreign_environment; /* Of another device, version or runner: not used. */
  uint64_t opened;              /* Files so far, one after the other. */
  /* Files that were ignored, each counted once: what was mapped before goes on answering. */
  uint64_t missing;    /* There was none. */
  uint64_t unreadable; /* The system did not let us. */
  uint64_t foreign;    /* Not a table file, or one of a machine with another byte order. */
  uint64_t newer;      /* Of a version that this library does not know. */
  uint64_t damaged;    /* Cut short, or not as it was written. */
} tactic_table_statistics;
TACTIC_API tactic_status tactic_cache_get_table_statistics(const tactic_cache* cache,
                                                           tactic_table_statistics* statistics);

#ifdef __cplusplus
}
#endif

#endif /* TACTIC_TACTIC_TABLE_H_ */
