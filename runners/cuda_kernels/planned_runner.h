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
//   std::vector<Plan> Space(shape)                all that is worth measuring, the best guess first
//   Tactic ToTactic(plan)                         static
//   void Read(shape, reader, plan)                static; ToTactic's inverse: `plan` comes as the
//                                                 default and takes what the tactic names
//   size_t WorkspaceBytes(shape, plan)            static
//   void Launch(shape, plan, operands)            static; sizes of 0 included
template <typename Kernel>
class PlannedRunner final : public sdk::Runner {
 public:
  explicit PlannedRunner(RunnerId id, Kernel kernel = {})
      : id_(std::move(id)), kernel_(std::move(kernel)) {}

  RunnerId Id() const override { return id_; }

  std::vector<Tactic> Tactics(const Problem& problem) const override {
    std::vector<Tactic> tactics;
    const auto shape = Kernel::ShapeOf(problem);
    if (!shape.ok()) return tactics;
    const auto by_default = kernel_.Default(*shape);
    for (const auto& plan : kernel_.Space(*shape)) {
      if (plan != by_default) tactics.push_back(Kernel::ToTactic(plan));
    }
    return tactics;
  }

  Result<std::unique_ptr<sdk::Call>> Prepare(const Problem& problem,
                                             const Tactic& tactic) const override {
    auto shape = Kernel::ShapeOf(problem);
    if (!shape.ok()) return shape.error();
    auto plan = kernel_.Default(*shape);
    sdk::TacticReader reader(tactic);
    Kernel::Read(*shape, reader, plan);
    if (const Check check = reader.Finish(); !check.ok()) return check.error();
    return std::unique_ptr<sdk::Call>(
        std::make_unique<PlannedCall<Kernel>>(*std::move(shape), std::move(plan)));
  }

 private:
  const RunnerId id_;
  const Kernel kernel_;
};

}  // namespace tactic::cuda_kernels
