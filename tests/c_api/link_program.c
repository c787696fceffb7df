/* Uses all of tactic_link.h, in C, with errors. Argument: where a daemon listens. */
#include <threads.h>

#include "check.h"
#include "tactic/tactic_group.h"
#include "tactic/tactic_link.h"

enum { kMinuteMs = 60000 };

static const tactic_input kInputs[] = {{TACTIC_F32, TACTIC_ROW_MAJOR},
                                       {TACTIC_F32, TACTIC_ROW_MAJOR}};
static const tactic_runner kRunners[] = {{"host_blocked", "1"}, {"openblas", "1"}};
static const int64_t kA[] = {4, 64};
static const int64_t kB[] = {64, 32};
static const tactic_shape kShapes[] = {{kA, 2}, {kB, 2}};

static const tactic_op* Register(tactic_client* client) {
  tactic_op_spec spec;
  TACTIC_INIT(&spec);
  spec.op = "gemm";
  spec.inputs = kInputs;
  spec.input_count = 2;
  spec.runners = kRunners;
  spec.runner_count = 2;
  spec.budget_ms = 5000;
  const tactic_op* op = NULL;
  CHECK(tactic_register(tactic_client_cache(client), &spec, &op) == TACTIC_OK);
  return op;
}

/* What the client logged, from its own thread. */
typedef struct Log {
  mtx_t mu;
  cnd_t changed;
  int lines;
  int named; /* Of them, those that name the op. */
} Log;

static void Write(const char* line, void* context) {
  Log* log = (Log*)context;
  mtx_lock(&log->mu);
  ++log->lines;
  if (strstr(line, "gemm") != NULL) ++log->named;
  cnd_signal(&log->changed);
  mtx_unlock(&log->mu);
}

static void TestLog(void) {
  Log log = {.lines = 0};
  CHECK(mtx_init(&log.mu, mtx_plain) == thrd_success && cnd_init(&log.changed) == thrd_success);
  tactic_client_options options;
  TACTIC_INIT(&options);
  options.target = "unix:/nonexistent/tacticd.sock";
  options.log = Write;
  options.log_context = &log;
  tactic_client* client = NULL;
  CHECK(tactic_client_create(&options, &client) == TACTIC_OK);
  tactic_choice choice;
  TACTIC_INIT(&choice);
  CHECK(tactic_choose_one(Register(client), kShapes, 2, &choice) == TACTIC_OK && !choice.hit);
  mtx_lock(&log.mu);
  while (log.lines == 0) cnd_wait(&log.changed, &log.mu);
  mtx_unlock(&log.mu);
  tactic_client_destroy(client);
  CHECK(log.lines == 1 && log.named == 1);
  cnd_destroy(&log.changed);
  mtx_destroy(&log.mu);
}

static tactic_client* Connect(const char* target) {
  tactic_client_options options;
  TACTIC_INIT(&options);
  options.target = target;
  options.name = "c-program";
  options.silence_ms = 20000;
  tactic_client* client = NULL;
  CHECK(tactic_client_create(&options, &client) == TACTIC_OK && client != NULL);
  return client;
}

static void TestWithoutADaemon(void) {
  tactic_client* client = Connect("unix:/nonexistent/tacticd.sock");
  const tactic_op* op = Register(client);
  tactic_choice choice;
  TACTIC_INIT(&choice);
  CHECK(tactic_choose_one(op, kShapes, 2, &choice) == TACTIC_OK && !choice.hit);
  CHECK_FAILS(tactic_client_wait_until_ready(client, 10), TACTIC_UNAVAILABLE, "10 ms");
  tactic_tune_outcome outcome;
  TACTIC_INIT(&outcome);
  CHECK(tactic_client_tune(client, op, kShapes, 2, 10, &outcome) == TACTIC_OK);
  CHECK(!outcome.finished && outcome.message[0] != '\0');
  tactic_client_statistics statistics;
  TACTIC_INIT(&statistics);
  CHECK(tactic_client_get_statistics(client, &statistics) == TACTIC_OK);
  CHECK(statistics.freshness == TACTIC_OFFLINE && statistics.store_id[0] == '\0');
  CHECK(statistics.revision == 0 && statistics.connects == 0);
  CHECK_FAILS(tactic_pin(tactic_client_cache(client), op, kShapes, 2, 0, NULL, 0),
              TACTIC_FAILED_PRECONDITION, "daemon's");
  tactic_client_destroy(client);
}

/* `op` hits at kShapes. */
static void TestOverrides(tactic_client* client, const tactic_op* op) {
  const char* const skipped[] = {"gemm"};
  const int64_t buckets[] = {16, -1};
  tactic_overrides overrides;
  TACTIC_INIT(&overrides);
  overrides.skip_ops = skipped;
  overrides.skip_count = 1;
  tactic_scope* scope = NULL;
  CHECK(tactic_scope_begin(client, 1, &scope) == TACTIC_OK);
  CHECK(tactic_scope_override(scope, &overrides) == TACTIC_OK);
  tactic_choice choice;
  TACTIC_INIT(&choice);
  CHECK(tactic_choose_one(op, kShapes, 2, &choice) == TACTIC_OK && !choice.hit);
  overrides.buckets = buckets;
  overrides.bucket_count = 2;
  overrides.round_up = 1;
  CHECK_FAILS(tactic_scope_override(scope, &overrides), TACTIC_INVALID_ARGUMENT, "bucket");
  overrides.bucket_count = 1;
  overrides.skip_count = 0;
  CHECK(tactic_scope_override(scope, &overrides) == TACTIC_OK);
  CHECK(tactic_choose_one(op, kShapes, 2, &choice) == TACTIC_OK && choice.hit);
  overrides.buckets = NULL;
  CHECK_FAILS(tactic_scope_override(scope, &overrides), TACTIC_INVALID_ARGUMENT, "buckets is NULL");
  CHECK_FAILS(tactic_scope_override(scope, NULL), TACTIC_INVALID_ARGUMENT, "overrides");
  CHECK_FAILS(tactic_scope_override(NULL, &overrides), TACTIC_INVALID_ARGUMENT, "scope");
  tactic_scope_end(scope);
}

static void TestTuning(const char* target) {
  tactic_client* client = Connect(target);
  const tactic_op* op = Register(client);
  CHECK(tactic_client_wait_until_ready(client, kMinuteMs) == TACTIC_OK);
  tactic_choice choice;
  TACTIC_INIT(&choice);
  tactic_tune_outcome outcome;
  TACTIC_INIT(&outcome);
  tactic_scope* scope = NULL;
  CHECK(tactic_scope_begin(client, 1, &scope) == TACTIC_OK && scope != NULL);
  CHECK(tactic_choose_one(op, kShapes, 2, &choice) == TACTIC_OK && !choice.hit);
  CHECK(tactic_scope_wait(scope, kMinuteMs, &outcome) == TACTIC_OK);
  CHECK(outcome.finished && outcome.decided == 1 && outcome.failed == 0);
  tactic_scope_end(scope);
  CHECK(tactic_choose_one(op, kShapes, 2, &choice) == TACTIC_OK);
  CHECK(choice.hit && choice.decision_id != 0);

  const int64_t a[] = {5, 64};
  const tactic_shape others[] = {{a, 2}, {kB, 2}};
  TACTIC_INIT(&outcome);
  CHECK(tactic_client_tune(client, op, others, 2, kMinuteMs, &outcome) == TACTIC_OK);
  CHECK(outcome.finished && outcome.decided == 1);
  CHECK(tactic_choose_one(op, others, 2, &choice) == TACTIC_OK && choice.hit);

  TestOverrides(client, op);

  tactic_client_statistics statistics;
  TACTIC_INIT(&statistics);
  CHECK(tactic_client_get_statistics(client, &statistics) == TACTIC_OK);
  CHECK(statistics.freshness == TACTIC_FRESH && strlen(statistics.store_id) == 36);
  CHECK(statistics.revision >= 2 && statistics.connects >= 1);
  tactic_client_destroy(client);
}

static void TestGroup(const char* target) {
  tactic_client* client = Connect(target);
  CHECK(Register(client) != NULL);
  CHECK(tactic_client_wait_until_ready(client, kMinuteMs) == TACTIC_OK);
  tactic_group_options options;
  TACTIC_INIT(&options);
  options.name = "c";
  options.member = "only";
  options.size = 1;
  tactic_group* group = NULL;
  CHECK(tactic_group_create(client, &options, &group) == TACTIC_OK);
  tactic_agreed agreed;
  TACTIC_INIT(&agreed);
  CHECK(tactic_group_agree(group, kMinuteMs, &agreed) == TACTIC_OK);
  CHECK(agreed.end == TACTIC_PASSED && strlen(agreed.store_id) == 36 && agreed.agreement[0] != 0);
  tactic_hold* hold = NULL;
  CHECK(tactic_hold_begin(client, &hold) == TACTIC_OK);
  CHECK(tactic_group_agree(group, kMinuteMs, &agreed) == TACTIC_OK);
  CHECK(agreed.end == TACTIC_NOT_PASSED && strstr(agreed.message, "held") != NULL);
  tactic_hold_end(hold);
  tactic_hold_end(NULL);

  CHECK_FAILS(tactic_group_agree(NULL, 1, &agreed), TACTIC_INVALID_ARGUMENT, "group");
  CHECK_FAILS(tactic_group_agree(group, -1, &agreed), TACTIC_INVALID_ARGUMENT, "limit_ms is -1");
  CHECK_FAILS(tactic_group_agree(group, 1, NULL), TACTIC_INVALID_ARGUMENT, "agreed");
  CHECK_FAILS(tactic_hold_begin(NULL, &hold), TACTIC_INVALID_ARGUMENT, "client");
  tactic_group_destroy(group);
  tactic_group_destroy(NULL);
  CHECK_FAILS(tactic_group_create(NULL, &options, &group), TACTIC_INVALID_ARGUMENT, "client");
  options.member = NULL;
  CHECK_FAILS(tactic_group_create(client, &options, &group), TACTIC_INVALID_ARGUMENT, "member");
  CHECK(group == NULL);
  tactic_client_destroy(client);
}

static void TestErrors(void) {
  tactic_client* client = Connect("unix:/nonexistent/tacticd.sock");
  const tactic_op* op = Register(client);
  tactic_client_options options;
  TACTIC_INIT(&options);
  options.silence_ms = -1;
  tactic_client* none = NULL;
  CHECK_FAILS(tactic_client_create(&options, &none), TACTIC_INVALID_ARGUMENT, "silence_ms is -1");
  CHECK(none == NULL);
  options.struct_size = 0;
  CHECK_FAILS(tactic_client_create(&options, &none), TACTIC_INVALID_ARGUMENT, "TACTIC_INIT");
  CHECK_FAILS(tactic_client_create(NULL, NULL), TACTIC_INVALID_ARGUMENT, "client");
  CHECK(tactic_client_create(NULL, &none) == TACTIC_OK); /* All defaults. */
  tactic_client_destroy(none);
  tactic_client_destroy(NULL);
  CHECK(tactic_client_cache(NULL) == NULL);
  CHECK_FAILS(tactic_client_wait_until_ready(NULL, 1), TACTIC_INVALID_ARGUMENT, "client");
  CHECK_FAILS(tactic_client_wait_until_ready(client, -5), TACTIC_INVALID_ARGUMENT,
              "timeout_ms is -5");
  tactic_tune_outcome outcome;
  TACTIC_INIT(&outcome);
  CHECK_FAILS(tactic_client_tune(NULL, op, kShapes, 2, 1, &outcome), TACTIC_INVALID_ARGUMENT,
              "client");
  CHECK_FAILS(tactic_client_tune(client, NULL, kShapes, 2, 1, &outcome), TACTIC_INVALID_ARGUMENT,
              "op");
  CHECK_FAILS(tactic_client_tune(client, op, kShapes, 2, 1, NULL), TACTIC_INVALID_ARGUMENT,
              "outcome");
  CHECK_FAILS(tactic_client_tune(client, op, kShapes, 1, 1, &outcome), TACTIC_INVALID_ARGUMENT,
              "inputs");
  tactic_scope* scope = NULL;
  CHECK_FAILS(tactic_scope_begin(NULL, 1, &scope), TACTIC_INVALID_ARGUMENT, "client");
  CHECK_FAILS(tactic_scope_begin(client, 1, NULL), TACTIC_INVALID_ARGUMENT, "scope");
  CHECK_FAILS(tactic_scope_wait(NULL, 1, &outcome), TACTIC_INVALID_ARGUMENT, "scope");
  CHECK(tactic_scope_begin(client, 0, &scope) == TACTIC_OK);
  CHECK_FAILS(tactic_scope_wait(scope, -1, &outcome), TACTIC_INVALID_ARGUMENT, "timeout_ms");
  CHECK(tactic_scope_wait(scope, 1, &outcome) == TACTIC_OK && outcome.finished);
  tactic_scope_end(scope);
  tactic_scope_end(NULL);
  tactic_client_statistics statistics;
  TACTIC_INIT(&statistics);
  CHECK_FAILS(tactic_client_get_statistics(NULL, &statistics), TACTIC_INVALID_ARGUMENT, "client");
  CHECK_FAILS(tactic_client_get_statistics(client, NULL), TACTIC_INVALID_ARGUMENT, "statistics");
  tactic_client_destroy(client);
}

int main(int argc, char** argv) {
  CHECK(argc == 2);
  TestWithoutADaemon();
  TestLog();
  TestTuning(argv[1]);
  TestGroup(argv[1]);
  TestErrors();
  puts("ok");
  return 0;
}
