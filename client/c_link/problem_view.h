// Problems and tensors as C sees them.
#pragma once

#include <vector>

#include "tactic/model/problem.h"
#include "tactic/tactic_registry.h"

namespace tactic::c {

// A problem for the length of a callback. The Problem outlives it.
class ProblemView {
 public:
  explicit ProblemView(const Problem& problem);
  ProblemView(const ProblemView&) = delete;
  ProblemView& operator=(const ProblemView&) = delete;
  const tactic_problem* get() const { return &view_; }

 private:
  std::vector<tactic_tensor> inputs_;
  tactic_problem view_{};
};

// `field` is the prefix in messages: "outputs[0].".
Result<Tensor> ToTensor(const std::string& field, const tactic_tensor& from);

}  // namespace tactic::c
