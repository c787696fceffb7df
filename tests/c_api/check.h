/* What the C programs of the tests demand: a failure says where and what, and ends the program. */
#ifndef TACTIC_TESTS_C_API_CHECK_H_
#define TACTIC_TESTS_C_API_CHECK_H_

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tactic/tactic.h"

#define CHECK(condition)                                                                 \
  do {                                                                                   \
    if (!(condition)) {                                                                  \
      fprintf(stderr, "%s:%d: does not hold: %s (last error: %s)\n", __FILE__, __LINE__, \
              #condition, tactic_last_error());                                          \
      exit(1);                                                                           \
    }                                                                                    \
  } while (0)

/* The call fails with this status, and its text holds this. */
#define CHECK_FAILS(call, status, text)                 \
  do {                                                  \
    CHECK((call) == (status));                          \
    CHECK(strstr(tactic_last_error(), (text)) != NULL); \
  } while (0)

#endif /* TACTIC_TESTS_C_API_CHECK_H_ */
