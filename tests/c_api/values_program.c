/* Uses tactic_values.h where values nest, and tactic_statistics.h, in C, with errors. */
#include "check.h"

static tactic_parameter Named(const char* name, int32_t kind) {
  tactic_parameter parameter;
  memset(&parameter, 0, sizeof(parameter));
  parameter.name = name;
  parameter.kind = kind;
  return parameter;
}

static tactic_parameter IntParameter(const char* name, int64_t value) {
  tactic_parameter parameter = Named(name, TACTIC_INT);
  parameter.int_value = value;
  return parameter;
}

static tactic_parameter ListParameter(const char* name, const tactic_list* list) {
  tactic_parameter parameter = Named(name, TACTIC_LIST);
  parameter.list_value = list;
  return parameter;
}

static const tactic_op* Register(tactic_cache* cache) {
  static const tactic_input input = {TACTIC_F32, TACTIC_ROW_MAJOR};
  static const tactic_runner runner = {"tiled", "1"};
  tactic_op_spec spec;
  TACTIC_INIT(&spec);
  spec.op = "norm";
  spec.inputs = &input;
  spec.input_count = 1;
  spec.runners = &runner;
  spec.runner_count = 1;
  const tactic_op* op = NULL;
  CHECK(tactic_register(cache, &spec, &op) == TACTIC_OK);
  return op;
}

static const int64_t kSizes[] = {8, 64};
static const tactic_shape kShape = {kSizes, 2};

/* {stages={depth=3} tile=[128,[k,2]]}, the way a program makes it. */
static tactic_status PinNested(tactic_cache* cache, const tactic_op* op) {
  tactic_parameter pair[2] = {Named(NULL, TACTIC_STRING), IntParameter(NULL, 2)};
  pair[0].string_value = "k";
  tactic_list* inner = NULL;
  CHECK(tactic_list_create(pair, 2, &inner) == TACTIC_OK && inner != NULL);
  const tactic_parameter items[] = {IntParameter("ignored", 128), ListParameter(NULL, inner)};
  tactic_list* tile = NULL;
  CHECK(tactic_list_create(items, 2, &tile) == TACTIC_OK);
  const tactic_parameter depth = IntParameter("depth", 3);
  tactic_tactic* stages = NULL;
  CHECK(tactic_tactic_create(&depth, 1, &stages) == TACTIC_OK && stages != NULL);
  tactic_parameter parameters[] = {ListParameter("tile", tile), Named("stages", TACTIC_PARAMETERS)};
  parameters[1].parameters_value = stages;
  const tactic_status status = tactic_pin(cache, op, &kShape, 1, 0, parameters, 2);
  tactic_list_destroy(inner);
  tactic_list_destroy(tile);
  tactic_tactic_destroy(stages);
  return status;
}

static void TestNestedTactics(tactic_cache* cache, const tactic_op* op) {
  CHECK(PinNested(cache, op) == TACTIC_OK);
  tactic_choice choice;
  TACTIC_INIT(&choice);
  CHECK(tactic_choose_one(op, &kShape, 1, &choice) == TACTIC_OK && choice.hit);
  char text[64];
  tactic_tactic_text(choice.tactic, text, sizeof(text));
  CHECK(strcmp(text, "stages={depth=3} tile=[128,[k,2]]") == 0);

  tactic_parameter found;
  CHECK(tactic_tactic_find(choice.tactic, "tile", &found) == TACTIC_OK);
  CHECK(found.kind == TACTIC_LIST && tactic_list_size(found.list_value) == 2);
  const tactic_list* tile = found.list_value;
  CHECK(tactic_list_at(tile, 0, &found) == TACTIC_OK);
  CHECK(found.name == NULL && found.kind == TACTIC_INT && found.int_value == 128);
  CHECK_FAILS(tactic_list_at(tile, 2, &found), TACTIC_INVALID_ARGUMENT, "the list has 2");
  CHECK(tactic_list_at(tile, 1, &found) == TACTIC_OK && found.kind == TACTIC_LIST);
  const tactic_list* inner = found.list_value;
  CHECK(tactic_list_at(inner, 0, &found) == TACTIC_OK);
  CHECK(found.kind == TACTIC_STRING && strcmp(found.string_value, "k") == 0);
  CHECK(tactic_tactic_find(choice.tactic, "stages", &found) == TACTIC_OK);
  CHECK(found.kind == TACTIC_PARAMETERS);
  const tactic_tactic* stages = found.parameters_value;
  CHECK(tactic_tactic_find(stages, "depth", &found) == TACTIC_OK && found.int_value == 3);

  /* What the library gave may be given back. */
  tactic_parameter given[2];
  CHECK(tactic_tactic_at(choice.tactic, 0, &given[0]) == TACTIC_OK);
  CHECK(tactic_tactic_at(choice.tactic, 1, &given[1]) == TACTIC_OK);
  tactic_tactic* back = NULL;
  CHECK(tactic_tactic_create(given, 2, &back) == TACTIC_OK);
  char again[64];
  tactic_tactic_text(back, again, sizeof(again));
  CHECK(strcmp(again, text) == 0);
  tactic_tactic_destroy(back);
}

static void TestErrors(void) {
  tactic_parameter twice[] = {IntParameter("a", 1), IntParameter("a", 2)};
  tactic_tactic* tactic = NULL;
  tactic_list* list = NULL;
  CHECK_FAILS(tactic_tactic_create(twice, 2, &tactic), TACTIC_INVALID_ARGUMENT, "twice");
  CHECK(tactic == NULL);
  CHECK_FAILS(tactic_tactic_create(NULL, 1, &tactic), TACTIC_INVALID_ARGUMENT, "parameters");
  CHECK_FAILS(tactic_tactic_create(twice, 1, NULL), TACTIC_INVALID_ARGUMENT, "tactic");
  CHECK_FAILS(tactic_list_create(NULL, 1, &list), TACTIC_INVALID_ARGUMENT, "items");
  CHECK_FAILS(tactic_list_create(twice, 513, &list), TACTIC_INVALID_ARGUMENT, "at most 512");
  CHECK_FAILS(tactic_list_create(twice, 1, NULL), TACTIC_INVALID_ARGUMENT, "list");
  tactic_parameter bad = Named(NULL, TACTIC_STRING);
  bad.string_value = "\xff";
  CHECK_FAILS(tactic_list_create(&bad, 1, &list), TACTIC_INVALID_ARGUMENT, "items");
  bad.kind = 7;
  CHECK_FAILS(tactic_list_create(&bad, 1, &list), TACTIC_INVALID_ARGUMENT, "items[0].kind is 7");
  CHECK(list == NULL);
  tactic_tactic_destroy(NULL);
  tactic_list_destroy(NULL);

  CHECK_FAILS(tactic_fail(TACTIC_UNAVAILABLE, "my text"), TACTIC_UNAVAILABLE, "my text");
  CHECK(tactic_fail(TACTIC_INTERNAL, NULL) == TACTIC_INTERNAL);
  CHECK(strcmp(tactic_last_error(), "") == 0);
}

/* As deep as may be, and not deeper. */
static void TestDepth(void) {
  tactic_list* list = NULL;
  CHECK(tactic_list_create(NULL, 0, &list) == TACTIC_OK && tactic_list_size(list) == 0);
  int depth = 1;
  for (;; ++depth) {
    const tactic_parameter item = ListParameter(NULL, list);
    tactic_list* outer = NULL;
    const tactic_status status = tactic_list_create(&item, 1, &outer);
    tactic_list_destroy(list);
    list = outer;
    if (status == TACTIC_OK) continue;
    CHECK(status == TACTIC_INVALID_ARGUMENT && outer == NULL);
    break;
  }
  CHECK(depth == 8);
}

static void TestStatistics(tactic_cache* cache, const tactic_op* op) {
  const int64_t sizes[] = {9, 64};
  const tactic_shape unknown = {sizes, 2};
  tactic_choice choice;
  TACTIC_INIT(&choice);
  CHECK(tactic_choose_one(op, &unknown, 1, &choice) == TACTIC_OK && !choice.hit);
  char text[1024];
  const size_t length = tactic_cache_statistics_text(cache, text, sizeof(text));
  CHECK(length > 0 && length < sizeof(text) && strlen(text) == length);
  CHECK(strstr(text, "norm") != NULL && strstr(text, "9") != NULL);
  CHECK(tactic_cache_statistics_json(cache, text, sizeof(text)) == strlen(text));
  CHECK(strstr(text, "{\"misses\":1,") == text && strstr(text, "\"op\":\"norm\"") != NULL);
  CHECK(tactic_cache_statistics_json(cache, text, 2) > 2 && strcmp(text, "{") == 0);
  tactic_cache_clear_statistics(cache);
  CHECK(tactic_cache_statistics_json(cache, text, sizeof(text)) == strlen(text));
  CHECK(strstr(text, "{\"misses\":0,") == text);
  CHECK(tactic_cache_statistics_text(NULL, text, sizeof(text)) == 0);
  tactic_cache_clear_statistics(NULL);
}

int main(void) {
  tactic_cache* cache = tactic_cache_create();
  const tactic_op* op = Register(cache);
  TestNestedTactics(cache, op);
  TestErrors();
  TestDepth();
  TestStatistics(cache, op);
  tactic_cache_destroy(cache);
  puts("ok");
  return 0;
}
