#include "runners/cuda/operands.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "runners/cuda/status.h"
#include "runners/cuda/tensor_kernels.h"
#include "runners/timing/input_maker.h"
#include "tactic/sdk/host.h"

namespace tactic::cuda {
namespace {

constexpr uint64_t kSeed = 0x6f706572616e6400;
constexpr size_t kAlignment = 256;

size_t Aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", value);
  return text;
}

}  // namespace

Operands::Operands(const sdk::Op& op, const Problem& problem, Layout layout, cudaStream_t stream)
    : op_(op),
      problem_(problem),
      schema_(op.Schema()),
      layout_(std::move(layout)),
      stream_(stream),
      output_types_(op.Outputs(problem)),
      input_memory_(problem.inputs.size()),
      input_hashes_(problem.inputs.size()),
      inputs_(layout_.copies, std::vector<const void*>(problem.inputs.size())),
      workspace_(layout_.workspace_bytes) {
  for (size_t i = 0; i < problem_.inputs.size(); ++i) {
    if (problem_.inputs[i].dtype == DType::kAbsent) continue;
    const size_t stride = Aligned(Bytes(problem_.inputs[i]));
    input_memory_[i] = Allocate(stride * (layout_.cold[i] ? layout_.copies : 1));
    for (size_t copy = 0; copy < layout_.copies; ++copy) {
      inputs_[copy][i] = input_memory_[i].get() + (layout_.cold[i] ? copy * stride : 0);
    }
  }
  FillInputs();
  for (size_t i = 0; i < problem_.inputs.size(); ++i) {
    if (!input_memory_[i]) continue;
    input_hashes_[i] = HashOf(input_memory_[i].get(), Bytes(problem_.inputs[i]), stream_);
  }
  for (const Tensor& type : output_types_) {
    output_memory_.emplace_back(Bytes(type));
    outputs_.push_back(output_memory_.back().data());
  }
}

size_t Operands::BytesFor(const sdk::Op& op, const Problem& problem, const Layout& layout) {
  size_t bytes = layout.workspace_bytes + 2 * GuardedBytes::kGuardBytes;
  for (size_t i = 0; i < problem.inputs.size(); ++i) {
    bytes += Aligned(Bytes(problem.inputs[i])) * (layout.cold[i] ? layout.copies : 1);
  }
  for (const Tensor& output : op.Outputs(problem)) {
    bytes += 2 * Bytes(output) + 2 * GuardedBytes::kGuardBytes;
  }
  return bytes;
}

// On the host, by the same rules as on the host lane, then to the device.
void Operands::FillInputs() {
  std::vector<sdk::AlignedBytes> memory(problem_.inputs.size());
  std::vector<void*> inputs(problem_.inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!input_memory_[i]) continue;
    memory[i] = sdk::AllocateAligned(Bytes(problem_.inputs[i]));
    inputs[i] = memory[i].get();
  }
  timing::FillInputs(op_, problem_, kSeed, inputs);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const size_t bytes = Bytes(problem_.inputs[i]);
    for (size_t copy = 0; input_memory_[i] && copy < (layout_.cold[i] ? layout_.copies : 1);
         ++copy) {
      void* const to = const_cast<void*>(inputs_[copy][i]);
      const bool first = copy == 0;
      ThrowIf(cudaMemcpyAsync(to, first ? inputs[i] : inputs_[0][i], bytes,
                              first ? cudaMemcpyHostToDevice : cudaMemcpyDeviceToDevice, stream_),
              "filling an input");
    }
  }
  ThrowIf(cudaStreamSynchronize(stream_), "filling the inputs");
}

std::vector<void*> Operands::AllocateReference() {
  std::vector<void*> outputs;
  for (const Tensor& type : output_types_) {
    reference_.push_back(Allocate(Bytes(type)));
    outputs.push_back(reference_.back().get());
  }
  return outputs;
}

void Operands::ComputeReference() {
  const std::vector<void*> outputs = AllocateReference();
  op_.Reference(problem_, {.inputs = inputs_[0], .outputs = outputs, .stream = stream_});
  ThrowIf(cudaStreamSynchronize(stream_), "computing the reference");
}

void Operands::Arm(size_t workspace_bytes) {
  for (size_t i = 0; i < output_memory_.size(); ++i) {
    output_memory_[i].Arm(output_memory_[i].capacity(), stream_);
  }
  workspace_.Arm(workspace_bytes, stream_);
}

void Operands::TouchActivations() {
  for (size_t i = 0; i < input_memory_.size(); ++i) {
    if (!input_memory_[i] || layout_.cold[i]) continue;
    Touch(input_memory_[i].get(), Bytes(problem_.inputs[i]), stream_);
  }
}

// In this order: who writes outside is dangerous, whatever else it does.
std::optional<timing::Failure> Operands::Check() {
  const auto bounds = CheckBounds();
  const auto inputs = CheckInputs();  // Also puts right.
  if (bounds) return bounds;
  if (inputs) return inputs;
  return CheckOutputs();
}

std::optional<timing::Failure> Operands::CheckBounds() const {
  for (size_t i = 0; i < output_memory_.size(); ++i) {
    if (const auto damage = output_memory_[i].Damage(stream_)) {
      return timing::Failure{Outcome::kOutOfBounds,
                             "output " + std::to_string(i) + ": wrote " + *damage};
    }
  }
  if (const auto damage = workspace_.Damage(stream_)) {
    return timing::Failure{Outcome::kOutOfBounds, "workspace: wrote " + *damage};
  }
  return std::nullopt;
}

std::optional<timing::Failure> Operands::CheckInputs() {
  std::optional<timing::Failure> failure;
  for (size_t i = 0; i < input_memory_.size(); ++i) {
    if (!input_memory_[i]) continue;
    const size_t bytes = Bytes(problem_.inputs[i]);
    if (HashOf(input_memory_[i].get(), bytes, stream_) == input_hashes_[i]) continue;
    failure = {Outcome::kOutOfBounds, "wrote into input '" + schema_.inputs[i].name + "'"};
  }
  if (failure) FillInputs();
  return failure;
}

std::optional<timing::Failure> Operands::CheckOutputs() const {
  if (reference_.empty()) return std::nullopt;
  const sdk::Tolerance tolerance = op_.ToleranceFor(problem_);
  for (size_t i = 0; i < output_memory_.size(); ++i) {
    const Tensor& type = output_types_[i];
    size_t elements = 1;
    for (const Dim& dim : type.dims) elements *= static_cast<size_t>(dim.opt);
    const Wrong wrong = CountWrong(type.dtype, output_memory_[i].data(), reference_[i].get(),
                                   elements, tolerance, stream_);
    if (wrong.count == 0) continue;
    return timing::Failure{
        Outcome::kWrongResult,
        "output " + std::to_string(i) + ": " + std::to_string(wrong.count) + " of " +
            std::to_string(elements) + " elements are wrong; element " +
            std::to_string(wrong.first) + " is " +
            (std::isnan(wrong.got) ? "unwritten or not a number" : Number(wrong.got)) +
            ", must be " + Number(wrong.reference) + " within " +
            Number(tolerance.absolute + tolerance.relative * std::abs(wrong.reference))};
  }
  return std::nullopt;
}

}  // namespace tactic::cuda
