// Reads everything that a checked table file says, as its users do; for tests and the fuzzer. Sums
// what it read, so that no read is left out.
#pragma once

#include <cstdint>
#include <string>

#include "proto/table/view.h"
#include "tactic/model/codec.h"

namespace tactic::testing {

template <typename Word>
uint64_t ReadRecords(const table::View& view, const table::FamilyRecord& family,
                     const table::FormRecord& form) {
  uint64_t sum = 0;
  const auto slots = view.SlotsOf<Word>(form);
  table::Key absent;
  absent.SetSizes({{0x12345, 0x6789}});
  table::RecordHead found;
  sum += slots.Holds(absent) && slots.Find(absent, found) ? 1 : 0;  // A probe ends.
  slots.ForEach([&](const table::RecordHead& head, const auto& word) {
    sum += head.decision_id + view.CandidatesOf(family)[head.pick].bytes;
    const uint32_t* ranking = view.rankings() + head.ranking;
    for (uint32_t i = 1; i <= *ranking; ++i) sum += view.CandidatesOf(family)[ranking[i]].bytes;
    for (uint32_t i = 0; i < form.words; ++i) sum += word(i);
  });
  return sum;
}

inline uint64_t ReadAll(const table::View& view) {
  uint64_t sum = view.store_id().size();
  for (const table::EnvironmentRecord& record : view.environments()) {
    sum += DecodeEnvironment(view.Text(record.environment)).ok() ? 1 : 0;
  }
  for (const table::OpRecord& record : view.ops()) {
    sum += DecodeKey(view.Text(record.key)).ok() ? 1 : 0;
  }
  for (const table::FamilyRecord& family : view.families()) {
    sum += view.Text(family.op).size();
    const table::EnvironmentRecord& of = view.environments()[family.environment];
    sum += view.Find(view.Text(family.key), {of.high, of.low}) != nullptr ? 1 : 0;
    for (const table::Span& candidate : view.CandidatesOf(family)) {
      sum += DecodeCandidate(view.Text(candidate)).ok() ? 1 : 0;
    }
    for (const table::FormRecord& form : view.FormsOf(family)) {
      for (const table::InputRecord& input : view.InputsOf(form)) sum += input.rank;
      sum += form.word_bytes == 4 ? ReadRecords<uint32_t>(view, family, form)
                                  : ReadRecords<uint64_t>(view, family, form);
    }
  }
  return sum;
}

}  // namespace tactic::testing
