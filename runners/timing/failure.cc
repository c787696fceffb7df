#include "runners/timing/failure.h"

#include <algorithm>

namespace tactic::timing {

std::string Printable(std::string text) {
  constexpr size_t kDetailBytes = 500;
  if (text.size() > kDetailBytes) text.resize(kDetailBytes);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

}  // namespace tactic::timing
