#include "runners/cublaslt/matmul.h"

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <set>
#include <string>

namespace tactic::cublaslt {
namespace {

cudaDataType_t TypeOf(DType dtype) {
  switch (dtype) {
    case DType::kBF16:
      return CUDA_R_16BF;
    case DType::kF16:
      return CUDA_R_16F;
    case DType::kF8E4M3:
      return CUDA_R_8F_E4M3;
    default:
      return CUDA_R_32F;
  }
}

cublasComputeType_t ComputeTypeOf(DType dtype) {
  return dtype == DType::kTF32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
}

// A setting of an algorithm: its name in a tactic, and how wide the library keeps it.
struct Setting {
  const char* name;
  cublasLtMatmulAlgoConfigAttributes_t attribute;
  size_t bytes;
};
constexpr Setting kSettings[] = {
    {"tile", CUBLASLT_ALGO_CONFIG_TILE_ID, 4},
    {"stages", CUBLASLT_ALGO_CONFIG_STAGES_ID, 4},
    {"split_k", CUBLASLT_ALGO_CONFIG_SPLITK_NUM, 4},
    {"reduction", CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME, 4},
    {"swizzle", CUBLASLT_ALGO_CONFIG_CTA_SWIZZLING, 4},
    {"custom", CUBLASLT_ALGO_CONFIG_CUSTOM_OPTION, 4},
    {"inner_shape", CUBLASLT_ALGO_CONFIG_INNER_SHAPE_ID, 2},
    {"cluster", CUBLASLT_ALGO_CONFIG_CLUSTER_SHAPE_ID, 2},
};
constexpr const char* kAlgorithm = "algorithm";

Error Refused(const Library& library, const std::string& doing, cublasStatus_t status) {
  return {ErrorCode::kFailedPrecondition,
          "cuBLASLt " + library.Version() + ": " + doing + ": " + library.GetStatusString(status)};
}

bool Set(const Library& library, cublasLtMatmulAlgo_t& algo, const Setting& setting,
         int64_t value) {
  const auto wide = static_cast<uint32_t>(value);
  const auto narrow = static_cast<uint16_t>(value);
  const void* data = setting.bytes == 2 ? static_cast<const void*>(&narrow) : &wide;
  return library.MatmulAlgoConfigSetAttribute(&algo, setting.attribute, data, setting.bytes) ==
         CUBLAS_STATUS_SUCCESS;
}

int64_t Get(const Library& library, const cublasLtMatmulAlgo_t& algo, const Setting& setting) {
  uint32_t wide = 0;
  uint16_t narrow = 0;
  void* data = setting.bytes == 2 ? static_cast<void*>(&narrow) : &wide;
  size_t written = 0;
  static_cast<void>(library.MatmulAlgoConfigGetAttribute(&algo, setting.attribute, data,
                                                         setting.bytes, &written));
  return setting.bytes == 2 ? narrow : wide;
}

// What an algorithm can be set to.
struct Choices {
  std::vector<uint32_t> tiles, stages;
  int32_t custom_most = 0;
  int32_t swizzle = 0;
  int32_t split_k = 0;
  uint32_t reductions = 0;
};

template <typename T>
void Capability(const Library& library, const cublasLtMatmulAlgo_t& algo,
                cublasLtMatmulAlgoCapAttributes_t attribute, T& value) {
  size_t written = 0;
  static_cast<void>(
      library.MatmulAlgoCapGetAttribute(&algo, attribute, &value, sizeof(value), &written));
}

std::vector<uint32_t> List(const Library& library, const cublasLtMatmulAlgo_t& algo,
                           cublasLtMatmulAlgoCapAttributes_t attribute) {
  size_t bytes = 0;
  static_cast<void>(library.MatmulAlgoCapGetAttribute(&algo, attribute, nullptr, 0, &bytes));
  std::vector<uint32_t> values(bytes / sizeof(uint32_t));
  if (values.empty()) return {0};
  static_cast<void>(
      library.MatmulAlgoCapGetAttribute(&algo, attribute, values.data(), bytes, &bytes));
  return values;
}

Choices ChoicesOf(const Library& library, const cublasLtMatmulAlgo_t& algo) {
  Choices choices;
  choices.tiles = List(library, algo, CUBLASLT_ALGO_CAP_TILE_IDS);
  choices.stages = List(library, algo, CUBLASLT_ALGO_CAP_STAGES_IDS);
  Capability(library, algo, CUBLASLT_ALGO_CAP_CUSTOM_OPTION_MAX, choices.custom_most);
  Capability(library, algo, CUBLASLT_ALGO_CAP_CTA_SWIZZLING_SUPPORT, choices.swizzle);
  Capability(library, algo, CUBLASLT_ALGO_CAP_SPLITK_SUPPORT, choices.split_k);
  Capability(library, algo, CUBLASLT_ALGO_CAP_REDUCTION_SCHEME_MASK, choices.reductions);
  return choices;
}

// Draws one configuration of an algorithm. Not std::uniform_int_distribution: its values are not
// the same in every standard library.
class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {}
  size_t Below(size_t bound) { return static_cast<size_t>(random_() % bound); }
  template <typename T>
  T OneOf(const std::vector<T>& values) {
    return values[Below(values.size())];
  }

 private:
  std::mt19937_64 random_;
};

void Roll(const Library& library, const Choices& choices, Dice& dice, cublasLtMatmulAlgo_t& algo) {
  static const std::vector<int64_t> splits = {2, 3, 4, 5, 6, 8, 12, 16};
  // The cluster shapes of up to 8 blocks in two dimensions, and the library's own choice.
  static const std::vector<int64_t> clusters = {0, 2, 3, 4, 5, 6, 7, 8, 9};
  int64_t split = 1;
  int64_t reduction = CUBLASLT_REDUCTION_SCHEME_NONE;
  if (choices.split_k != 0 && dice.Below(2) == 1) {
    split = dice.OneOf(splits);
    std::vector<int64_t> schemes;
    for (const int64_t scheme : {1, 2, 4}) {
      if ((choices.reductions & static_cast<uint32_t>(scheme)) != 0) schemes.push_back(scheme);
    }
    if (!schemes.empty()) reduction = dice.OneOf(schemes);
  }
  const std::array<int64_t, std::size(kSettings)> values = {
      dice.OneOf(choices.tiles),
      dice.OneOf(choices.stages),
      split,
      reduction,
      choices.swizzle != 0 ? static_cast<int64_t>(dice.Below(2)) : 0,
      static_cast<int64_t>(dice.Below(static_cast<size_t>(choices.custom_most) + 1)),
      0,
      dice.OneOf(clusters),
  };
  for (size_t i = 0; i < values.size(); ++i) {
    static_cast<void>(Set(library, algo, kSettings[i], values[i]));
  }
}

}  // namespace

Result<std::unique_ptr<Matmul>> Matmul::Create(const Library& library, const GemmShape& shape) {
  std::unique_ptr<Matmul> matmul(new Matmul(library, shape));
  const cublasStatus_t status = matmul->Describe();
  if (status != CUBLAS_STATUS_SUCCESS) return Refused(library, "describing the product", status);
  return matmul;
}

cublasStatus_t Matmul::Describe() {
  const GemmShape& s = shape_;
  const auto m = static_cast<uint64_t>(s.m);
  const auto n = static_cast<uint64_t>(s.n);
  const auto k = static_cast<uint64_t>(s.k);
  const auto in = TypeOf(s.dtype);
  const auto out = TypeOf(OutputType(s.dtype));
  const cublasOperation_t op_b = s.b_transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
  const cublasOperation_t op_a = CUBLAS_OP_N;
  for (const cublasStatus_t status : {
           library_.MatmulDescInit_internal(&desc_, sizeof(desc_), ComputeTypeOf(s.dtype),
                                            CUDA_R_32F),
           library_.MatmulDescSetAttribute(&desc_, CUBLASLT_MATMUL_DESC_TRANSA, &op_b,
                                           sizeof(op_b)),
           library_.MatmulDescSetAttribute(&desc_, CUBLASLT_MATMUL_DESC_TRANSB, &op_a,
                                           sizeof(op_a)),
           s.b_transposed ? library_.MatrixLayoutInit_internal(&b_, sizeof(b_), in, k, n, s.k)
                          : library_.MatrixLayoutInit_internal(&b_, sizeof(b_), in, n, k, s.n),
           library_.MatrixLayoutInit_internal(&a_, sizeof(a_), in, k, m, s.k),
           library_.MatrixLayoutInit_internal(&c_, sizeof(c_), out, n, m, s.n),
       }) {
    if (status != CUBLAS_STATUS_SUCCESS) return status;
  }
  return CUBLAS_STATUS_SUCCESS;
}

void Matmul::SetScales(const float* a_scale, const float* b_scale) {
  const void* const first = b_scale;  // cuBLASLt's A is b.
  const void* const second = a_scale;
  static_cast<void>(library_.MatmulDescSetAttribute(&desc_, CUBLASLT_MATMUL_DESC_A_SCALE_POINTER,
                                                    &first, sizeof(first)));
  static_cast<void>(library_.MatmulDescSetAttribute(&desc_, CUBLASLT_MATMUL_DESC_B_SCALE_POINTER,
                                                    &second, sizeof(second)));
}

std::vector<cublasLtMatmulHeuristicResult_t> Matmul::Heuristic(int most) const {
  cublasLtMatmulPreferenceOpaque_t preference;
  const size_t workspace = kWorkspaceBytes;
  std::vector<cublasLtMatmulHeuristicResult_t> results(static_cast<size_t>(most));
  int count = 0;
  const bool ok =
      library_.MatmulPreferenceInit_internal(&preference, sizeof(preference)) ==
          CUBLAS_STATUS_SUCCESS &&
      library_.MatmulPreferenceSetAttribute(&preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                            &workspace,
                                            sizeof(workspace)) == CUBLAS_STATUS_SUCCESS &&
      library_.MatmulAlgoGetHeuristic(library_.handle, &desc_, &b_, &a_, &c_, &c_, &preference,
                                      most, results.data(), &count) == CUBLAS_STATUS_SUCCESS;
  results.resize(ok ? static_cast<size_t>(count) : 0);
  std::erase_if(results, [](const auto& r) { return r.state != CUBLAS_STATUS_SUCCESS; });
  return results;
}

Result<Matmul::Algorithm> Matmul::Checked(const cublasLtMatmulAlgo_t& algo) const {
  cublasLtMatmulHeuristicResult_t result = {};
  const cublasStatus_t status =
      library_.MatmulAlgoCheck(library_.handle, &desc_, &b_, &a_, &c_, &c_, &algo, &result);
  if (status != CUBLAS_STATUS_SUCCESS) return Refused(library_, "checking the algorithm", status);
  if (result.workspaceSize > kWorkspaceBytes) {
    return Error{ErrorCode::kOutOfMemory,
                 "needs a workspace of " + std::to_string(result.workspaceSize) +
                     " bytes; at most " + std::to_string(kWorkspaceBytes) + " are given"};
  }
  return Algorithm{algo, result.workspaceSize};
}

Result<cublasLtMatmulAlgo_t> Matmul::Init(int id) const {
  cublasLtMatmulAlgo_t algo = {};
  const auto in = TypeOf(shape_.dtype);
  const auto out = TypeOf(OutputType(shape_.dtype));
  const cublasStatus_t status = library_.MatmulAlgoInit(
      library_.handle, ComputeTypeOf(shape_.dtype), CUDA_R_32F, in, in, out, out, id, &algo);
  if (status != CUBLAS_STATUS_SUCCESS) {
    return Refused(library_, "algorithm " + std::to_string(id), status);
  }
  return algo;
}

Result<Matmul::Algorithm> Matmul::FromTactic(const Tactic& tactic) const {
  for (const Parameter& parameter : tactic.items()) {
    const bool known = parameter.name == kAlgorithm ||
                       std::any_of(std::begin(kSettings), std::end(kSettings),
                                   [&](const Setting& s) { return parameter.name == s.name; });
    if (!known || !std::holds_alternative<int64_t>(parameter.value)) {
      return InvalidArgument("tactic parameter " + parameter.name +
                             (known ? " must be a whole number" : " is unknown"));
    }
  }
  auto algo = Init(static_cast<int>(tactic.IntOr(kAlgorithm, -1)));
  if (!algo.ok()) return algo.error();
  for (const Setting& setting : kSettings) {
    const int64_t value = tactic.IntOr(setting.name, 0);
    // A setting that the algorithm does not have can only be left as it is.
    if (Get(library_, *algo, setting) == value) continue;
    if (!Set(library_, *algo, setting, value)) {
      return InvalidArgument("tactic parameter " + std::string(setting.name) + " cannot be " +
                             std::to_string(value) + " for this algorithm");
    }
  }
  return Checked(*algo);
}

Tactic Matmul::ToTactic(const cublasLtMatmulAlgo_t& algo) const {
  std::vector<Parameter> items;
  int32_t id = 0;
  size_t written = 0;
  static_cast<void>(library_.MatmulAlgoConfigGetAttribute(&algo, CUBLASLT_ALGO_CONFIG_ID, &id,
                                                          sizeof(id), &written));
  items.push_back({kAlgorithm, int64_t{id}});
  for (const Setting& setting : kSettings) {
    items.push_back({setting.name, Get(library_, algo, setting)});
  }
  return Tactic(std::move(items));
}

std::vector<int> Matmul::AlgorithmIds() const {
  std::vector<int> ids(256);
  int count = 0;
  const auto in = TypeOf(shape_.dtype);
  const auto out = TypeOf(OutputType(shape_.dtype));
  const cublasStatus_t status =
      library_.MatmulAlgoGetIds(library_.handle, ComputeTypeOf(shape_.dtype), CUDA_R_32F, in, in,
                                out, out, static_cast<int>(ids.size()), ids.data(), &count);
  ids.resize(status == CUBLAS_STATUS_SUCCESS ? static_cast<size_t>(count) : 0);
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<Tactic> Matmul::Draw(size_t count, uint64_t seed,
                                 const std::vector<Tactic>& besides) const {
  constexpr int kDrawsEach = 100;
  std::vector<std::pair<cublasLtMatmulAlgo_t, Choices>> algorithms;
  for (const int id : AlgorithmIds()) {
    if (auto algo = Init(id); algo.ok()) {
      algorithms.emplace_back(*algo, ChoicesOf(library_, *algo));
    }
  }
  std::vector<Tactic> drawn;
  if (algorithms.empty()) return drawn;
  std::set<Tactic> seen(besides.begin(), besides.end());
  Dice dice(seed);
  for (size_t draw = 0; draw < count * kDrawsEach && drawn.size() < count; ++draw) {
    auto [algo, choices] = dice.OneOf(algorithms);
    Roll(library_, choices, dice, algo);
    if (!Checked(algo).ok()) continue;
    Tactic tactic = ToTactic(algo);
    if (seen.insert(tactic).second) drawn.push_back(std::move(tactic));
  }
  return drawn;
}

cublasStatus_t Matmul::Run(const Algorithm& algorithm, const void* a, const void* b, void* c,
                           void* workspace, cudaStream_t stream) const {
  const float alpha = 1;
  const float beta = 0;
  return library_.Matmul(library_.handle, &desc_, &alpha, b, &b_, a, &a_, &beta, c, &c_, c, &c_,
                         &algorithm.algo, workspace, algorithm.workspace_bytes, stream);
}

}  // namespace tactic::cublaslt
