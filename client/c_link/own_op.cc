#include "client/c_link/own_op.h"

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "client/c/handles.h"
#include "client/c/read.h"
#include "client/c_link/callback.h"
#include "client/c_link/problem_view.h"

namespace tactic::c {
namespace {

Result<sdk::InputFill> ToFill(const std::string& field, const tactic_input_fill& from) {
  switch (from.kind) {
    case TACTIC_FILL_DEFAULT:
      return sdk::InputFill(sdk::DefaultFill{});
    case TACTIC_FILL_UNIFORM:
      return sdk::InputFill(sdk::UniformFill{from.low, from.high});
    case TACTIC_FILL_INDEX:
      return sdk::InputFill(sdk::IndexFill{from.below});
    case TACTIC_FILL_CONSTANT:
      return sdk::InputFill(sdk::ConstantFill{from.low});
    case TACTIC_FILL_ROWS: {
      const Check there = CheckPointer((field + ".rows").c_str(), from.rows);
      if (!there.ok()) return there.error();
      const auto* bytes = static_cast<const std::byte*>(from.rows);
      return sdk::InputFill(sdk::RowsFill{{bytes, bytes + from.row_bytes}});
    }
    default:
      return InvalidArgument(field + ".kind is " + std::to_string(from.kind) +
                             "; must be TACTIC_FILL_DEFAULT to TACTIC_FILL_ROWS");
  }
}

class OwnOp final : public sdk::Op {
 public:
  OwnOp(OpSchema schema, const tactic_own_op& op) : schema_(std::move(schema)), op_(op) {}

  OpSchema Schema() const override { return schema_; }

  std::vector<Tensor> Outputs(const Problem& problem) const override {
    std::vector<tactic_tensor> described(limits::kInputs);
    size_t count = 0;
    ThrowUnless(Call("describe_outputs", op_.describe_outputs, problem, described.data(),
                     described.size(), &count));
    ThrowUnless(CheckArray("describe_outputs: outputs", described.data(), count, described.size()));
    // Checked as the inputs of a problem are.
    Problem outputs{schema_.op, {}, {}};
    for (size_t i = 0; i < count; ++i) {
      Result<Tensor> output = ToTensor(Item("outputs", i) + ".", described[i]);
      if (!output.ok()) Throw(output.error());
      outputs.inputs.push_back(*std::move(output));
    }
    ThrowUnless(CheckProblem("describe_outputs: as ", outputs));
    return outputs.inputs;
  }

  void Reference(const Problem& problem, const sdk::Operands& operands) const override {
    const tactic_operands own = {sizeof(tactic_operands), operands.inputs.data(),
                                 operands.outputs.data(), nullptr};
    ThrowUnless(Call("reference", op_.reference, problem, &own));
  }

  sdk::Tolerance ToleranceFor(const Problem& problem) const override {
    sdk::Tolerance tolerance;
    if (op_.tolerance != nullptr) {
      ThrowUnless(
          Call("tolerance", op_.tolerance, problem, &tolerance.absolute, &tolerance.relative));
    }
    return tolerance;
  }

  std::vector<sdk::InputFill> InputFills(const Problem& problem) const override {
    std::vector<tactic_input_fill> chosen(problem.inputs.size());
    if (op_.fill_inputs != nullptr) {
      ThrowUnless(Call("fill_inputs", op_.fill_inputs, problem, chosen.data()));
    }
    std::vector<sdk::InputFill> fills;
    for (size_t i = 0; i < chosen.size(); ++i) {
      Result<sdk::InputFill> fill = ToFill(Item("fills", i), chosen[i]);
      if (!fill.ok()) Throw(fill.error());
      fills.push_back(*std::move(fill));
    }
    return fills;
  }

  sdk::InputsHook InputsPreHook(const Problem& problem) const override {
    if (op_.inputs_pre_hook == nullptr) return {};
    return [this, problem](std::span<void* const> inputs) {
      ThrowUnless(Call("inputs_pre_hook", op_.inputs_pre_hook, problem, inputs.data()));
    };
  }

  double Flops(const Problem&) const override { return 0; }

 private:
  template <typename Callback, typename... Arguments>
  Check Call(const char* name, Callback callback, const Problem& problem,
             Arguments... arguments) const {
    const ProblemView view(problem);
    return CallBack(name, [&] { return callback(view.get(), arguments..., op_.context); });
  }

  const OpSchema schema_;
  const tactic_own_op op_;  // Its callbacks and their context; the rest is the caller's.
};

template <typename T>
Check ReadNumbers(const std::string& field, const int32_t* from, size_t count, T last,
                  std::vector<T>& to) {
  constexpr size_t kMost = 64;
  Check check = CheckArray(field, from, count, kMost);
  for (size_t i = 0; check.ok() && i < count; ++i) {
    check = ReadNumber(Item(field.c_str(), i), from[i], last, to.emplace_back());
  }
  return check;
}

Result<InputSchema> ToInput(const std::string& field, const tactic_input_schema& from) {
  InputSchema to;
  Result<std::string> name = ToText((field + ".name").c_str(), from.name);
  if (!name.ok()) return name.error();
  to.name = *std::move(name);
  Check check = CheckArray(field + ".dims", from.dims, from.rank, limits::kRank);
  for (size_t d = 0; check.ok() && d < from.rank; ++d) {
    Result<std::string> dim = ToText(Item((field + ".dims").c_str(), d).c_str(), from.dims[d]);
    if (!dim.ok()) return dim.error();
    to.dims.push_back(*std::move(dim));
  }
  if (check.ok()) {
    check = ReadNumbers(field + ".dtypes", from.dtypes, from.dtype_count, DType::kBool, to.dtypes);
  }
  if (check.ok()) {
    check = ReadNumbers(field + ".layouts", from.layouts, from.layout_count, Layout::kColMajor,
                        to.layouts);
  }
  if (!check.ok()) return check.error();
  if (to.layouts.empty()) to.layouts = {Layout::kRowMajor};
  to.weight = from.weight != 0;
  to.own_dtype = from.own_dtype != 0;
  return to;
}

Result<OpSchema> ToSchema(const tactic_own_op& from) {
  OpSchema to;
  Result<std::string> name = ToText("op.name", from.name);
  if (!name.ok()) return name.error();
  to.op = *std::move(name);
  if (const Check sound = CheckName("op.name", to.op); !sound.ok()) return sound.error();
  const Check inputs = CheckArray("op.inputs", from.inputs, from.input_count, limits::kInputs);
  if (!inputs.ok()) return inputs.error();
  for (size_t i = 0; i < from.input_count; ++i) {
    Result<InputSchema> input = ToInput(Item("op.inputs", i), from.inputs[i]);
    if (!input.ok()) return input.error();
    to.inputs.push_back(*std::move(input));
  }
  Result<Parameters> attributes =
      ToParameters("op.attributes", from.attributes, from.attribute_count);
  if (!attributes.ok()) return attributes.error();
  for (const Parameter& attribute : attributes->items()) {
    to.attributes.push_back({attribute.name, attribute.value});
  }
  const Check sound = CheckSchema("op.", to);
  if (!sound.ok()) return sound.error();
  return to;
}

}  // namespace

Result<std::unique_ptr<sdk::Op>> MakeOwnOp(const tactic_own_op* op) {
  const Result<tactic_own_op> known = ReadStruct("op", op);
  if (!known.ok()) return known.error();
  Result<OpSchema> schema = ToSchema(*known);
  if (!schema.ok()) return schema.error();
  if (known->describe_outputs == nullptr) return InvalidArgument("op.describe_outputs is NULL");
  if (known->reference == nullptr) return InvalidArgument("op.reference is NULL");
  return std::unique_ptr<sdk::Op>(std::make_unique<OwnOp>(*std::move(schema), *known));
}

}  // namespace tactic::c
