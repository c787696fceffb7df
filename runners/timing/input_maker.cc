#include "runners/timing/input_maker.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

#include "runners/timing/elements.h"
#include "tactic/model/codec.h"

namespace tactic::timing {
namespace {

std::string Text(double number) { return ToText(Value(number)); }

// One input while it is filled.
class Filler {
 public:
  Filler(std::string name, const Tensor& tensor, std::span<std::byte> bytes, uint64_t seed)
      : name_(std::move(name)), tensor_(tensor), bytes_(bytes), seed_(seed) {}

  void operator()(const sdk::DefaultFill&) const { FillRandom(tensor_.dtype, bytes_, seed_); }

  void operator()(const sdk::UniformFill& fill) const {
    CheckHolds(fill.low);
    CheckHolds(fill.high);
    const double low = IsWhole() ? std::ceil(fill.low) : fill.low;
    const double high = IsWhole() ? std::floor(fill.high) : fill.high;
    if (low > high) {
      Fail("cannot be filled from " + Text(fill.low) + " to " + Text(fill.high) +
           ": there is no value between them");
    }
    FillUniform(tensor_.dtype, bytes_, low, high, seed_);
  }

  void operator()(const sdk::ConstantFill& fill) const {
    (*this)(sdk::UniformFill{.low = fill.value, .high = fill.value});
  }

  void operator()(const sdk::IndexFill& fill) const {
    if (!IsInteger(tensor_.dtype)) Fail("indices must be integers");
    const double most = Greatest(tensor_.dtype) + 1;
    if (fill.below < 1 || static_cast<double>(fill.below) > most) {
      Fail("its indices are below " + std::to_string(fill.below) + "; must be 1 to " + Text(most));
    }
    FillIndices(tensor_.dtype, bytes_, fill.below, seed_);
  }

  void operator()(const sdk::RowsFill& fill) const {
    if (tensor_.layout != Layout::kRowMajor) Fail("rows can be repeated in row_major only");
    if (bytes_.empty()) return;
    const size_t rows = tensor_.dims.empty() ? 1 : static_cast<size_t>(tensor_.dims[0].opt);
    const size_t row_bytes = bytes_.size() / rows;
    if (fill.rows.empty() || fill.rows.size() % row_bytes != 0) {
      Fail("its rows have " + std::to_string(fill.rows.size()) + " bytes; must be a multiple of " +
           std::to_string(row_bytes) + ", the bytes of a row");
    }
    for (size_t at = 0; at < bytes_.size(); at += fill.rows.size()) {
      std::memcpy(&bytes_[at], fill.rows.data(), std::min(fill.rows.size(), bytes_.size() - at));
    }
  }

  void operator()(const sdk::CustomFill& fill) const {
    if (!fill) Fail("its custom fill is empty; give a function");
    fill(tensor_, bytes_, seed_);
  }

 private:
  [[noreturn]] void Fail(const std::string& what) const {
    throw std::invalid_argument("input '" + name_ + "' of " + std::string(Name(tensor_.dtype)) +
                                ": " + what);
  }

  bool IsWhole() const { return IsInteger(tensor_.dtype) || tensor_.dtype == DType::kBool; }

  // Written so that NaN does not pass.
  void CheckHolds(double value) const {
    const double least = Least(tensor_.dtype), greatest = Greatest(tensor_.dtype);
    if (value >= least && value <= greatest) return;
    Fail("cannot be filled with " + Text(value) + "; must be " + Text(least) + " to " +
         Text(greatest));
  }

  const std::string name_;
  const Tensor& tensor_;
  const std::span<std::byte> bytes_;
  const uint64_t seed_;
};

std::span<std::byte> BytesOf(const Problem& problem, std::span<void* const> inputs, size_t input) {
  return {static_cast<std::byte*>(inputs[input]), Bytes(problem.inputs[input])};
}

std::vector<uint64_t> ChecksumsOf(const Problem& problem, std::span<void* const> inputs) {
  std::vector<uint64_t> checksums;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto bytes = BytesOf(problem, inputs, i);
    const bool absent = inputs[i] == nullptr;
    const auto* text = reinterpret_cast<const char*>(bytes.data());
    checksums.push_back(absent ? 0 : Checksum({text, bytes.size()}));
  }
  return checksums;
}

}  // namespace

std::vector<sdk::InputFill> FillsOf(const sdk::Op& op, const Problem& problem) {
  std::vector<sdk::InputFill> fills = op.InputFills(problem);
  if (fills.size() == problem.inputs.size()) return fills;
  throw std::invalid_argument("InputFills gave " + std::to_string(fills.size()) +
                              " fills; must be " + std::to_string(problem.inputs.size()) +
                              ", one for each input");
}

void FillInput(const sdk::Op& op, const Problem& problem, size_t input, const sdk::InputFill& fill,
               uint64_t seed, void* memory) {
  const Tensor& tensor = problem.inputs[input];
  std::visit(Filler(op.Schema().inputs[input].name, tensor,
                    {static_cast<std::byte*>(memory), Bytes(tensor)}, SeedOf(seed, input)),
             fill);
}

std::vector<bool> FillInputs(const sdk::Op& op, const Problem& problem, uint64_t seed,
                             std::span<void* const> inputs) {
  const std::vector<sdk::InputFill> fills = FillsOf(op, problem);
  std::vector<bool> own;
  for (size_t i = 0; i < inputs.size(); ++i) {
    own.push_back(!std::holds_alternative<sdk::DefaultFill>(fills[i]));
    if (inputs[i] != nullptr) FillInput(op, problem, i, fills[i], seed, inputs[i]);
  }
  const sdk::InputsHook hook = op.InputsPreHook(problem);
  if (!hook) return own;
  const std::vector<uint64_t> before = ChecksumsOf(problem, inputs);
  hook(inputs);
  const std::vector<uint64_t> after = ChecksumsOf(problem, inputs);
  for (size_t i = 0; i < inputs.size(); ++i) own[i] = own[i] || before[i] != after[i];
  return own;
}

}  // namespace tactic::timing
