#include "proto/table/key.h"

#include <algorithm>

namespace tactic::table {

void Key::SetSizes(const Shapes& sizes) noexcept {
  InputSizes plain;
  plain.inputs = sizes.size();
  for (size_t i = 0; i < sizes.size(); ++i) {
    plain.ranks[i] = static_cast<uint8_t>(sizes[i].size());
    std::copy(sizes[i].begin(), sizes[i].end(), plain.sizes[i].begin());
  }
  Set(plain);
}

void Key::Set(const InputSizes& plain) noexcept {
  uint64_t all = 0;
  uint64_t more_ranks = 0;
  ranks_ = 0;
  for (size_t i = 0; i < plain.inputs; ++i) {
    uint64_t& ranks = i < size_hash::kRanksPerWord ? ranks_ : more_ranks;
    ranks |= uint64_t{plain.ranks[i]} << (4 * (i % size_hash::kRanksPerWord));
    for (size_t d = 0; d < plain.ranks[i]; ++d) {
      all |= static_cast<uint64_t>(std::max<int64_t>(plain.sizes[i][d], 0));
    }
  }
  wide_ = all > kNarrow || plain.inputs > size_hash::kRanksPerWord;
  const uint64_t mask = wide_ ? ~uint64_t{0} : kNarrow;
  uint64_t sum = 0;
  count_ = 0;
  const auto put = [&](uint64_t word) {
    sum += Term(count_, word);
    words_[count_++] = word;
  };
  if (plain.inputs > size_hash::kRanksPerWord) put(more_ranks);
  for (size_t i = 0; i < plain.inputs; ++i) {
    for (size_t d = 0; d < plain.ranks[i]; ++d) {
      put(static_cast<uint64_t>(plain.sizes[i][d]) & mask);
    }
  }
  hash_ = HashOf(ranks_, sum);
}

}  // namespace tactic::table
