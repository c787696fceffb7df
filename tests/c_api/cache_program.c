/* Uses all of tactic.h, in C, with errors. */
#include "check.h"

static const tactic_input kInputs[] = {{TACTIC_F32, TACTIC_ROW_MAJOR},
                                       {TACTIC_F32, TACTIC_COL_MAJOR}};
static const tactic_runner kRunners[] = {{"blocked", "1"}, {"library", "2.0"}};

static tactic_parameter IntParameter(const char* name, int64_t value) {
  tactic_parameter parameter;
  memset(&parameter, 0, sizeof(parameter));
  parameter.name = name;
  parameter.kind = TACTIC_INT;
  parameter.int_value = value;
  return parameter;
}

static tactic_op_spec GemmSpec(void) {
  static tactic_dynamic_dim rows;
  tactic_op_spec spec;
  TACTIC_INIT(&spec);
  spec.op = "gemm";
  spec.inputs = kInputs;
  spec.input_count = 2;
  spec.runners = kRunners;
  spec.runner_count = 2;
  spec.dynamic_dims = &rows;
  spec.dynamic_count = 1;
  return spec;
}

static tactic_status Choose(const tactic_op* op, int64_t m, tactic_choice* choice) {
  const int64_t a[] = {m, 64};
  const int64_t b[] = {64, 32};
  const tactic_shape shapes[] = {{a, 2}, {b, 2}};
  return tactic_choose_one(op, shapes, 2, choice);
}

static tactic_status Pin(tactic_cache* cache, const tactic_op* op, int64_t m, int32_t runner,
                         const tactic_parameter* parameters, size_t count) {
  const int64_t a[] = {m, 64};
  const int64_t b[] = {64, 32};
  const tactic_shape shapes[] = {{a, 2}, {b, 2}};
  return tactic_pin(cache, op, shapes, 2, runner, parameters, count);
}

static void TestErrorsAndNames(void) {
  CHECK(tactic_abi_version() == TACTIC_ABI_VERSION);
  CHECK(strcmp(tactic_status_name(TACTIC_OK), "ok") == 0);
  CHECK(strcmp(tactic_status_name(TACTIC_INTERNAL), "internal") == 0);
  CHECK(strcmp(tactic_status_name(99), "unknown") == 0);
  CHECK(strcmp(tactic_status_name(-1), "unknown") == 0);
  CHECK(strcmp(tactic_last_error(), "") == 0);
}

static void TestChoosing(tactic_cache* cache, const tactic_op* op) {
  tactic_choice choice;
  TACTIC_INIT(&choice);
  CHECK(Choose(op, 7, &choice) == TACTIC_OK);
  CHECK(!choice.hit && choice.runner == 0 && choice.tactic == NULL && choice.decision_id == 0);
  CHECK(tactic_tactic_size(choice.tactic) == 0);

  tactic_parameter settings[4];
  settings[0] = IntParameter("kc", 256);
  memset(settings + 1, 0, 3 * sizeof(settings[0]));
  settings[1].name = "pack";
  settings[1].kind = TACTIC_BOOL;
  settings[1].bool_value = 1;
  settings[2].name = "share";
  settings[2].kind = TACTIC_DOUBLE;
  settings[2].double_value = 0.5;
  settings[3].name = "micro";
  settings[3].kind = TACTIC_STRING;
  settings[3].string_value = "6x16";
  CHECK(Pin(cache, op, 8, 1, settings, 4) == TACTIC_OK);

  CHECK(Choose(op, 7, &choice) == TACTIC_OK); /* 7 is tuned at 8. */
  CHECK(choice.hit && choice.runner == 1 && choice.decision_id != 0);
  CHECK(tactic_tactic_size(choice.tactic) == 4);
  tactic_parameter found;
  CHECK(tactic_tactic_at(choice.tactic, 0, &found) == TACTIC_OK);
  CHECK(strcmp(found.name, "kc") == 0 && found.kind == TACTIC_INT && found.int_value == 256);
  CHECK(tactic_tactic_at(choice.tactic, 1, &found) == TACTIC_OK);
  CHECK(found.kind == TACTIC_STRING && strcmp(found.string_value, "6x16") == 0);
  CHECK(tactic_tactic_find(choice.tactic, "pack", &found) == TACTIC_OK);
  CHECK(found.kind == TACTIC_BOOL && found.bool_value == 1);
  CHECK(tactic_tactic_find(choice.tactic, "share", &found) == TACTIC_OK);
  CHECK(found.kind == TACTIC_DOUBLE && found.double_value == 0.5);
  CHECK_FAILS(tactic_tactic_find(choice.tactic, "mc", &found), TACTIC_NOT_FOUND, "'mc'");
  CHECK_FAILS(tactic_tactic_find(choice.tactic, NULL, &found), TACTIC_INVALID_ARGUMENT, "name");
  CHECK_FAILS(tactic_tactic_at(choice.tactic, 4, &found), TACTIC_INVALID_ARGUMENT, "index is 4");
  CHECK_FAILS(tactic_tactic_at(choice.tactic, 0, NULL), TACTIC_INVALID_ARGUMENT, "parameter");

  char text[64];
  const char* whole = "kc=256 micro=6x16 pack=true share=0.5";
  CHECK(tactic_tactic_text(choice.tactic, text, sizeof(text)) == strlen(whole));
  CHECK(strcmp(text, whole) == 0);
  CHECK(tactic_tactic_text(choice.tactic, text, 7) == strlen(whole));
  CHECK(strcmp(text, "kc=256") == 0);
  CHECK(tactic_tactic_text(NULL, text, sizeof(text)) == strlen("default"));
  CHECK(tactic_tactic_text(choice.tactic, NULL, 0) == strlen(whole));

  /* A later pin of the profile replaces it. */
  const tactic_parameter other = IntParameter("kc", 128);
  CHECK(Pin(cache, op, 5, 0, &other, 1) == TACTIC_OK);
  CHECK(Choose(op, 8, &choice) == TACTIC_OK);
  CHECK(choice.hit && choice.runner == 0 && tactic_tactic_size(choice.tactic) == 1);
}

static void TestChoosingErrors(const tactic_op* op) {
  tactic_choice choice;
  TACTIC_INIT(&choice);
  CHECK_FAILS(Choose(NULL, 1, &choice), TACTIC_INVALID_ARGUMENT, "op is NULL");
  CHECK_FAILS(Choose(op, 1, NULL), TACTIC_INVALID_ARGUMENT, "choice");
  CHECK_FAILS(tactic_choose_one(op, NULL, 2, &choice), TACTIC_INVALID_ARGUMENT, "shapes");
  choice.struct_size = 0;
  CHECK_FAILS(Choose(op, 1, &choice), TACTIC_INVALID_ARGUMENT, "TACTIC_INIT");
  /* What the op cannot have is answered and counted. */
  TACTIC_INIT(&choice);
  CHECK(Choose(op, -1, &choice) == TACTIC_OK && !choice.hit);
  CHECK(tactic_choose_one(op, NULL, 0, &choice) == TACTIC_OK && !choice.hit);
  const int64_t sizes[] = {1};
  tactic_shape many[40];
  for (int i = 0; i < 40; ++i) {
    many[i].dims = sizes;
    many[i].rank = 1;
  }
  CHECK(tactic_choose_one(op, many, 40, &choice) == TACTIC_OK && !choice.hit);
}

static void TestPinErrors(tactic_cache* cache, const tactic_op* op) {
  tactic_parameter parameters[2];
  parameters[0] = IntParameter("kc", 1);
  parameters[1] = IntParameter("kc", 2);
  CHECK_FAILS(Pin(NULL, op, 8, 0, NULL, 0), TACTIC_INVALID_ARGUMENT, "cache");
  CHECK_FAILS(Pin(cache, NULL, 8, 0, NULL, 0), TACTIC_INVALID_ARGUMENT, "op");
  CHECK_FAILS(Pin(cache, op, 8, 2, NULL, 0), TACTIC_INVALID_ARGUMENT, "runner is 2");
  CHECK_FAILS(Pin(cache, op, 8, -1, NULL, 0), TACTIC_INVALID_ARGUMENT, "runner is -1");
  CHECK_FAILS(Pin(cache, op, -8, 0, NULL, 0), TACTIC_INVALID_ARGUMENT, "-8");
  CHECK_FAILS(Pin(cache, op, 8, 0, NULL, 1), TACTIC_INVALID_ARGUMENT, "parameters is NULL");
  CHECK_FAILS(Pin(cache, op, 8, 0, parameters, 100), TACTIC_INVALID_ARGUMENT, "at most 64");
  CHECK_FAILS(Pin(cache, op, 8, 0, parameters, 2), TACTIC_INVALID_ARGUMENT, "twice");
  parameters[1] = IntParameter("not a name", 2);
  CHECK_FAILS(Pin(cache, op, 8, 0, parameters, 2), TACTIC_INVALID_ARGUMENT, "parameters");
  parameters[1] = IntParameter("x", 2);
  parameters[1].kind = 9;
  CHECK_FAILS(Pin(cache, op, 8, 0, parameters, 2), TACTIC_INVALID_ARGUMENT,
              "parameters[1].kind is 9");
  parameters[1].kind = TACTIC_STRING;
  CHECK_FAILS(Pin(cache, op, 8, 0, parameters, 2), TACTIC_INVALID_ARGUMENT, "string_value");
  parameters[1].kind = TACTIC_LIST;
  CHECK_FAILS(Pin(cache, op, 8, 0, parameters, 2), TACTIC_INVALID_ARGUMENT, "list_value");
  parameters[1].kind = TACTIC_PARAMETERS;
  CHECK_FAILS(Pin(cache, op, 8, 0, parameters, 2), TACTIC_INVALID_ARGUMENT, "parameters_value");
}

static int64_t InferTwice(const tactic_shape* shapes, size_t count, void* context) {
  ++*(int*)context;
  return count == 2 ? 2 * shapes[0].dims[0] : -1;
}

static void TestProfiles(tactic_cache* cache) {
  int calls = 0;
  const int64_t listed[] = {16, 64};
  tactic_dynamic_dim dims[1];
  memset(dims, 0, sizeof(dims));
  dims[0].buckets = TACTIC_BUCKETS_LIST;
  dims[0].bucket_list = listed;
  dims[0].bucket_count = 2;
  dims[0].mapper = TACTIC_MAP_CEIL_TO;
  dims[0].mapper_list = listed;
  dims[0].mapper_count = 2;
  const tactic_constraint constraint = {1, 0, InferTwice, &calls};
  const tactic_parameter alpha = {"alpha", TACTIC_DOUBLE, 0, 0, 1.0, NULL, NULL, NULL};
  tactic_op_spec spec = GemmSpec();
  spec.op = "other";
  spec.dynamic_dims = dims;
  spec.constraints = &constraint;
  spec.constraint_count = 1;
  spec.attributes = &alpha;
  spec.attribute_count = 1;
  spec.cache_state = TACTIC_WARM;
  spec.launch_mode = TACTIC_EAGER;
  spec.validation = TACTIC_VALIDATE_NONE;
  spec.budget_ms = 100;
  spec.tune_max = 64;
  const tactic_op* op = NULL;
  CHECK(tactic_register(cache, &spec, &op) == TACTIC_OK);

  const int64_t a[] = {9, 64};
  const int64_t b[] = {18, 32};
  const tactic_shape shapes[] = {{a, 2}, {b, 2}};
  size_t profiles = 0;
  size_t missing = 0;
  CHECK(tactic_count_profiles(op, shapes, 2, &profiles, &missing) == TACTIC_OK);
  CHECK(profiles == 2 && missing == 2 && calls > 0);
  CHECK(tactic_pin(cache, op, shapes, 2, 1, NULL, 0) == TACTIC_OK);
  CHECK(tactic_count_profiles(op, shapes, 2, NULL, &missing) == TACTIC_OK);
  CHECK(missing == 1);
  tactic_choice choice;
  TACTIC_INIT(&choice);
  CHECK(tactic_choose_one(op, shapes, 2, &choice) == TACTIC_OK);
  CHECK(choice.hit && choice.runner == 1 && choice.tactic == NULL);
  CHECK_FAILS(tactic_count_profiles(NULL, shapes, 2, &profiles, NULL), TACTIC_INVALID_ARGUMENT,
              "op");
  CHECK_FAILS(tactic_count_profiles(op, shapes, 1, &profiles, NULL), TACTIC_INVALID_ARGUMENT,
              "inputs");
  CHECK_FAILS(tactic_count_profiles(op, NULL, 2, &profiles, NULL), TACTIC_INVALID_ARGUMENT,
              "shapes");
}

static size_t MakeBuckets(int64_t x, int64_t* sizes, size_t capacity, void* context) {
  ++*(int*)context;
  if (x < 0 || capacity < 2) return capacity + 1;
  sizes[0] = 10;
  sizes[1] = 20;
  return 2;
}

static int64_t MapSize(int64_t x, void* context) {
  (void)context;
  return x > 20 ? -1 : x > 10 ? 20 : 10;
}

static void TestFunctions(tactic_cache* cache) {
  int calls = 0;
  tactic_dynamic_dim dim;
  memset(&dim, 0, sizeof(dim));
  dim.buckets = TACTIC_BUCKETS_FUNCTION;
  dim.mapper = TACTIC_MAP_FUNCTION;
  dim.make_buckets = MakeBuckets;
  dim.map_size = MapSize;
  dim.context = &calls;
  tactic_op_spec spec = GemmSpec();
  spec.op = "functions";
  spec.dynamic_dims = &dim;
  spec.dialect = TACTIC_ANCESTOR;
  const tactic_op* op = NULL;
  CHECK(tactic_register(cache, &spec, &op) == TACTIC_OK);
  CHECK(Pin(cache, op, 15, 1, NULL, 0) == TACTIC_OK);
  tactic_choice choice;
  TACTIC_INIT(&choice);
  CHECK(Choose(op, 12, &choice) == TACTIC_OK && choice.hit);
  CHECK(Choose(op, 21, &choice) == TACTIC_OK && !choice.hit);
  const int64_t a[] = {12, 64};
  const int64_t b[] = {64, 32};
  const tactic_shape shapes[] = {{a, 2}, {b, 2}};
  size_t profiles = 0;
  CHECK(tactic_count_profiles(op, shapes, 2, &profiles, NULL) == TACTIC_OK);
  CHECK(profiles == 2 && calls > 0);
  tactic_cache_statistics statistics;
  TACTIC_INIT(&statistics);
  CHECK(tactic_cache_get_statistics(cache, &statistics) == TACTIC_OK);
  CHECK(statistics.mapper_failed == 1);
  dim.map_size = NULL;
  CHECK_FAILS(tactic_register(cache, &spec, &op), TACTIC_INVALID_ARGUMENT, "map_size is NULL");
  dim.make_buckets = NULL;
  CHECK_FAILS(tactic_register(cache, &spec, &op), TACTIC_INVALID_ARGUMENT, "make_buckets is NULL");
  spec.dialect = 2;
  spec.dynamic_count = 0;
  CHECK_FAILS(tactic_register(cache, &spec, &op), TACTIC_INVALID_ARGUMENT, "dialect is 2");
}

static void TestLists(void) {
  tactic_parameter item;
  CHECK(tactic_list_size(NULL) == 0);
  CHECK_FAILS(tactic_list_at(NULL, 0, &item), TACTIC_INVALID_ARGUMENT, "the list has 0");
  CHECK_FAILS(tactic_list_at(NULL, 0, NULL), TACTIC_INVALID_ARGUMENT, "item");
}

static void TestRegisterErrors(tactic_cache* cache) {
  const tactic_op* op = NULL;
  tactic_op_spec spec = GemmSpec();
  CHECK_FAILS(tactic_register(NULL, &spec, &op), TACTIC_INVALID_ARGUMENT, "cache");
  CHECK_FAILS(tactic_register(cache, NULL, &op), TACTIC_INVALID_ARGUMENT, "spec");
  CHECK_FAILS(tactic_register(cache, &spec, NULL), TACTIC_INVALID_ARGUMENT, "op");
  spec.op = NULL;
  CHECK_FAILS(tactic_register(cache, &spec, &op), TACTIC_INVALID_ARGUMENT, "op is NULL");
  CHECK(op == NULL);
  spec = GemmSpec();
  spec.op = "not a name";
  CHECK_FAILS(tactic_register(cache, &spec, &op), TACTIC_INVALID_ARGUMENT, "op");
  spec = GemmSpec();
  spec.runner_count = 0;
  CHECK_FAILS(tactic_register(cache, &spec, &op), TACTIC_INVALID_ARGUMENT, "runners");
  spec.runner_count = 65;
  CHECK_FAILS(tactic_register(cache, &spec, &op), TACTIC_INVALID_ARGUMENT, "at most 64");
  spec = GemmSpec();
  spec.inputs = NULL;
  CHECK_FAILS(tactic_register(cache, &spec, &op), TACTIC_INVALID_ARGUMENT, "inputs is NULL");
  const tactic_input odd = {77, 0};
  spec = GemmSpec();
  spec.inputs = &odd;
  spec.input_count = 1;
  CHECK_FAILS(tactic_register(cache, &spec, &op), TACTIC_INVALID_ARGUMENT, "inputs[0].dtype is 77");
  tactic_dynamic_dim dim;
  memset(&dim, 0, sizeof(dim));
  dim.mapper = 9;
  spec = GemmSpec();
  spec.dynamic_dims = &dim;
  CHECK_FAILS(tactic_register(cache, &spec, &op), TACTIC_INVALID_ARGUMENT,
              "dynamic_dims[0].mapper is 9");
  dim.mapper = 0;
  dim.input = 5;
  CHECK_FAILS(tactic_register(cache, &spec, &op), TACTIC_INVALID_ARGUMENT, "5");
  const tactic_constraint nothing = {0, 0, NULL, NULL};
  spec = GemmSpec();
  spec.constraints = &nothing;
  spec.constraint_count = 1;
  CHECK_FAILS(tactic_register(cache, &spec, &op), TACTIC_INVALID_ARGUMENT,
              "constraints[0].infer is NULL");
  spec = GemmSpec();
  spec.launch_mode = 7;
  CHECK_FAILS(tactic_register(cache, &spec, &op), TACTIC_INVALID_ARGUMENT, "launch_mode is 7");
  spec = GemmSpec();
  spec.struct_size = 0;
  CHECK_FAILS(tactic_register(cache, &spec, &op), TACTIC_INVALID_ARGUMENT, "TACTIC_INIT");
}

/* Programs built with other versions of the header. */
static void TestOtherVersions(tactic_cache* cache) {
  struct {
    tactic_op_spec spec;
    int64_t later_field;
  } newer;
  memset(&newer, 0, sizeof(newer));
  newer.spec = GemmSpec();
  newer.spec.struct_size = sizeof(newer);
  const tactic_op* op = NULL;
  CHECK(tactic_register(cache, &newer.spec, &op) == TACTIC_OK);
  newer.later_field = 1;
  CHECK_FAILS(tactic_register(cache, &newer.spec, &op), TACTIC_FAILED_PRECONDITION,
              "newer library");
  tactic_op_spec older = GemmSpec();
  older.struct_size = offsetof(tactic_op_spec, attributes);
  older.budget_ms = 4000000000u; /* What the older header does not have is not read. */
  CHECK(tactic_register(cache, &older, &op) == TACTIC_OK);
  tactic_cache_statistics statistics;
  TACTIC_INIT(&statistics);
  statistics.struct_size = offsetof(tactic_cache_statistics, misses);
  statistics.misses = 12345;
  CHECK(tactic_cache_get_statistics(cache, &statistics) == TACTIC_OK);
  CHECK(statistics.hits > 0 && statistics.misses == 12345);
}

static void TestStatistics(const tactic_cache* cache) {
  tactic_cache_statistics statistics;
  TACTIC_INIT(&statistics);
  CHECK(tactic_cache_get_statistics(cache, &statistics) == TACTIC_OK);
  CHECK(statistics.hits == 3 && statistics.misses == 1 && statistics.malformed == 3);
  CHECK(statistics.decisions == 2 && statistics.damaged == 0);
  CHECK(statistics.not_runnable == 0 && statistics.foreign_environment == 0);
  CHECK_FAILS(tactic_cache_get_statistics(NULL, &statistics), TACTIC_INVALID_ARGUMENT, "cache");
  CHECK_FAILS(tactic_cache_get_statistics(cache, NULL), TACTIC_INVALID_ARGUMENT, "statistics");
}

int main(void) {
  TestErrorsAndNames();
  tactic_cache* cache = tactic_cache_create();
  CHECK(cache != NULL);
  const tactic_op_spec spec = GemmSpec();
  const tactic_op* op = NULL;
  CHECK(tactic_register(cache, &spec, &op) == TACTIC_OK && op != NULL);
  TestChoosing(cache, op);
  TestChoosingErrors(op);
  TestPinErrors(cache, op);
  TestProfiles(cache);
  TestRegisterErrors(cache);
  TestStatistics(cache);
  TestOtherVersions(cache);
  TestFunctions(cache);
  TestLists();
  tactic_cache_destroy(cache);
  tactic_cache_destroy(NULL);
  puts("ok");
  return 0;
}
