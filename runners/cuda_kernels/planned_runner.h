// What the runners of this folder have in common: a tactic is a plan, the settings of one kernel,
// each a named parameter; and a few choices that several kernels offer.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tactic/model/problem.h"
#include "tactic/sdk/runner.h"
#include "tactic/sdk/space.h"
#include "tactic/sdk/tactic_reader.h"

namespace tactic::cuda_kernels {

inline constexpr std::array<int, 5> kThreadChoices = {256, 128, 512, 1024, 64};
inline constexpr std::array<int, 4> kVectorChoices = {8, 4, 2, 1};

// The elements of `dtype` that one load of a thread can hold: 16 bytes.
int MostInVector(DType dtype);
// The choices for rows of `cols` elements, widest first: what a load can hold and divides a row.
std::vector<int> VectorsFor(int64_t cols, DType dtype);
// The fewest of kThreadChoices that give each item a thread; 1024 if none does.
int ThreadsFor(int64_t items);
// The parameter `vector`, rejected if rows of `cols` elements cannot be read so.
int ReadVector(sdk::TacticReader& reader, int64_t cols, DType dtype, int otherwise);

// For TacticSpace::Add.
template <typename Choices>
std::vector<Value> ToValues(const Choices& choices) {
  std::vector<Value> values;
  for (const int choice : choices) values.emplace_back(int64_t{choice});
  return values;
}

// InvalidArgument if `name` is more than `most`.
Check CheckAtMost(const std::string& name, int64_t value, int64_t most);

// Throws std::runtime_error with CUDA's message if the last launch was refused.
void ThrowOnLaunchError();

// One plan made ready. For `Kernel` see PlannedRunner.
template <typename Kernel>
class PlannedCall final : public sdk::Call {
 public:
  PlannedCall(typename Kernel::Shape shape, typename Kernel::Plan plan)
      : shape_(std::move(shape)), plan_(std::move(plan)) {}
  size_t WorkspaceBytes() const override { return Kernel::WorkspaceBytes(shape_, plan_); }
  void Launch(const sdk::Operands& operands) override {
    Kernel::Launch(shape_, plan_, operands);
    ThrowOnLaunchError();
  }

 private:
  const typename Kernel::Shape shape_;
  const typename Kernel::Plan plan_;
};

// The runner of a `Kernel`, which has
//
//   Shape, Plan                                   what is computed, and how; plans can be compared
//   Result<Shape> ShapeOf(problem)                static; InvalidArgument: not a problem for it
//   Plan Default(shape)                           what the empty tactic stands for
//   sdk::TacticSpace Space(shape)                 what is worth measuring, every parameter named;
//                                                 what Read rejects is left out
//   void Read(shape, reader, plan)                static; `plan` comes as the default and takes
//   what
//                                                 the tactic names
//   size_t WorkspaceBytes(shape, plan)            static
//   void Launch(shape, plan, operands)            static; sizes of 0 included
template <typename Kernel>
class PlannedRunner final : public sdk::Runner {
 public:
  explicit PlannedRunner(RunnerId id, Kernel kernel = {})
      : id_(std::move(id)), kernel_(std::move(kernel)) {}

  RunnerId Id() const override { return id_; }

  std::vector<Tactic> Tactics(const Problem& problem) const override {
    const auto shape = Kernel::ShapeOf(problem);
    if (!shape.ok()) return {};
    const auto by_default = kernel_.Default(*shape);
    return kernel_.Space(*shape)
        .Require([&](const Tactic& tactic) {
          auto plan = by_default;
          return ReadPlan(*shape, tactic, plan).ok() && plan != by_default;
        })
        .Tactics();
  }

  Result<std::unique_ptr<sdk::Call>> Prepare(const Problem& problem,
                                             const Tactic& tactic) const override {
    auto shape = Kernel::ShapeOf(problem);
    if (!shape.ok()) return shape.error();
    auto plan = kernel_.Default(*shape);
    if (const Check check = ReadPlan(*shape, tactic, plan); !check.ok()) return check.error();
    return std::unique_ptr<sdk::Call>(
        std::make_unique<PlannedCall<Kernel>>(*std::move(shape), std::move(plan)));
  }

 private:
  static Check ReadPlan(const typename Kernel::Shape& shape, const Tactic& tactic,
                        typename Kernel::Plan& plan) {
    sdk::TacticReader reader(tactic);
    Kernel::Read(shape, reader, plan);
    return reader.Finish();
  }

  const RunnerId id_;
  const Kernel kernel_;
};

}  // namespace tactic::cuda_kernels
