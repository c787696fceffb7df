#include "runners/host/gemm/openblas_runner.h"

#include <dlfcn.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "runners/host/gemm/gemm_op.h"
#include "tactic/sdk/host.h"
#include "tactic/sdk/tactic_reader.h"

namespace tactic::gemm {

namespace {

// From the CBLAS standard; OpenBLAS as Debian builds it has 32-bit sizes.
enum CblasOrder : int { kCblasRowMajor = 101 };
enum CblasTranspose : int { kCblasNoTrans = 111, kCblasTrans = 112 };
using SgemmFunction = void (*)(CblasOrder order, CblasTranspose trans_a, CblasTranspose trans_b,
                               int m, int n, int k, float alpha, const float* a, int lda,
                               const float* b, int ldb, float beta, float* c, int ldc);

struct Openblas {
  SgemmFunction sgemm = nullptr;
  void (*set_num_threads)(int) = nullptr;
  int (*get_num_threads)() = nullptr;
  std::string
      version;  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH NO_AFFINITY SkylakeX MAX_THREADS=64"
};

template <typename Function>
bool Resolve(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

// All functions, or nullptr.
const Openblas* LoadOpenblas() {
  static const Openblas* const loaded = []() -> const Openblas* {
    void* library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return nullptr;
    static Openblas blas;
    char* (*get_config)() = nullptr;
    if (!Resolve(library, "cblas_sgemm", blas.sgemm) ||
        !Resolve(library, "openblas_set_num_threads", blas.set_num_threads) ||
        !Resolve(library, "openblas_get_num_threads", blas.get_num_threads) ||
        !Resolve(library, "openblas_get_config", get_config)) {
      return nullptr;
    }
    blas.version = get_config();
    return &blas;
  }();
  return loaded;
}

class OpenblasCall final : public sdk::Call {
 public:
  OpenblasCall(const Openblas& blas, const Shape& shape, int threads)
      : blas_(blas), shape_(shape), threads_(threads) {}

  void Launch(const sdk::Operands& operands) override {
    const auto m = static_cast<int>(shape_.m), n = static_cast<int>(shape_.n),
               k = static_cast<int>(shape_.k);
    if (m == 0 || n == 0) return;
    // Setting it, even to what it is, frees and takes buffers.
    if (blas_.get_num_threads() != threads_) blas_.set_num_threads(threads_);
    // Leading dimensions must not be 0, even of what is empty.
    const int lda = std::max(k, 1), ldb = shape_.b_transposed ? std::max(k, 1) : n;
    blas_.sgemm(kCblasRowMajor, kCblasNoTrans, shape_.b_transposed ? kCblasTrans : kCblasNoTrans, m,
                n, k, 1.0f, static_cast<const float*>(operands.inputs[0]), lda,
                static_cast<const float*>(operands.inputs[1]), ldb, 0.0f,
                static_cast<float*>(operands.outputs[0]), n);
  }

 private:
  const Openblas& blas_;
  const Shape shape_;
  const int threads_;
};

class OpenblasRunner final : public sdk::Runner {
 public:
  explicit OpenblasRunner(const Openblas& blas) : blas_(blas), cores_(sdk::HostThreads()) {}

  RunnerId Id() const override { return {"openblas", "1"}; }
  std::vector<Component> Libraries() const override { return {{"openblas", blas_.version}}; }

  // All cores is the default; then halves.
  std::vector<Tactic> Tactics(const Problem&) const override {
    std::vector<Tactic> tactics;
    for (int64_t threads = cores_ / 2; threads >= 1; threads /= 2) {
      tactics.push_back({{"threads", threads}});
    }
    return tactics;
  }

  Result<std::unique_ptr<sdk::Call>> Prepare(const Problem& problem,
                                             const Tactic& tactic) const override {
    const Result<Shape> shape = ShapeOf(problem);
    if (!shape.ok()) return shape.error();
    constexpr int64_t kMost = std::numeric_limits<int>::max();
    if (std::max({shape->m, shape->n, shape->k}) > kMost) {
      return Error{ErrorCode::kFailedPrecondition, "openblas takes sizes up to " +
                                                       std::to_string(kMost) + ", not those of " +
                                                       ToText(problem)};
    }
    sdk::TacticReader reader(tactic);
    const int64_t threads = reader.Int("threads", 1, cores_, cores_);
    const Check check = reader.Finish();
    if (!check.ok()) return check.error();
    return std::unique_ptr<sdk::Call>(
        std::make_unique<OpenblasCall>(blas_, *shape, static_cast<int>(threads)));
  }

 private:
  const Openblas& blas_;
  const int cores_;
};

}  // namespace

std::unique_ptr<sdk::Runner> MakeOpenblasRunner() {
  const Openblas* blas = LoadOpenblas();
  return blas == nullptr ? nullptr : std::make_unique<OpenblasRunner>(*blas);
}

}  // namespace tactic::gemm
