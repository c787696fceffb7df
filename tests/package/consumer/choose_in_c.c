/* A program in C that only chooses: the shared library, no C++ in sight. */
#include <stdio.h>
#include <tactic/tactic.h>

int main(void) {
  const tactic_input input = {TACTIC_F32, TACTIC_ROW_MAJOR};
  const tactic_runner runner = {"host_softmax", "1"};
  tactic_op_spec spec;
  TACTIC_INIT(&spec);
  spec.op = "softmax";
  spec.inputs = &input;
  spec.input_count = 1;
  spec.runners = &runner;
  spec.runner_count = 1;
  tactic_cache* cache = tactic_cache_create();
  const tactic_op* softmax = NULL;
  if (tactic_register(cache, &spec, &softmax) != TACTIC_OK) {
    fprintf(stderr, "%s\n", tactic_last_error());
    return 1;
  }
  const int64_t sizes[] = {4, 128};
  const tactic_shape shape = {sizes, 2};
  tactic_choice choice;
  TACTIC_INIT(&choice);
  const tactic_status status = tactic_choose_one(softmax, &shape, 1, &choice);
  printf("status %s, hit %d, runner %d\n", tactic_status_name(status), choice.hit, choice.runner);
  tactic_cache_destroy(cache);
  return status != TACTIC_OK || choice.hit;
}
