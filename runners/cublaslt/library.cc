#include "runners/cublaslt/library.h"

#include <dlfcn.h>

#include <vector>

namespace tactic::cublaslt {
namespace {

std::vector<std::string> Places() {
  const std::string name = "libcublasLt.so." + std::to_string(CUBLAS_VER_MAJOR);
  return {name, "/usr/local/cuda/lib64/" + name, "/usr/local/cuda/targets/x86_64-linux/lib/" + name,
          "/usr/lib/x86_64-linux-gnu/" + name};
}

template <typename Function>
void Find(void* library, const char* name, Function& function, std::string& missing) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function == nullptr) missing += std::string(missing.empty() ? "" : ", ") + name;
}

Error Unusable(std::string message) { return {ErrorCode::kFailedPrecondition, std::move(message)}; }

Result<Library> Open() {
  void* handle = nullptr;
  std::string tried;
  for (const std::string& place : Places()) {
    handle = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle != nullptr) break;
    tried += (tried.empty() ? "" : ", ") + place;
  }
  if (handle == nullptr) return Unusable("cuBLASLt was not found; tried " + tried);
  Library library;
  std::string missing;
#define TACTIC_FIND(NAME) Find(handle, "cublasLt" #NAME, library.NAME, missing)
  TACTIC_FIND(Create);
  TACTIC_FIND(GetVersion);
  TACTIC_FIND(GetStatusString);
  TACTIC_FIND(Matmul);
  TACTIC_FIND(MatmulDescInit_internal);
  TACTIC_FIND(MatmulDescSetAttribute);
  TACTIC_FIND(MatrixLayoutInit_internal);
  TACTIC_FIND(MatmulPreferenceInit_internal);
  TACTIC_FIND(MatmulPreferenceSetAttribute);
  TACTIC_FIND(MatmulAlgoGetHeuristic);
  TACTIC_FIND(MatmulAlgoGetIds);
  TACTIC_FIND(MatmulAlgoInit);
  TACTIC_FIND(MatmulAlgoCheck);
  TACTIC_FIND(MatmulAlgoCapGetAttribute);
  TACTIC_FIND(MatmulAlgoConfigSetAttribute);
  TACTIC_FIND(MatmulAlgoConfigGetAttribute);
#undef TACTIC_FIND
  if (!missing.empty()) return Unusable("cuBLASLt lacks " + missing);
  const cublasStatus_t status = library.Create(&library.handle);
  if (status != CUBLAS_STATUS_SUCCESS) {
    return Unusable(std::string("cuBLASLt gives no handle: ") + library.GetStatusString(status));
  }
  return library;
}

}  // namespace

std::string Library::Version() const {
  const size_t version = GetVersion();
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

Result<const Library*> Load() {
  static const Result<Library> library = Open();
  if (!library.ok()) return library.error();
  return &*library;
}

}  // namespace tactic::cublaslt
