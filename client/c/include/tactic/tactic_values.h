/* Errors and values of the C interface: what both parts stand on. tactic.h says the conventions. */
#ifndef TACTIC_TACTIC_VALUES_H_
#define TACTIC_TACTIC_VALUES_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TACTIC_API __attribute__((visibility("default")))
#else
#define TACTIC_API
#endif

/* Goes up with each change of this interface. */
#define TACTIC_ABI_VERSION 1
TACTIC_API int32_t tactic_abi_version(void); /* Of the library. */

/* Zeroes a struct that has a struct_size, and sets that. */
#define TACTIC_INIT(pointer) \
  (memset((pointer), 0, sizeof(*(pointer))), (void)((pointer)->struct_size = sizeof(*(pointer))))

/* ---- errors ---- */

typedef int32_t tactic_status;
enum {
  TACTIC_OK = 0,
  TACTIC_INVALID_ARGUMENT = 1,    /* The text names the field, its value and the bound. */
  TACTIC_FAILED_PRECONDITION = 2, /* Right input, wrong state or version. */
  TACTIC_NOT_FOUND = 3,
  TACTIC_UNAVAILABLE = 4, /* May succeed later. */
  TACTIC_OUT_OF_MEMORY = 5,
  TACTIC_DATA_LOSS = 6,
  TACTIC_INTERNAL = 7
};
/* "invalid_argument"; "unknown" for what is no status. */
TACTIC_API const char* tactic_status_name(tactic_status status);
/* Why the last call of this thread that failed did so, at most 1023 bytes; "" if none has. Valid
 * until the next failure of this thread. */
TACTIC_API const char* tactic_last_error(void);
/* For callbacks that fail: makes `text` what tactic_last_error gives, and returns `status`. */
TACTIC_API tactic_status tactic_fail(tactic_status status, const char* text);

/* ---- values ---- */

enum {
  TACTIC_INT = 1,
  TACTIC_BOOL = 2,
  TACTIC_DOUBLE = 3,
  TACTIC_STRING = 4,
  TACTIC_LIST = 5,      /* Values in an order. */
  TACTIC_PARAMETERS = 6 /* Named values. */
};

/* Named parameters, sorted by name: one kernel configuration of a runner, or a set inside one. A
 * constant one belongs to what it came from (its cache, a problem); one that is created, to who
 * created it. */
typedef struct tactic_tactic tactic_tactic;
typedef struct tactic_list tactic_list; /* Likewise. */

/* A named setting: an attribute of an op, or one of a tactic. */
typedef struct tactic_parameter {
  const char* name;   /* 1 to 128 of [A-Za-z0-9_.:/-]. */
  int32_t kind;       /* TACTIC_INT … TACTIC_PARAMETERS: which of the following holds. */
  int32_t bool_value; /* 0 or 1. */
  int64_t int_value;
  double double_value;      /* Finite. */
  const char* string_value; /* At most 256 bytes, no control characters. */
  /* Read with tactic_list_at and tactic_tactic_at; made with tactic_list_create and
   * tactic_tactic_create. */
  const tactic_list* list_value;
  const tactic_tactic* parameters_value;
} tactic_parameter;

/* 0 for NULL, which is the runner's default tactic. */
TACTIC_API size_t tactic_tactic_size(const tactic_tactic* tactic);
/* INVALID_ARGUMENT: no such index. */
TACTIC_API tactic_status tactic_tactic_at(const tactic_tactic* tactic, size_t index,
                                          tactic_parameter* parameter);
/* NOT_FOUND: the tactic has no parameter of this name. */
TACTIC_API tactic_status tactic_tactic_find(const tactic_tactic* tactic, const char* name,
                                            tactic_parameter* parameter);
TACTIC_API size_t tactic_list_size(const tactic_list* list); /* 0 for NULL. */
/* The item as a parameter whose name is NULL. INVALID_ARGUMENT: no such index. */
TACTIC_API tactic_status tactic_list_at(const tactic_list* list, size_t index,
                                        tactic_parameter* item);
/* For people: "kc=256 mc=96", "default". Writes at most `size` bytes with the NUL, and returns how
 * many bytes the whole text has without it, as snprintf does. */
TACTIC_API size_t tactic_tactic_text(const tactic_tactic* tactic, char* text, size_t size);

/* Values that nest are made from the inside out: each call copies what it is given, which may be
 * destroyed then. INVALID_ARGUMENT names what is wrong: a name twice, text that is no UTF-8, more
 * than 64 parameters, 8 levels or 512 values. */
TACTIC_API tactic_status tactic_tactic_create(const tactic_parameter* parameters, size_t count,
                                              tactic_tactic** tactic);
TACTIC_API void tactic_tactic_destroy(tactic_tactic* tactic); /* NULL is fine. */
/* The names of the items are not looked at. */
TACTIC_API tactic_status tactic_list_create(const tactic_parameter* items, size_t count,
                                            tactic_list** list);
TACTIC_API void tactic_list_destroy(tactic_list* list); /* NULL is fine. */

/* ---- element types and layouts ---- */

enum {
  TACTIC_ABSENT = 0, /* An optional input that is not there; its shape is {0}. */
  TACTIC_F64 = 1,
  TACTIC_F32 = 2,
  TACTIC_TF32 = 3,
  TACTIC_F16 = 4,
  TACTIC_BF16 = 5,
  TACTIC_F8E4M3 = 6,
  TACTIC_F8E5M2 = 7,
  TACTIC_I64 = 8,
  TACTIC_I32 = 9,
  TACTIC_I16 = 10,
  TACTIC_I8 = 11,
  TACTIC_U8 = 12,
  TACTIC_BOOL_TYPE = 13
};
enum { TACTIC_ROW_MAJOR = 0, TACTIC_COL_MAJOR = 1 };

#ifdef __cplusplus
}
#endif

#endif /* TACTIC_TACTIC_VALUES_H_ */
