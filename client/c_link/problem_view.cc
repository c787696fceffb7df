#include "client/c_link/problem_view.h"

#include "client/c/handles.h"
#include "client/c/read.h"

namespace tactic::c {

static_assert(limits::kRank == TACTIC_MAX_RANK);

ProblemView::ProblemView(const Problem& problem) {
  for (const Tensor& input : problem.inputs) {
    tactic_tensor& tensor = inputs_.emplace_back();
    tensor.dtype = static_cast<int32_t>(input.dtype);
    tensor.layout = static_cast<int32_t>(input.layout);
    tensor.rank = input.dims.size();
    for (size_t d = 0; d < tensor.rank; ++d) tensor.dims[d] = input.dims[d].opt;
  }
  view_ = {sizeof(tactic_problem), problem.op.c_str(), inputs_.data(), inputs_.size(),
           ToC(&problem.attributes)};
}

Result<Tensor> ToTensor(const std::string& field, const tactic_tensor& from) {
  Tensor to;
  Check check = ReadNumber(field + "dtype", from.dtype, DType::kBool, to.dtype);
  if (check.ok()) check = ReadNumber(field + "layout", from.layout, Layout::kColMajor, to.layout);
  if (check.ok()) check = CheckArray(field + "dims", from.dims, from.rank, limits::kRank);
  if (!check.ok()) return check.error();
  for (size_t d = 0; d < from.rank; ++d) to.dims.push_back(Dim::Static(from.dims[d]));
  return to;
}

}  // namespace tactic::c
