/* The C interface of libtactic, groups: processes that must give the same answers. tactic/group.h
 * and docs/groups.md say what holds; the conventions are those of tactic.h. */
#ifndef TACTIC_TACTIC_GROUP_H_
#define TACTIC_TACTIC_GROUP_H_

#include "tactic/tactic_link.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tactic_group tactic_group;
typedef struct tactic_hold tactic_hold;

typedef struct tactic_group_options {
  size_t struct_size;
  const char* name;   /* The group's: 1-128 of [A-Za-z0-9_.:/-], as the next. */
  const char* member; /* This process's; no other may use it at the same time. */
  size_t size;        /* How many members there are: 1 to 256. */
  const char* target; /* The daemon that all members agree through. NULL: the client's own. */
} tactic_group_options;

/* From now to the end of the group, only tactic_group_agree moves the client's table. A client is
 * in one group at a time. */
TACTIC_API tactic_status tactic_group_create(tactic_client* client,
                                             const tactic_group_options* options,
                                             tactic_group** group);
/* NULL is fine. Before the client is destroyed. */
TACTIC_API void tactic_group_destroy(tactic_group* group);

enum {
  TACTIC_PASSED = 1,         /* Every member answers from the new state, or is about to. */
  TACTIC_NOT_PASSED = 2,     /* No member goes over, ever. The table is as it was. */
  TACTIC_UNKNOWN_OUTCOME = 3 /* Cut off at the last moment. The table is as it was; call it again,
                                nothing else tells. */
};

typedef struct tactic_agreed {
  size_t struct_size;
  int32_t end;       /* One of the above. */
  uint64_t revision; /* Of TACTIC_PASSED: where the table is, as the next two. */
  char store_id[64];
  char agreement[128]; /* Its name, the same for every member. */
  char message[256];   /* Of the others: why. */
} tactic_agreed;

/* Meets the other members, which call it too. Ends within the limit, 1 ms to an hour. OK also if it
 * did not pass: `agreed` says so. One call at a time. */
TACTIC_API tactic_status tactic_group_agree(tactic_group* group, int64_t limit_ms,
                                            tactic_agreed* agreed);

/* While one lives, the client's table stays exactly as it is: for the capture of CUDA graphs. They
 * nest. */
TACTIC_API tactic_status tactic_hold_begin(tactic_client* client, tactic_hold** hold);
/* NULL is fine. */
TACTIC_API void tactic_hold_end(tactic_hold* hold);

#ifdef __cplusplus
}
#endif

#endif /* TACTIC_TACTIC_GROUP_H_ */
