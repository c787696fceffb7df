#include "runners/cuda_kernels/decode_attention.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runners/cuda_kernels/decode_attention_kernels.h"
#include "runners/cuda_kernels/planned_runner.h"

namespace tactic::cuda_kernels {
namespace {

constexpr std::array<int, 7> kSplitChoices = {1, 2, 4, 8, 16, 32, 64};
constexpr std::array<int, 4> kWarpChoices = {8, 4, 2, 1};
constexpr std::array<int, 2> kKeyChoices = {32, 16};
constexpr int kLeastPart = 64;  // Keys: of less, a part's own costs are more than what it saves.

OpSchema DecodeSchema() {
  const std::vector<DType> values = {DType::kBF16};
  const std::vector<DType> indices = {DType::kI32};
  const std::vector<Layout> dense = {Layout::kRowMajor};
  const std::vector<std::string> cache = {"pages", "kv_heads", "page_size", "head_dim"};
  OpSchema schema;
  schema.op = "decode_attention";
  schema.inputs = {{"q", {"batch", "heads", "head_dim"}, values, dense, false},
                   {"k_cache", cache, values, dense, true},
                   {"v_cache", cache, values, dense, true},
                   {"page_table", {"batch", "pages_per_seq"}, indices, dense, false, true},
                   {"seq_lens", {"batch"}, indices, dense, false, true}};
  schema.attributes = {{"scale", 0.0}};
  return schema;
}

// The kernels count rows of the caches, sequences' tokens and blocks in 32 bits.
Check CheckSizes(const std::map<std::string, int64_t>& sizes) {
  constexpr int64_t kMost = 0x7fffffff;
  const auto size = [&](const char* name) { return sizes.at(name); };
  for (const auto& [name, value] : sizes) {
    if (const Check c = CheckAtMost(name, value, kMost); !c.ok()) return c;
  }
  if (size("head_dim") != 64 && size("head_dim") != 128) {
    return InvalidArgument("head_dim is " + std::to_string(size("head_dim")) +
                           "; must be 64 or 128");
  }
  const int64_t heads = size("heads");
  const int64_t kv_heads = size("kv_heads");
  if (kv_heads == 0 ? heads != 0 : heads % kv_heads != 0) {
    return InvalidArgument("heads is " + std::to_string(heads) + "; must be a multiple of " +
                           std::to_string(kv_heads) + ", kv_heads");
  }
  const int64_t page_rows = kv_heads * size("page_size");
  if (const Check c = CheckAtMost("kv_heads x page_size", page_rows, kMost); !c.ok()) return c;
  const int64_t rows = size("pages") * page_rows;
  if (const Check c = CheckAtMost("pages x kv_heads x page_size", rows, kMost); !c.ok()) return c;
  const int64_t capacity = size("pages_per_seq") * size("page_size");
  // A part's end, rounded up, must fit too.
  if (const Check c = CheckAtMost("pages_per_seq x page_size", capacity, kMost / 2); !c.ok()) {
    return c;
  }
  return CheckAtMost("batch x heads", size("batch") * heads, kMost / kSplitChoices.back());
}

class DecodeAttention {
 public:
  using Shape = DecodeShape;
  using Plan = DecodePlan;

  explicit DecodeAttention(int multiprocessors) : multiprocessors_(multiprocessors) {}

  static Result<Shape> ShapeOf(const Problem& problem) {
    static const OpSchema schema = DecodeSchema();
    if (const Check check = CheckAgainst(schema, problem); !check.ok()) return check.error();
    const auto sizes = SizesByName(schema, problem);
    if (const Check check = CheckSizes(sizes); !check.ok()) return check.error();
    const auto size = [&](const char* name) { return static_cast<int>(sizes.at(name)); };
    const Value* scale = problem.attributes.Find("scale");
    const double given = scale == nullptr ? 0 : std::get<double>(*scale);
    return Shape{size("batch"),
                 size("heads"),
                 size("kv_heads"),
                 size("head_dim"),
                 size("page_size"),
                 size("pages_per_seq"),
                 static_cast<float>(given == 0 ? 1 / std::sqrt(size("head_dim")) : given)};
  }

  // About a block for each multiprocessor, with warps enough to fill it alone; if there are more
  // blocks, smaller ones, of which one loads while another ends.
  Plan Default(const Shape& shape) const {
    const int64_t blocks = std::max<int64_t>(DecodeBlocks(shape), 1);
    Plan plan;
    for (const int splits : SplitsFor(shape)) {
      plan.splits = splits;
      if (10 * blocks * splits >= 9 * multiprocessors_) break;
    }
    plan.warps = blocks * plan.splits >= 2 * multiprocessors_ ? 4 : 8;
    return plan;
  }

  // Numbers of parts near the default's first.
  sdk::TacticSpace Space(const Shape& shape) const {
    std::vector<int> splits = SplitsFor(shape);
    const double usual = std::log2(Default(shape).splits);
    std::stable_sort(splits.begin(), splits.end(), [usual](int a, int b) {
      return std::abs(std::log2(a) - usual) < std::abs(std::log2(b) - usual);
    });
    return sdk::TacticSpace()
        .Add("splits", ToValues(splits))
        .Add("warps", ToValues(kWarpChoices))
        .Add("keys", ToValues(kKeyChoices))
        .Add("ahead", {false, true});
  }

  static void Read(const Shape&, sdk::TacticReader& reader, Plan& plan) {
    plan.splits = static_cast<int>(reader.OneOf("splits", kSplitChoices, plan.splits));
    plan.warps = static_cast<int>(reader.OneOf("warps", kWarpChoices, plan.warps));
    plan.keys = static_cast<int>(reader.OneOf("keys", kKeyChoices, plan.keys));
    plan.ahead = reader.Bool("ahead", plan.ahead);
    if (plan.ahead && plan.keys != 16) reader.Reject("ahead", "false unless keys is 16");
  }

  static size_t WorkspaceBytes(const Shape& shape, const Plan& plan) {
    return DecodeWorkspaceBytes(shape, plan);
  }

  static void Launch(const Shape& shape, const Plan& plan, const sdk::Operands& operands) {
    LaunchDecode(shape, plan, operands);
  }

 private:
  // Those that leave parts of a full sequence long enough.
  static std::vector<int> SplitsFor(const Shape& shape) {
    std::vector<int> splits = {1};
    for (const int parts : kSplitChoices) {
      if (parts > 1 && shape.Capacity() >= int64_t{parts} * kLeastPart) splits.push_back(parts);
    }
    return splits;
  }

  int multiprocessors_;
};

// A page of its own for each entry, in random order; once all are used up, from the start.
void FillPageTable(int64_t pages, std::span<std::byte> bytes, uint64_t seed) {
  std::vector<int32_t> order(static_cast<size_t>(pages));
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 random(seed);
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  for (size_t at = 0; at + sizeof(int32_t) <= bytes.size(); at += sizeof(int32_t)) {
    const int32_t page = order.empty() ? 0 : order[at / sizeof(int32_t) % order.size()];
    std::memcpy(&bytes[at], &page, sizeof(page));
  }
}

class DecodeAttentionOp final : public sdk::Op {
 public:
  OpSchema Schema() const override { return DecodeSchema(); }
  std::vector<Tensor> Outputs(const Problem& problem) const override { return {problem.inputs[0]}; }

  void Reference(const Problem& problem, const sdk::Operands& operands) const override {
    LaunchDecodeReference(DecodeAttention::ShapeOf(problem).value(), operands);
    ThrowOnLaunchError();
  }

  // Weights are rounded to bf16 before they meet the values: of n different random terms this
  // leaves 2^-10.6 / sqrt(n) of their size, of which six deviations are given. The output is
  // rounded once by each side.
  sdk::Tolerance ToleranceFor(const Problem& problem) const override {
    int64_t terms = problem.inputs[1].dims[0].opt * problem.inputs[1].dims[2].opt;
    for (const int32_t length : TunedLengths(problem)) terms = std::min<int64_t>(terms, length);
    return {0x1p-8 / std::sqrt(std::max<int64_t>(terms, 1)), 2.5 * 0x1p-8};
  }

  std::vector<sdk::InputFill> InputFills(const Problem& problem) const override {
    const int64_t pages = problem.inputs[1].dims[0].opt;
    const std::vector<int32_t> lengths = TunedLengths(problem);
    return {sdk::DefaultFill{}, sdk::DefaultFill{}, sdk::DefaultFill{},
            [pages](const Tensor&, std::span<std::byte> bytes, uint64_t seed) {
              FillPageTable(pages, bytes, seed);
            },
            [lengths](const Tensor&, std::span<std::byte> bytes, uint64_t) {
              std::memcpy(bytes.data(), lengths.data(), bytes.size());
            }};
  }

  double Flops(const Problem& problem) const override {
    const DecodeShape s = DecodeAttention::ShapeOf(problem).value();
    double keys = 0;
    for (const int32_t length : TunedLengths(problem)) keys += length;
    return 4.0 * keys * s.heads * s.head_dim;
  }
};

// Of the process's current GPU; an H200's if there is none.
int Multiprocessors() {
  constexpr int kOtherwise = 132;
  int device = 0;
  int count = 0;
  if (cudaGetDevice(&device) != cudaSuccess ||
      cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device) != cudaSuccess) {
    static_cast<void>(cudaGetLastError());
    return kOtherwise;
  }
  return count;
}

}  // namespace

// Full but for some slots of the last page, so that parts of pages and of steps are there.
std::vector<int32_t> TunedLengths(const Problem& problem) {
  const int64_t page_size = problem.inputs[1].dims[2].opt;
  const int64_t pages = problem.inputs[1].dims[0].opt;
  const int64_t capacity = pages == 0 ? 0 : problem.inputs[3].dims[1].opt * page_size;
  std::vector<int32_t> lengths(static_cast<size_t>(problem.inputs[4].dims[0].opt));
  for (size_t i = 0; i < lengths.size() && capacity > 0; ++i) {
    const int64_t free = static_cast<int64_t>(i) % page_size;
    lengths[i] = static_cast<int32_t>(capacity - free);
  }
  return lengths;
}

void RegisterDecodeAttention(sdk::Registry& registry) {
  registry.Add(std::make_unique<DecodeAttentionOp>());
  registry.Add("decode_attention",
               std::make_unique<PlannedRunner<DecodeAttention>>(
                   RunnerId{"decode_attention", "1"}, DecodeAttention(Multiprocessors())));
}

}  // namespace tactic::cuda_kernels
