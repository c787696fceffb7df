#include "runners/host/softmax/softmax_runner.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runners/host/softmax/row_kernel.h"
#include "runners/host/softmax/softmax_op.h"
#include "runners/host/thread_pool.h"
#include "tactic/sdk/space.h"
#include "tactic/sdk/tactic_reader.h"

namespace tactic::softmax {

namespace {

// In the order of sdk::VectorSet, Passes and Exponential.
constexpr std::string_view kVectorNames[] = {"portable", "avx2", "avx512"};
constexpr std::string_view kPassesNames[kPasses] = {"store", "recompute", "online"};
constexpr std::string_view kExponentialNames[kExponentials] = {"polynomial", "library"};

struct Plan {
  int vectors = 0;  // Index into the names above, like the next two.
  int passes = 0;
  int exponential = 0;
  int unroll = 1;  // Index into kUnrollFactors.
  int threads = 1;
  bool operator==(const Plan&) const = default;
};

int IndexOf(std::span<const std::string_view> names, std::string_view name) {
  return static_cast<int>(std::find(names.begin(), names.end(), name) - names.begin());
}

const RowKernels& KernelsFor(int vectors) {
#if defined(__x86_64__)
  if (vectors == 2) return Avx512RowKernels();
  if (vectors == 1) return Avx2RowKernels();
#endif
  static_cast<void>(vectors);
  return PortableRowKernels();
}

RowFunction FunctionOf(const Plan& plan) {
  return KernelsFor(plan.vectors).function[plan.passes][plan.exponential][plan.unroll];
}

Plan Default(const HostMachine& machine) {
  Plan plan;
  plan.vectors = static_cast<int>(machine.vectors);
  plan.threads = machine.cores;
  return plan;
}

Result<Plan> PlanFor(const HostMachine& machine, const Tactic& tactic) {
  sdk::TacticReader reader(tactic);
  Plan plan = Default(machine);
  plan.vectors =
      IndexOf(kVectorNames, reader.Text("vectors", kVectorNames, kVectorNames[plan.vectors]));
  if (plan.vectors > static_cast<int>(machine.vectors)) {
    return Error{ErrorCode::kFailedPrecondition,
                 "tactic parameter vectors is " + std::string(kVectorNames[plan.vectors]) +
                     "; this CPU has " +
                     std::string(kVectorNames[static_cast<int>(machine.vectors)])};
  }
  plan.passes = IndexOf(kPassesNames, reader.Text("passes", kPassesNames, kPassesNames[0]));
  plan.exponential =
      IndexOf(kExponentialNames, reader.Text("exp", kExponentialNames, kExponentialNames[0]));
  const int64_t unroll = reader.OneOf("unroll", kUnrollFactors, kUnrollFactors[plan.unroll]);
  plan.unroll = unroll == kUnrollFactors[0] ? 0 : 1;
  plan.threads = static_cast<int>(reader.Int("threads", 1, machine.cores, plan.threads));
  if (FunctionOf(plan) == nullptr) reader.Reject("exp", "polynomial where vectors is not portable");
  const Check check = reader.Finish();
  if (!check.ok()) return check.error();
  return plan;
}

// All cores, half of them, one; no more than there are rows to share.
std::vector<Value> ThreadChoices(const Shape& shape, const HostMachine& machine) {
  std::vector<Value> choices;
  for (const int threads : {machine.cores, machine.cores / 2, 1}) {
    const bool useful = threads == 1 || (threads > 1 && threads <= shape.rows);
    const Value choice = int64_t{threads};
    if (useful && (choices.empty() || choices.back() != choice)) choices.push_back(choice);
  }
  return choices;
}

std::vector<Value> Texts(std::span<const std::string_view> names) {
  std::vector<Value> values;
  for (const std::string_view name : names) values.push_back(std::string(name));
  return values;
}

class SoftmaxCall final : public sdk::Call {
 public:
  SoftmaxCall(const Shape& shape, RowFunction row, int threads)
      : shape_(shape), row_(row), threads_(threads) {}

  void Launch(const sdk::Operands& operands) override {
    if (shape_.rows == 0 || shape_.cols == 0) return;
    const auto* x = static_cast<const float*>(operands.inputs[0]);
    auto* y = static_cast<float*>(operands.outputs[0]);
    ThreadPool::Process().ParallelFor(threads_, [&](int thread) {
      const int64_t end = shape_.rows * (thread + 1) / threads_;
      for (int64_t i = shape_.rows * thread / threads_; i < end; ++i) {
        row_(x + i * shape_.cols, y + i * shape_.cols, shape_.cols);
      }
    });
  }

 private:
  const Shape shape_;
  const RowFunction row_;
  const int threads_;
};

class SoftmaxRunner final : public sdk::Runner {
 public:
  explicit SoftmaxRunner(const HostMachine& machine) : machine_(machine) {}

  RunnerId Id() const override { return {"host_softmax", "1"}; }

  // The widest vectors first: the others seldom win but are cheap to try.
  std::vector<Tactic> Tactics(const Problem& problem) const override {
    const Result<Shape> shape = ShapeOf(problem);
    if (!shape.ok() || shape->rows == 0 || shape->cols == 0) return {};
    std::vector<Value> vectors;
    for (int i = static_cast<int>(machine_.vectors); i >= 0; --i) {
      vectors.push_back(std::string(kVectorNames[i]));
    }
    return sdk::TacticSpace()
        .Add("vectors", std::move(vectors))
        .Add("passes", Texts(kPassesNames))
        .Add("exp", Texts(kExponentialNames))
        .Add("unroll", {int64_t{kUnrollFactors[1]}, int64_t{kUnrollFactors[0]}})
        .Add("threads", ThreadChoices(*shape, machine_))
        .Require([this](const Tactic& tactic) {
          const Result<Plan> plan = PlanFor(machine_, tactic);
          return plan.ok() && *plan != Default(machine_);
        })
        .Tactics();
  }

  Result<std::unique_ptr<sdk::Call>> Prepare(const Problem& problem,
                                             const Tactic& tactic) const override {
    const Result<Shape> shape = ShapeOf(problem);
    if (!shape.ok()) return shape.error();
    const Result<Plan> plan = PlanFor(machine_, tactic);
    if (!plan.ok()) return plan.error();
    ThreadPool::Process().Reserve(plan->threads);
    return std::unique_ptr<sdk::Call>(
        std::make_unique<SoftmaxCall>(*shape, FunctionOf(*plan), plan->threads));
  }

 private:
  const HostMachine machine_;
};

}  // namespace

std::unique_ptr<sdk::Runner> MakeSoftmaxRunner(const HostMachine& machine) {
  return std::make_unique<SoftmaxRunner>(machine);
}

}  // namespace tactic::softmax
