#include "runners/cuda/operands.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <variant>

#include "runners/cuda/doubling.h"
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

// "3 bytes behind its end".
std::string DamageText(const Finding& finding) {
  if (finding.before > 0) return std::to_string(finding.before) + " bytes before its start";
  return std::to_string(finding.behind) + " bytes behind its end";
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
      inputs_(layout_.copies * problem.inputs.size()) {
  for (size_t i = 0; i < problem_.inputs.size(); ++i) {
    if (problem_.inputs[i].dtype == DType::kAbsent) continue;
    const size_t stride = Aligned(Bytes(problem_.inputs[i]));
    input_memory_[i] = Allocate(stride * (layout_.cold[i] ? layout_.copies : 1));
    for (size_t copy = 0; copy < layout_.copies; ++copy) {
      inputs_[copy * input_memory_.size() + i] =
          input_memory_[i].get() + (layout_.cold[i] ? copy * stride : 0);
    }
  }
  for (const Tensor& type : output_types_) {
    output_memory_.emplace_back(Bytes(type));
    outputs_.push_back(output_memory_.back().data());
  }
  findings_.emplace(InputSlot(problem_.inputs.size()));
  FillInputs();
  HashInputs();
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

// By the same rules as on the host lane. What has no fill of its own is made on the device, unless
// a hook wants to see it: large weights then take no time.
void Operands::FillInputs() {
  const std::vector<sdk::InputFill> fills = timing::FillsOf(op_, problem_);
  std::vector<sdk::AlignedBytes> memory(problem_.inputs.size());
  std::vector<void*> inputs(problem_.inputs.size());
  const bool hooked = static_cast<bool>(op_.InputsPreHook(problem_));
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!input_memory_[i]) continue;
    if (!hooked) {
      FillInput(i, fills[i]);
      continue;
    }
    memory[i] = sdk::AllocateAligned(Bytes(problem_.inputs[i]));
    inputs[i] = memory[i].get();
  }
  if (!hooked) return;
  timing::FillInputs(op_, problem_, kSeed, inputs);
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] != nullptr) Upload(i, inputs[i]);
  }
}

void Operands::FillInput(size_t input, const sdk::InputFill& fill) {
  const Tensor& tensor = problem_.inputs[input];
  if (std::holds_alternative<sdk::DefaultFill>(fill)) {
    FillRandom(tensor.dtype, input_memory_[input].get(), Bytes(tensor),
               timing::SeedOf(kSeed, input), stream_);
    return Spread(input);
  }
  const sdk::AlignedBytes memory = sdk::AllocateAligned(Bytes(tensor));
  timing::FillInput(op_, problem_, input, fill, kSeed, memory.get());
  Upload(input, memory.get());
}

// Into all copies. Waits: `from` is the host's.
void Operands::Upload(size_t input, const void* from) {
  ThrowIf(cudaMemcpyAsync(input_memory_[input].get(), from, Bytes(problem_.inputs[input]),
                          cudaMemcpyHostToDevice, stream_),
          "filling an input");
  Spread(input);
  ThrowIf(cudaStreamSynchronize(stream_), "filling an input");
}

// From the first copy into all others.
void Operands::Spread(size_t input) {
  std::byte* const first = input_memory_[input].get();
  const size_t stride = Aligned(Bytes(problem_.inputs[input]));
  CopyByDoubling(layout_.cold[input] ? layout_.copies : 1, [&](size_t to, size_t count) {
    ThrowIf(cudaMemcpyAsync(first + to * stride, first, count * stride, cudaMemcpyDeviceToDevice,
                            stream_),
            "copying an input");
  });
}

void Operands::HashInputs() {
  findings_->Clear(stream_);
  for (size_t i = 0; i < input_memory_.size(); ++i) {
    if (!input_memory_[i]) continue;
    Hash(input_memory_[i].get(), Bytes(problem_.inputs[i]), findings_->on_device(InputSlot(i)),
         stream_);
  }
  findings_->Fetch(stream_);
  for (size_t i = 0; i < input_memory_.size(); ++i) {
    input_hashes_[i] = (*findings_)[InputSlot(i)].hash;
  }
}

void Operands::ComputeReference() {
  std::vector<DeviceBytes> memory;
  std::vector<void*> outputs;
  for (const Tensor& type : output_types_) {
    memory.push_back(Allocate(Bytes(type)));
    outputs.push_back(memory.back().get());
  }
  op_.Reference(problem_, {.inputs = inputs(0), .outputs = outputs, .stream = stream_});
  ThrowIf(cudaStreamSynchronize(stream_), "computing the reference");
  reference_ = std::make_shared<const std::vector<DeviceBytes>>(std::move(memory));
}

void Operands::ProvideWorkspace() {
  if (!workspace_) workspace_.emplace(layout_.workspace_bytes);
}

void Operands::Arm(size_t workspace_bytes) {
  for (size_t i = 0; i < output_memory_.size(); ++i) {
    output_memory_[i].Arm(output_memory_[i].capacity(), stream_);
  }
  if (workspace_) workspace_->Arm(workspace_bytes, stream_);
}

void Operands::TouchActivations() {
  for (size_t i = 0; i < input_memory_.size(); ++i) {
    if (!input_memory_[i] || layout_.cold[i]) continue;
    Touch(input_memory_[i].get(), Bytes(problem_.inputs[i]), stream_);
  }
}

// In this order: who writes outside is dangerous, whatever else it does.
std::optional<timing::Failure> Operands::Check() {
  Examine();
  const auto bounds = CheckBounds();
  const auto inputs = CheckInputs();  // Also puts right.
  if (bounds) return bounds;
  if (inputs) return inputs;
  return CheckOutputs();
}

void Operands::Examine() {
  findings_->Clear(stream_);
  const sdk::Tolerance tolerance = reference_ ? op_.ToleranceFor(problem_) : sdk::Tolerance{};
  for (size_t i = 0; i < output_memory_.size(); ++i) {
    Finding* const finding = findings_->on_device(OutputSlot(i));
    output_memory_[i].Check(finding, stream_);
    Hash(output_memory_[i].data(), output_memory_[i].capacity(), finding, stream_);
    if (!reference_) continue;
    Compare(output_types_[i].dtype, output_memory_[i].data(), (*reference_)[i].get(),
            static_cast<size_t>(Elements(output_types_[i])), tolerance, finding, stream_);
  }
  if (workspace_) workspace_->Check(findings_->on_device(WorkspaceSlot()), stream_);
  for (size_t i = 0; i < input_memory_.size(); ++i) {
    if (!input_memory_[i]) continue;
    Hash(input_memory_[i].get(), Bytes(problem_.inputs[i]), findings_->on_device(InputSlot(i)),
         stream_);
  }
  findings_->Fetch(stream_);
  outputs_hash_ = 0;
  for (size_t i = 0; i < output_memory_.size(); ++i) {
    outputs_hash_ = 31 * outputs_hash_ + (*findings_)[OutputSlot(i)].hash;
  }
}

std::optional<timing::Failure> Operands::CheckBounds() const {
  for (size_t i = 0; i <= output_memory_.size(); ++i) {
    const Finding& finding = (*findings_)[OutputSlot(i)];
    if (finding.before == 0 && finding.behind == 0) continue;
    const std::string what = i == WorkspaceSlot() ? "workspace" : "output " + std::to_string(i);
    return timing::Failure{Outcome::kOutOfBounds, what + ": wrote " + DamageText(finding)};
  }
  return std::nullopt;
}

std::optional<timing::Failure> Operands::CheckInputs() {
  std::optional<timing::Failure> failure;
  for (size_t i = 0; i < input_memory_.size(); ++i) {
    if (!input_memory_[i] || (*findings_)[InputSlot(i)].hash == input_hashes_[i]) continue;
    failure = {Outcome::kOutOfBounds, "wrote into input '" + schema_.inputs[i].name + "'"};
  }
  if (failure) FillInputs();
  return failure;
}

std::optional<timing::Failure> Operands::CheckOutputs() const {
  if (!reference_) return std::nullopt;
  const sdk::Tolerance tolerance = op_.ToleranceFor(problem_);
  for (size_t i = 0; i < reference_->size(); ++i) {
    const Finding& finding = (*findings_)[OutputSlot(i)];
    if (finding.wrong == 0) continue;
    const uint64_t first = ~finding.first;
    const auto [got, reference] = ReadElements(output_types_[i].dtype, output_memory_[i].data(),
                                               (*reference_)[i].get(), first, stream_);
    return timing::Failure{
        Outcome::kWrongResult,
        "output " + std::to_string(i) + ": " + std::to_string(finding.wrong) + " of " +
            std::to_string(Elements(output_types_[i])) + " elements are wrong; element " +
            std::to_string(first) + " is " +
            (std::isnan(got) ? "unwritten or not a number" : Number(got)) + ", must be " +
            Number(reference) + " within " +
            Number(tolerance.absolute + tolerance.relative * std::abs(reference))};
  }
  return std::nullopt;
}

}  // namespace tactic::cuda
