// cuBLASLt, found at run time: the library is half a gigabyte and must not be needed to start.
#pragma once

#include <cublasLt.h>

#include <string>

#include "tactic/model/result.h"

namespace tactic::cublaslt {

// The functions that are used, by the names of cublasLt.h. Constant after loading.
struct Library {
  decltype(&::cublasLtCreate) Create = nullptr;
  decltype(&::cublasLtGetVersion) GetVersion = nullptr;
  decltype(&::cublasLtGetStatusString) GetStatusString = nullptr;
  decltype(&::cublasLtMatmul) Matmul = nullptr;
  decltype(&::cublasLtMatmulDescInit_internal) MatmulDescInit_internal = nullptr;
  decltype(&::cublasLtMatmulDescSetAttribute) MatmulDescSetAttribute = nullptr;
  decltype(&::cublasLtMatrixLayoutInit_internal) MatrixLayoutInit_internal = nullptr;
  decltype(&::cublasLtMatmulPreferenceInit_internal) MatmulPreferenceInit_internal = nullptr;
  decltype(&::cublasLtMatmulPreferenceSetAttribute) MatmulPreferenceSetAttribute = nullptr;
  decltype(&::cublasLtMatmulAlgoGetHeuristic) MatmulAlgoGetHeuristic = nullptr;
  decltype(&::cublasLtMatmulAlgoGetIds) MatmulAlgoGetIds = nullptr;
  decltype(&::cublasLtMatmulAlgoInit) MatmulAlgoInit = nullptr;
  decltype(&::cublasLtMatmulAlgoCheck) MatmulAlgoCheck = nullptr;
  decltype(&::cublasLtMatmulAlgoCapGetAttribute) MatmulAlgoCapGetAttribute = nullptr;
  decltype(&::cublasLtMatmulAlgoConfigSetAttribute) MatmulAlgoConfigSetAttribute = nullptr;
  decltype(&::cublasLtMatmulAlgoConfigGetAttribute) MatmulAlgoConfigGetAttribute = nullptr;

  cublasLtHandle_t handle = nullptr;  // One for the process; may be used from any thread.

  std::string Version() const;  // "13.1.0".
};

// Loads libcublasLt.so.<major of cublasLt.h> from the loader's path or the usual places of the CUDA
// toolkit, once. FailedPrecondition says what was looked for.
Result<const Library*> Load();

}  // namespace tactic::cublaslt
