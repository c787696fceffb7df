/* Uses all of tactic_table.h, in C, with errors. The argument: a directory that write_tables
 * filled.
 */
#include "check.h"

static char path[4096];

static const char* In(const char* directory, const char* name) {
  CHECK(snprintf(path, sizeof(path), "%s/%s", directory, name) < (int)sizeof(path));
  return path;
}

static const tactic_op* RegisterGemm(tactic_cache* cache) {
  static const tactic_input inputs[] = {{TACTIC_F32, TACTIC_ROW_MAJOR},
                                        {TACTIC_F32, TACTIC_COL_MAJOR}};
  static const tactic_runner runners[] = {{"library", "2.0"}, {"blocked", "1"}};
  static tactic_dynamic_dim rows;
  tactic_op_spec spec;
  const tactic_op* op = NULL;
  TACTIC_INIT(&spec);
  spec.op = "gemm";
  spec.inputs = inputs;
  spec.input_count = 2;
  spec.runners = runners;
  spec.runner_count = 2;
  spec.dynamic_dims = &rows;
  spec.dynamic_count = 1;
  CHECK(tactic_register(cache, &spec, &op) == TACTIC_OK);
  return op;
}

static tactic_choice Choose(const tactic_op* op) {
  const int64_t a[] = {7, 64};
  const int64_t b[] = {64, 32};
  const tactic_shape shapes[] = {{a, 2}, {b, 2}};
  tactic_choice choice;
  TACTIC_INIT(&choice);
  CHECK(tactic_choose_one(op, shapes, 2, &choice) == TACTIC_OK);
  return choice;
}

static tactic_table_statistics StatisticsOf(const tactic_cache* cache) {
  tactic_table_statistics statistics;
  TACTIC_INIT(&statistics);
  CHECK(tactic_cache_get_table_statistics(cache, &statistics) == TACTIC_OK);
  return statistics;
}

static void TestAnswers(tactic_cache* cache, const tactic_op* op, const char* directory) {
  CHECK(tactic_cache_open_table(cache, In(directory, "first.table"), -1) == TACTIC_OK);
  tactic_choice choice = Choose(op);
  CHECK(choice.hit && choice.runner == 1 && choice.decision_id == 1);
  tactic_parameter kc;
  CHECK(tactic_tactic_at(choice.tactic, 0, &kc) == TACTIC_OK);
  CHECK(strcmp(kc.name, "kc") == 0 && kc.int_value == 64);
  const tactic_table_statistics statistics = StatisticsOf(cache);
  CHECK(statistics.open == 1 && strcmp(statistics.store_id, "a-store") == 0);
  CHECK(statistics.revision == 1 && statistics.created_unix_ms == 7);
  CHECK(statistics.decisions == 1 && statistics.foreign_environment == 0);
  CHECK(statistics.opened == 1 && statistics.missing == 0 && statistics.damaged == 0);
}

static void TestRefreshes(tactic_cache* cache, const tactic_op* op, const char* directory) {
  char from[4096];
  CHECK(tactic_cache_refresh_table(cache) == 0);
  strcpy(from, In(directory, "second.table"));
  CHECK(rename(from, In(directory, "first.table")) == 0);
  CHECK(Choose(op).decision_id == 1);
  CHECK(tactic_cache_refresh_table(cache) == 1);
  CHECK(Choose(op).decision_id == 2);
  CHECK(StatisticsOf(cache).opened == 2);
}

static void TestErrors(tactic_cache* cache, const tactic_op* op, const char* directory) {
  CHECK_FAILS(tactic_cache_open_table(cache, In(directory, "none.table"), -1), TACTIC_NOT_FOUND,
              "none.table");
  CHECK(StatisticsOf(cache).missing == 1 && StatisticsOf(cache).open == 0);
  CHECK(!Choose(op).hit);
  CHECK_FAILS(tactic_cache_open_table(cache, In(directory, "damaged.table"), 5), TACTIC_DATA_LOSS,
              "damaged");
  CHECK(StatisticsOf(cache).damaged == 1);
  CHECK_FAILS(tactic_cache_open_table(cache, In(directory, "newer.table"), 0),
              TACTIC_FAILED_PRECONDITION, "version 9");
  CHECK(StatisticsOf(cache).newer == 1);
  CHECK_FAILS(tactic_cache_open_table(cache, In(directory, "foreign.table"), -1),
              TACTIC_INVALID_ARGUMENT, "not a table file");
  CHECK(StatisticsOf(cache).foreign == 1);
  CHECK_FAILS(tactic_cache_open_table(NULL, path, -1), TACTIC_INVALID_ARGUMENT, "cache is NULL");
  CHECK(tactic_cache_refresh_table(NULL) == 0);
  CHECK_FAILS(tactic_cache_get_table_statistics(cache, NULL), TACTIC_INVALID_ARGUMENT,
              "statistics is NULL");
  tactic_cache_close_table(cache);
  tactic_cache_close_table(NULL);
  CHECK(StatisticsOf(cache).foreign == 0);
}

int main(int argc, char** argv) {
  CHECK(argc == 2);
  tactic_cache* cache = tactic_cache_create();
  CHECK(cache != NULL);
  const tactic_op* op = RegisterGemm(cache);
  CHECK(!Choose(op).hit);
  TestAnswers(cache, op, argv[1]);
  TestRefreshes(cache, op, argv[1]);
  TestErrors(cache, op, argv[1]);
  tactic_cache_destroy(cache);
  return 0;
}
