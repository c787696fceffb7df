#include "client/cache/mapped_op.h"

#include <algorithm>
#include <utility>

#include "tactic/model/codec.h"

namespace tactic::cache_internal {

MappedOp::MappedOp(std::shared_ptr<const table::MappedTable> file,
                   const table::FamilyRecord& family, const OpSpec& spec, const OpBans& bans,
                   Names& names)
    : file_(std::move(file)), rankings_(file_->view().rankings()) {
  const table::View& view = file_->view();
  for (const table::Span& candidate : view.CandidatesOf(family)) {
    Option& option = options_.emplace_back();
    const Result<Candidate> known = DecodeCandidate(view.Text(candidate));
    if (!known.ok() || bans.Find(*known) != nullptr) continue;
    const auto runner = std::find(spec.runners.begin(), spec.runners.end(), known->runner);
    if (runner == spec.runners.end()) continue;
    option = {names.Keep(known->tactic), static_cast<int16_t>(runner - spec.runners.begin())};
  }
  for (const table::FormRecord& form : view.FormsOf(family)) {
    const std::span<const table::InputRecord> inputs = view.InputsOf(form);
    if (!Fits(spec, inputs)) continue;
    if (form.word_bytes == sizeof(uint32_t)) {
      narrow_.push_back({view.SlotsOf<uint32_t>(form), inputs});
    } else {
      wide_.push_back({view.SlotsOf<uint64_t>(form), inputs});
    }
  }
}

const MappedOp::Option& MappedOp::NextOf(const table::RecordHead& head) const noexcept {
  const uint32_t* ranking = rankings_ + head.ranking;
  for (uint32_t i = 1; i <= *ranking; ++i) {
    const Option& option = options_[ranking[i]];
    if (option.runner != Entry::kNoRunner) return option;
  }
  return options_[head.pick];
}

}  // namespace tactic::cache_internal
