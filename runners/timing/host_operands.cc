#include "runners/timing/host_operands.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "runners/timing/elements.h"
#include "runners/timing/input_maker.h"
#include "tactic/model/codec.h"

namespace tactic::timing {
namespace {

constexpr size_t kLine = 64;

uint64_t ChecksumOf(const std::byte* data, size_t bytes) {
  return Checksum(std::string_view(reinterpret_cast<const char*>(data), bytes));
}

}  // namespace

HostOperands::HostOperands(const sdk::Op& op, const Problem& problem, uint64_t seed)
    : op_(op),
      problem_(problem),
      schema_(op.Schema()),
      output_types_(op.Outputs(problem)),
      seed_(seed) {
  input_memory_.resize(problem_.inputs.size());
  inputs_.resize(problem_.inputs.size());
  input_checksums_.resize(problem_.inputs.size());
  for (size_t i = 0; i < problem_.inputs.size(); ++i) {
    if (problem_.inputs[i].dtype == DType::kAbsent) continue;
    input_memory_[i] = sdk::AllocateAligned(InputBytes(i));
    inputs_[i] = input_memory_[i].get();
  }
  FillAll();
  for (size_t i = 0; i < problem_.inputs.size(); ++i) {
    if (input_memory_[i]) input_checksums_[i] = ChecksumOf(input_memory_[i].get(), InputBytes(i));
  }
  for (const Tensor& type : output_types_) {
    output_buffers_.emplace_back().Resize(Bytes(type));
    outputs_.push_back(output_buffers_.back().data());
  }
  workspace_.Resize(0);
}

size_t HostOperands::BytesFor(const sdk::Op& op, const Problem& problem) {
  size_t bytes = 0;
  for (const Tensor& input : problem.inputs) bytes += Bytes(input);
  for (const Tensor& output : op.Outputs(problem)) bytes += 2 * Bytes(output);
  return bytes;
}

void HostOperands::FillAll() {
  std::vector<void*> inputs;
  for (const sdk::AlignedBytes& memory : input_memory_) inputs.push_back(memory.get());
  own_content_ = FillInputs(op_, problem_, seed_, inputs);
}

void HostOperands::ComputeReference() {
  std::vector<sdk::AlignedBytes> reference;
  std::vector<void*> outputs;
  for (const Tensor& type : output_types_) {
    reference.push_back(sdk::AllocateAligned(Bytes(type)));
    outputs.push_back(reference.back().get());
  }
  op_.Reference(problem_, {.inputs = inputs_, .outputs = outputs});
  reference_ = std::move(reference);
}

void HostOperands::ResizeWorkspace(size_t bytes) { workspace_.Resize(bytes); }

void HostOperands::Poison() {
  for (const GuardedBuffer& output : output_buffers_) {
    std::ranges::fill(output.bytes(), kPoison);
  }
  std::ranges::fill(workspace_.bytes(), kPoison);
}

void HostOperands::TouchActivations() {
  for (size_t i = 0; i < input_memory_.size(); ++i) {
    if (!input_memory_[i] || IsWeight(i)) continue;
    volatile std::byte* const data = input_memory_[i].get();
    for (size_t at = 0; at < InputBytes(i); at += kLine) data[at] = data[at];
  }
}

std::optional<Failure> HostOperands::CheckBounds() {
  std::optional<Failure> failure;
  for (size_t i = 0; i < output_buffers_.size(); ++i) {
    if (const auto damage = output_buffers_[i].TakeDamage()) {
      failure = {Outcome::kOutOfBounds, "output " + std::to_string(i) + ": wrote " + *damage};
    }
  }
  if (const auto damage = workspace_.TakeDamage()) {
    failure = {Outcome::kOutOfBounds, "workspace: wrote " + *damage};
  }
  return failure;
}

std::optional<Failure> HostOperands::CheckInputs() {
  std::optional<Failure> failure;
  for (size_t i = 0; i < input_memory_.size(); ++i) {
    if (!input_memory_[i]) continue;
    if (ChecksumOf(input_memory_[i].get(), InputBytes(i)) == input_checksums_[i]) continue;
    failure = {Outcome::kOutOfBounds, "wrote into input '" + schema_.inputs[i].name + "'"};
  }
  if (failure) FillAll();
  return failure;
}

std::optional<Failure> HostOperands::CheckOutputs() const {
  if (reference_.empty()) return std::nullopt;
  const sdk::Tolerance tolerance = op_.ToleranceFor(problem_);
  for (size_t i = 0; i < output_buffers_.size(); ++i) {
    const auto got = output_buffers_[i].bytes();
    const auto wrong =
        FirstWrong(output_types_[i].dtype, got, {reference_[i].get(), got.size()}, tolerance);
    if (wrong) {
      return Failure{Outcome::kWrongResult, "output " + std::to_string(i) + ": " + *wrong};
    }
  }
  return std::nullopt;
}

}  // namespace tactic::timing
