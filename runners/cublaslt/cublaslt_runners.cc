#include "tactic/cublaslt_runners.h"

#include <cstdio>

#include "runners/cublaslt/gemm_op.h"
#include "runners/cublaslt/gemm_runner.h"
#include "runners/cublaslt/library.h"
#include "tactic/sdk/environment.h"

namespace tactic {

void RegisterCublasLtRunners(sdk::Registry& registry) {
  const auto library = cublaslt::Load();
  if (!library.ok()) {
    std::fprintf(stderr, "no runner cublaslt: %s\n", library.error().message.c_str());
    return;
  }
  cublaslt::GemmRunnerOptions options;
  options.drawn = sdk::CandidatesFromEnvironment("TACTIC_CUBLASLT_CANDIDATES", options.drawn);
  registry.Add(cublaslt::MakeGemmOp());
  registry.Add("gemm", cublaslt::MakeGemmRunner(**library, options));
}

}  // namespace tactic
