#include "tactic/cublaslt_runners.h"

#include <cstdio>
#include <cstdlib>

#include "runners/cublaslt/gemm_op.h"
#include "runners/cublaslt/gemm_runner.h"
#include "runners/cublaslt/library.h"

namespace tactic {

void RegisterCublasLtRunners(sdk::Registry& registry) {
  const auto library = cublaslt::Load();
  if (!library.ok()) {
    std::fprintf(stderr, "no runner cublaslt: %s\n", library.error().message.c_str());
    return;
  }
  cublaslt::GemmRunnerOptions options;
  if (const char* text = std::getenv("TACTIC_CUBLASLT_CANDIDATES"); text != nullptr) {
    options.drawn = static_cast<size_t>(std::strtoul(text, nullptr, 10));
  }
  registry.Add(cublaslt::MakeGemmOp());
  registry.Add("gemm", cublaslt::MakeGemmRunner(**library, options));
}

}  // namespace tactic
