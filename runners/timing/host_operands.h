// The operands on which candidates of one problem are checked, and what is checked about them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runners/timing/failure.h"
#include "runners/timing/guarded_buffer.h"
#include "tactic/model/problem.h"
#include "tactic/sdk/runner.h"

namespace tactic::timing {

// Inputs filled as the op says, outputs and workspace with guard zones, and the reference's
// outputs. The same content for every candidate and every worker process of a contest. Not
// thread-safe.
class HostOperands {
 public:
  // Allocates and fills. `op` outlives it. Throws std::bad_alloc, and what the op throws.
  HostOperands(const sdk::Op& op, const Problem& problem, uint64_t seed);
  HostOperands(const HostOperands&) = delete;
  HostOperands& operator=(const HostOperands&) = delete;

  // What the constructor would allocate.
  static size_t BytesFor(const sdk::Op& op, const Problem& problem);

  // Computes the reference on the inputs. Without it outputs are not compared. Throws what the op
  // throws.
  void ComputeReference();

  // Makes the workspace `bytes` long. Throws std::bad_alloc.
  void ResizeWorkspace(size_t bytes);
  // Makes what a launch leaves unwritten visible.
  void Poison();

  const std::vector<const void*>& inputs() const { return inputs_; }
  const std::vector<void*>& outputs() const { return outputs_; }
  void* workspace() const { return workspace_.data(); }
  bool IsWeight(size_t input) const { return schema_.inputs[input].weight; }
  size_t InputBytes(size_t input) const { return Bytes(problem_.inputs[input]); }
  // Its content is declared by the op; that of other inputs is random (elements.h).
  bool HasOwnContent(size_t input) const { return own_content_[input]; }

  // Writes one byte of each line of the inputs that are not weights, without changing them: as if
  // the layer before had just computed them.
  void TouchActivations();

  // A write outside an output or the workspace since the last check. Cheap: looks at the guard
  // zones only.
  std::optional<Failure> CheckBounds();
  // An input that is no longer what it was; puts it right.
  std::optional<Failure> CheckInputs();
  // Outputs that differ from the reference, if there is one.
  std::optional<Failure> CheckOutputs() const;

 private:
  void FillAll();

  const sdk::Op& op_;
  Problem problem_;
  OpSchema schema_;
  std::vector<Tensor> output_types_;
  uint64_t seed_;
  std::vector<sdk::AlignedBytes> input_memory_;
  std::vector<const void*> inputs_;  // nullptr: absent.
  std::vector<bool> own_content_;
  std::vector<uint64_t> input_checksums_;
  std::vector<GuardedBuffer> output_buffers_;
  std::vector<void*> outputs_;
  GuardedBuffer workspace_;
  std::vector<sdk::AlignedBytes> reference_;  // Empty: not computed.
};

}  // namespace tactic::timing
