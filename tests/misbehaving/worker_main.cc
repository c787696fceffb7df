// The worker with nothing but the misbehaving runner.
#include "runners/worker/worker.h"
#include "tests/misbehaving/register.h"

int main(int argc, char** argv) {
  return tactic::RunWorker(argc, argv, {tactic::HostSupport(tactic::misbehaving::Register)});
}
