/* Brings an op and a runner of its own and has them tuned in this process, in C, with errors: all
 * of tactic_registry.h and tactic_lease.h. Argument: where a daemon listens.
 *
 * The op gathers rows of x and scales them: y[i] = alpha * x[ids[i]]. */
#include "check.h"
#include "tactic/tactic_lease.h"

enum { kMinuteMs = 60000, kRows = 16, kCols = 64, kPicked = 32 };

/* What the callbacks saw. */
typedef struct Seen {
  int prepared;
  int released;
  int hooks;
  int events[TACTIC_LEASE_LOST + 1];
} Seen;

typedef struct Call {
  double alpha;
  int64_t picked, cols, lanes;
  int wrong;
} Call;

static double AlphaOf(const tactic_problem* problem) {
  tactic_parameter alpha;
  CHECK(tactic_tactic_find(problem->attributes, "alpha", &alpha) == TACTIC_OK);
  return alpha.double_value;
}

static void Gather(const Call* call, const tactic_operands* operands) {
  const float* x = (const float*)operands->inputs[0];
  const int32_t* ids = (const int32_t*)operands->inputs[1];
  float* y = (float*)operands->outputs[0];
  for (int64_t i = 0; i < call->picked; ++i) {
    for (int64_t j = 0; j < call->cols; ++j) {
      y[i * call->cols + j] = (float)(call->alpha * (double)x[ids[i] * call->cols + j]);
    }
  }
  if (call->wrong) y[0] += 1;
}

static Call CallOf(const tactic_problem* problem) {
  const Call call = {AlphaOf(problem), problem->inputs[1].dims[0], problem->inputs[0].dims[1], 1,
                     0};
  return call;
}

static tactic_status DescribeOutputs(const tactic_problem* problem, tactic_tensor* outputs,
                                     size_t capacity, size_t* count, void* context) {
  (void)context;
  CHECK(problem->struct_size == sizeof(*problem) && strcmp(problem->op, "gather_rows") == 0);
  CHECK(problem->input_count == 2 && capacity >= 1);
  outputs[0] = problem->inputs[0];
  outputs[0].dims[0] = problem->inputs[1].dims[0];
  *count = 1;
  return TACTIC_OK;
}

static tactic_status Reference(const tactic_problem* problem, const tactic_operands* operands,
                               void* context) {
  (void)context;
  const Call call = CallOf(problem);
  Gather(&call, operands);
  return TACTIC_OK;
}

static tactic_status Tolerance(const tactic_problem* problem, double* absolute, double* relative,
                               void* context) {
  (void)problem;
  (void)context;
  *absolute = 0;
  *relative = 1e-6;
  return TACTIC_OK;
}

static tactic_status FillInputs(const tactic_problem* problem, tactic_input_fill* fills,
                                void* context) {
  (void)context;
  fills[0].kind = TACTIC_FILL_UNIFORM;
  fills[0].low = 1;
  fills[0].high = 2;
  fills[1].kind = TACTIC_FILL_INDEX;
  fills[1].below = problem->inputs[0].dims[0];
  return TACTIC_OK;
}

/* Checks what FillInputs asked for, and makes the last index that of the first row. */
static tactic_status PreHook(const tactic_problem* problem, void* const* inputs, void* context) {
  ++((Seen*)context)->hooks;
  const float* x = (const float*)inputs[0];
  int32_t* ids = (int32_t*)inputs[1];
  const int64_t picked = problem->inputs[1].dims[0];
  for (int64_t i = 0; i < picked; ++i) CHECK(ids[i] >= 0 && ids[i] < problem->inputs[0].dims[0]);
  CHECK(x[0] >= 1 && x[0] <= 2);
  ids[picked - 1] = 0;
  return TACTIC_OK;
}

/* {tile={lanes=N}}, and last one that the runner cannot prepare and one whose result is wrong. */
static tactic_status ListTactics(const tactic_problem* problem, tactic_tactics* tactics,
                                 void* context) {
  (void)problem;
  (void)context;
  const int64_t all_lanes[] = {4, 8, 3, 5};
  for (int i = 0; i < 4; ++i) {
    const tactic_parameter lanes = {"lanes", TACTIC_INT, 0, all_lanes[i], 0, NULL, NULL, NULL};
    tactic_tactic* tile = NULL;
    CHECK(tactic_tactic_create(&lanes, 1, &tile) == TACTIC_OK);
    const tactic_parameter set = {"tile", TACTIC_PARAMETERS, 0, 0, 0, NULL, NULL, tile};
    CHECK(tactic_tactics_add(tactics, &set, 1) == TACTIC_OK);
    tactic_tactic_destroy(tile);
  }
  CHECK_FAILS(tactic_tactics_add(tactics, NULL, 1), TACTIC_INVALID_ARGUMENT, "parameters");
  CHECK_FAILS(tactic_tactics_add(NULL, NULL, 0), TACTIC_INVALID_ARGUMENT, "tactics");
  return TACTIC_OK;
}

static int64_t LanesOf(const tactic_tactic* tactic) {
  if (tactic_tactic_size(tactic) == 0) return 1;
  tactic_parameter tile, lanes;
  CHECK(tactic_tactic_find(tactic, "tile", &tile) == TACTIC_OK);
  CHECK(tactic_tactic_find(tile.parameters_value, "lanes", &lanes) == TACTIC_OK);
  return lanes.int_value;
}

static tactic_status Prepare(const tactic_problem* problem, const tactic_tactic* tactic,
                             void** call, size_t* workspace_bytes, void* context) {
  const int64_t lanes = LanesOf(tactic);
  if (lanes == 3) return tactic_fail(TACTIC_INVALID_ARGUMENT, "lanes is 3; must be 1, 4 or 8");
  Call* made = (Call*)malloc(sizeof(Call));
  if (made == NULL) return tactic_fail(TACTIC_OUT_OF_MEMORY, "no memory for the call");
  *made = CallOf(problem);
  made->lanes = lanes;
  made->wrong = lanes == 5;
  *call = made;
  *workspace_bytes = (size_t)lanes;
  ++((Seen*)context)->prepared;
  return TACTIC_OK;
}

static tactic_status Launch(void* call, const tactic_operands* operands, void* context) {
  (void)context;
  memset(operands->workspace, 1, (size_t)((Call*)call)->lanes);
  Gather((const Call*)call, operands);
  return TACTIC_OK;
}

static void Release(void* call, void* context) {
  ++((Seen*)context)->released;
  free(call);
}

static void OnEvent(const tactic_lease_event* event, void* context) {
  CHECK(event->struct_size == sizeof(*event) && event->kind >= 0);
  CHECK(event->kind <= TACTIC_LEASE_LOST && strstr(event->problem, "gather_rows") != NULL);
  CHECK(event->detail != NULL);
  ++((Seen*)context)->events[event->kind];
}

/* ---- the program ---- */

static const char* const kXDims[] = {"rows", "cols"};
static const char* const kIdDims[] = {"picked"};
static const int32_t kF32[] = {TACTIC_F32};
static const int32_t kI32[] = {TACTIC_I32};
static const int32_t kRowMajor[] = {TACTIC_ROW_MAJOR};
static const tactic_input_schema kInputs[] = {{"x", kXDims, 2, kF32, 1, kRowMajor, 1, 1, 0},
                                              {"ids", kIdDims, 1, kI32, 1, NULL, 0, 0, 1}};
static const tactic_parameter kAlpha = {"alpha", TACTIC_DOUBLE, 0, 0, 2.0, NULL, NULL, NULL};
static const tactic_component kLibrary = {"blas", "3.21"};

static tactic_own_op GatherOp(Seen* seen) {
  tactic_own_op op;
  TACTIC_INIT(&op);
  op.name = "gather_rows";
  op.inputs = kInputs;
  op.input_count = 2;
  op.attributes = &kAlpha;
  op.attribute_count = 1;
  op.context = seen;
  op.describe_outputs = DescribeOutputs;
  op.reference = Reference;
  op.tolerance = Tolerance;
  op.fill_inputs = FillInputs;
  op.inputs_pre_hook = PreHook;
  return op;
}

static tactic_own_runner GatherRunner(Seen* seen) {
  tactic_own_runner runner;
  TACTIC_INIT(&runner);
  runner.id.name = "c_rows";
  runner.id.unique_id = "1";
  runner.libraries = &kLibrary;
  runner.library_count = 1;
  runner.context = seen;
  runner.list_tactics = ListTactics;
  runner.prepare = Prepare;
  runner.launch = Launch;
  runner.release = Release;
  return runner;
}

static const tactic_op* Register(tactic_client* client) {
  static const tactic_input inputs[] = {{TACTIC_F32, TACTIC_ROW_MAJOR},
                                        {TACTIC_I32, TACTIC_ROW_MAJOR}};
  static const tactic_runner runner = {"c_rows", "1"};
  tactic_op_spec spec;
  TACTIC_INIT(&spec);
  spec.op = "gather_rows";
  spec.inputs = inputs;
  spec.input_count = 2;
  spec.runners = &runner;
  spec.runner_count = 1;
  spec.budget_ms = 5000;
  const tactic_op* op = NULL;
  CHECK(tactic_register(tactic_client_cache(client), &spec, &op) == TACTIC_OK);
  return op;
}

static const int64_t kX[] = {kRows, kCols};
static const int64_t kIds[] = {kPicked};
static const tactic_shape kShapes[] = {{kX, 2}, {kIds, 1}};

static void TestTuning(tactic_client* client, const tactic_op* op, tactic_lease_tuner* tuner,
                       Seen* seen) {
  tactic_tune_outcome outcome;
  TACTIC_INIT(&outcome);
  CHECK(tactic_lease_tune(tuner, op, kShapes, 2, kMinuteMs, &outcome) == TACTIC_OK);
  CHECK(outcome.finished && outcome.decided == 1 && outcome.failed == 0);
  CHECK(seen->hooks > 0 && seen->prepared > 0 && seen->released == seen->prepared);
  CHECK(seen->events[TACTIC_LEASE_GRANTED] == 1 && seen->events[TACTIC_LEASE_MEASURED] > 0);
  CHECK(seen->events[TACTIC_LEASE_DECIDING] == 1 && seen->events[TACTIC_LEASE_DECIDED] == 1);

  tactic_choice choice;
  TACTIC_INIT(&choice);
  CHECK(tactic_choose_one(op, kShapes, 2, &choice) == TACTIC_OK && choice.hit);
  const int64_t lanes = LanesOf(choice.tactic);
  CHECK(lanes == 1 || lanes == 4 || lanes == 8);

  char statistics[4096];
  CHECK(tactic_cache_statistics_json(tactic_client_cache(client), statistics, sizeof(statistics)) <
        sizeof(statistics));
  CHECK(strstr(statistics, "\"profiled\":1") != NULL);
  CHECK(strstr(statistics, "lanes is 3; must be 1, 4 or 8") != NULL);
  CHECK(strstr(statistics, "wrong_result") != NULL);

  /* What is decided is not measured again. */
  CHECK(tactic_lease_tune(tuner, op, kShapes, 2, kMinuteMs, &outcome) == TACTIC_OK);
  CHECK(outcome.finished && outcome.decided == 0 && seen->events[TACTIC_LEASE_GRANTED] == 1);
}

static void TestScope(tactic_client* client, const tactic_op* op, tactic_lease_tuner* tuner) {
  const int64_t x[] = {kRows, 2 * kCols};
  const tactic_shape shapes[] = {{x, 2}, {kIds, 1}};
  tactic_scope* scope = NULL;
  CHECK(tactic_lease_scope_begin(client, tuner, &scope) == TACTIC_OK && scope != NULL);
  tactic_choice choice;
  TACTIC_INIT(&choice);
  CHECK(tactic_choose_one(op, shapes, 2, &choice) == TACTIC_OK && !choice.hit);
  tactic_tune_outcome outcome;
  TACTIC_INIT(&outcome);
  CHECK(tactic_scope_wait(scope, kMinuteMs, &outcome) == TACTIC_OK);
  CHECK(outcome.finished && outcome.decided == 1);
  tactic_scope_end(scope);
  CHECK(tactic_choose_one(op, shapes, 2, &choice) == TACTIC_OK && choice.hit);
}

static void TestAgain(tactic_client* client, const tactic_op* op, const tactic_registry* registry,
                      Seen* seen) {
  tactic_lease_options options;
  TACTIC_INIT(&options);
  options.lane = "host";
  options.again = 1;
  options.leave_to_others = 1;
  options.on_event = OnEvent;
  options.context = seen;
  tactic_lease_tuner* tuner = NULL;
  CHECK(tactic_lease_tuner_create(client, registry, &options, &tuner) == TACTIC_OK);
  const int granted = seen->events[TACTIC_LEASE_GRANTED];
  tactic_tune_outcome outcome;
  TACTIC_INIT(&outcome);
  CHECK(tactic_lease_tune(tuner, op, kShapes, 2, kMinuteMs, &outcome) == TACTIC_OK);
  CHECK(outcome.finished && outcome.decided == 1);
  CHECK(seen->events[TACTIC_LEASE_GRANTED] == granted + 1);
  tactic_lease_tuner_destroy(tuner);
}

static void TestRegistryErrors(tactic_registry* registry, Seen* seen) {
  CHECK_FAILS(tactic_registry_create(NULL), TACTIC_INVALID_ARGUMENT, "registry");
  tactic_registry_destroy(NULL);
  tactic_own_op op = GatherOp(seen);
  CHECK_FAILS(tactic_registry_add_op(NULL, &op), TACTIC_INVALID_ARGUMENT, "registry");
  CHECK_FAILS(tactic_registry_add_op(registry, NULL), TACTIC_INVALID_ARGUMENT, "op");
  CHECK_FAILS(tactic_registry_add_op(registry, &op), TACTIC_INVALID_ARGUMENT, "there already");
  op.name = "other";
  op.describe_outputs = NULL;
  CHECK_FAILS(tactic_registry_add_op(registry, &op), TACTIC_INVALID_ARGUMENT, "describe_outputs");
  op = GatherOp(seen);
  op.reference = NULL;
  CHECK_FAILS(tactic_registry_add_op(registry, &op), TACTIC_INVALID_ARGUMENT, "reference");
  tactic_input_schema inputs[2] = {kInputs[0], kInputs[1]};
  op.inputs = inputs;
  inputs[1].dtype_count = 0;
  CHECK_FAILS(tactic_registry_add_op(registry, &op), TACTIC_INVALID_ARGUMENT, "dtypes");
  inputs[1].dims = NULL;
  CHECK_FAILS(tactic_registry_add_op(registry, &op), TACTIC_INVALID_ARGUMENT, "inputs[1].dims");
  op.name = "not a name";
  op.inputs = kInputs;
  CHECK_FAILS(tactic_registry_add_op(registry, &op), TACTIC_INVALID_ARGUMENT, "op.name");
  op.struct_size = 0;
  CHECK_FAILS(tactic_registry_add_op(registry, &op), TACTIC_INVALID_ARGUMENT, "TACTIC_INIT");

  tactic_own_runner runner = GatherRunner(seen);
  CHECK_FAILS(tactic_registry_add_runner(NULL, "gather_rows", &runner), TACTIC_INVALID_ARGUMENT,
              "registry");
  CHECK_FAILS(tactic_registry_add_runner(registry, NULL, &runner), TACTIC_INVALID_ARGUMENT, "op");
  CHECK_FAILS(tactic_registry_add_runner(registry, "other", &runner), TACTIC_NOT_FOUND, "other");
  CHECK_FAILS(tactic_registry_add_runner(registry, "gather_rows", NULL), TACTIC_INVALID_ARGUMENT,
              "runner");
  CHECK_FAILS(tactic_registry_add_runner(registry, "gather_rows", &runner), TACTIC_INVALID_ARGUMENT,
              "c_rows");
  runner.id.unique_id = "\x01";
  CHECK_FAILS(tactic_registry_add_runner(registry, "gather_rows", &runner), TACTIC_INVALID_ARGUMENT,
              "unique_id");
  runner = GatherRunner(seen);
  runner.prepare = NULL;
  CHECK_FAILS(tactic_registry_add_runner(registry, "gather_rows", &runner), TACTIC_INVALID_ARGUMENT,
              "prepare");
  runner = GatherRunner(seen);
  runner.launch = NULL;
  CHECK_FAILS(tactic_registry_add_runner(registry, "gather_rows", &runner), TACTIC_INVALID_ARGUMENT,
              "launch");
  runner.libraries = NULL;
  CHECK_FAILS(tactic_registry_add_runner(registry, "gather_rows", &runner), TACTIC_INVALID_ARGUMENT,
              "libraries");
}

static void TestTunerErrors(tactic_client* client, const tactic_op* op,
                            const tactic_registry* registry, tactic_lease_tuner* tuner) {
  tactic_lease_tuner* none = NULL;
  CHECK_FAILS(tactic_lease_tuner_create(NULL, registry, NULL, &none), TACTIC_INVALID_ARGUMENT,
              "client");
  CHECK_FAILS(tactic_lease_tuner_create(client, NULL, NULL, &none), TACTIC_INVALID_ARGUMENT,
              "registry");
  CHECK_FAILS(tactic_lease_tuner_create(client, registry, NULL, NULL), TACTIC_INVALID_ARGUMENT,
              "tuner");
  tactic_lease_options options;
  memset(&options, 0, sizeof(options));
  CHECK_FAILS(tactic_lease_tuner_create(client, registry, &options, &none), TACTIC_INVALID_ARGUMENT,
              "TACTIC_INIT");
  CHECK(none == NULL);
  tactic_lease_tuner_destroy(NULL);
  tactic_tune_outcome outcome;
  TACTIC_INIT(&outcome);
  CHECK_FAILS(tactic_lease_tune(NULL, op, kShapes, 2, 1, &outcome), TACTIC_INVALID_ARGUMENT,
              "tuner");
  CHECK_FAILS(tactic_lease_tune(tuner, NULL, kShapes, 2, 1, &outcome), TACTIC_INVALID_ARGUMENT,
              "op");
  CHECK_FAILS(tactic_lease_tune(tuner, op, kShapes, 1, 1, &outcome), TACTIC_INVALID_ARGUMENT,
              "inputs");
  CHECK_FAILS(tactic_lease_tune(tuner, op, kShapes, 2, -1, &outcome), TACTIC_INVALID_ARGUMENT,
              "timeout_ms");
  CHECK_FAILS(tactic_lease_tune(tuner, op, kShapes, 2, 1, NULL), TACTIC_INVALID_ARGUMENT,
              "outcome");
  tactic_scope* scope = NULL;
  CHECK_FAILS(tactic_lease_scope_begin(NULL, tuner, &scope), TACTIC_INVALID_ARGUMENT, "client");
  CHECK_FAILS(tactic_lease_scope_begin(client, NULL, &scope), TACTIC_INVALID_ARGUMENT, "tuner");
  CHECK_FAILS(tactic_lease_scope_begin(client, tuner, NULL), TACTIC_INVALID_ARGUMENT, "scope");
  CHECK(scope == NULL);
}

int main(int argc, char** argv) {
  CHECK(argc == 2);
  Seen seen;
  memset(&seen, 0, sizeof(seen));
  tactic_registry* registry = NULL;
  CHECK(tactic_registry_create(&registry) == TACTIC_OK);
  const tactic_own_op gather = GatherOp(&seen);
  CHECK(tactic_registry_add_op(registry, &gather) == TACTIC_OK);
  const tactic_own_runner runner = GatherRunner(&seen);
  CHECK(tactic_registry_add_runner(registry, "gather_rows", &runner) == TACTIC_OK);
  TestRegistryErrors(registry, &seen);

  tactic_client_options client_options;
  TACTIC_INIT(&client_options);
  client_options.target = argv[1];
  tactic_client* client = NULL;
  CHECK(tactic_client_create(&client_options, &client) == TACTIC_OK);
  const tactic_op* op = Register(client);
  tactic_lease_options options;
  TACTIC_INIT(&options);
  options.on_event = OnEvent;
  options.context = &seen;
  tactic_lease_tuner* tuner = NULL;
  CHECK(tactic_lease_tuner_create(client, registry, &options, &tuner) == TACTIC_OK);
  TestTuning(client, op, tuner, &seen);
  TestScope(client, op, tuner);
  TestTunerErrors(client, op, registry, tuner);
  TestAgain(client, op, registry, &seen);
  tactic_lease_tuner_destroy(tuner);
  tactic_client_destroy(client);
  tactic_registry_destroy(registry);
  puts("ok");
  return 0;
}
