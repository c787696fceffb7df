// The operands of one problem on the device, and what is checked about a candidate's launch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "runners/cuda/findings.h"
#include "runners/cuda/memory.h"
#include "runners/timing/failure.h"
#include "tactic/model/op_schema.h"
#include "tactic/model/problem.h"
#include "tactic/sdk/runner.h"

namespace tactic::cuda {

// Inputs filled as the op says, copies of those that must come from memory, outputs and
// workspace with guard zones, and the reference's outputs. All addresses stay the same for all
// candidates. Throws CudaError, std::bad_alloc, and what the op throws.
class Operands {
 public:
  struct Layout {
    std::vector<bool> cold;      // By input: served from copies.
    size_t copies = 1;           // Of each cold input, the original included.
    size_t workspace_bytes = 0;  // The most that a candidate may have.
  };

  // `op` outlives this.
  Operands(const sdk::Op& op, const Problem& problem, Layout layout, cudaStream_t stream);

  // What the constructor would allocate.
  static size_t BytesFor(const sdk::Op& op, const Problem& problem, const Layout& layout);

  // Has the op compute its reference on the inputs. Without it outputs are not compared.
  void ComputeReference();
  // That of the same problem elsewhere.
  void ShareReference(const Operands& other) { reference_ = other.reference_; }

  // Inputs as copy `index` (modulo the number of copies) has them; nullptr: absent.
  std::span<const void* const> inputs(size_t index) const {
    return std::span(inputs_).subspan(index % layout_.copies * input_memory_.size(),
                                      input_memory_.size());
  }
  const std::vector<void*>& outputs() const { return outputs_; }
  // Allocates the workspace, unless it is there: most kernels need none. Before a capture.
  void ProvideWorkspace();
  void* workspace() const { return workspace_ ? workspace_->data() : nullptr; }
  size_t copies() const { return layout_.copies; }

  // Poisons outputs and the first `workspace_bytes` of the workspace, if it is there, between fresh
  // guard zones.
  void Arm(size_t workspace_bytes);
  // Writes the inputs that are not cold without changing them, as if the layer before had just
  // computed them.
  void TouchActivations();

  // Everything that can be wrong after a launch that followed Arm, worst first. Puts right what was
  // changed. Waits for the stream.
  std::optional<timing::Failure> Check();
  // Of the outputs that Check last saw: equal for equal bits.
  uint64_t outputs_hash() const { return outputs_hash_; }

 private:
  // Where the findings about each are.
  size_t OutputSlot(size_t output) const { return output; }
  size_t WorkspaceSlot() const { return output_memory_.size(); }
  size_t InputSlot(size_t input) const { return output_memory_.size() + 1 + input; }

  // Has kernels look at everything, and fetches what they found.
  void Examine();
  std::optional<timing::Failure> CheckBounds() const;
  std::optional<timing::Failure> CheckInputs();
  std::optional<timing::Failure> CheckOutputs() const;
  void FillInputs();
  void FillInput(size_t input, const sdk::InputFill& fill);
  void Upload(size_t input, const void* from);
  void Spread(size_t input);
  void HashInputs();

  const sdk::Op& op_;
  const Problem problem_;
  const OpSchema schema_;
  const Layout layout_;
  const cudaStream_t stream_;
  std::vector<Tensor> output_types_;
  std::vector<DeviceBytes> input_memory_;  // All copies of one input, one after the other.
  std::vector<uint64_t> input_hashes_;
  std::vector<const void*> inputs_;  // By copy, then by input.
  std::vector<GuardedBytes> output_memory_;
  std::vector<void*> outputs_;
  std::optional<GuardedBytes> workspace_;
  std::shared_ptr<const std::vector<DeviceBytes>> reference_;  // nullptr: not computed.
  std::optional<Findings> findings_;
  uint64_t outputs_hash_ = 0;
};

}  // namespace tactic::cuda
