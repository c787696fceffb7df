// A worker for GPUs with nothing but the faulty runner.
#include "runners/cuda/session.h"
#include "runners/worker/worker.h"
#include "tests/gpu/faulty_runner.h"

int main(int argc, char** argv) {
  return tactic::RunWorker(argc, argv,
                           {{"cuda", tactic::cuda::OpenSession, tactic::testing::RegisterFaulty}});
}
