#include "server/core/escape.h"

#include <algorithm>

namespace tactic {

std::string Escape(std::string_view text, size_t limit) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool printable = byte >= 0x20 && byte < 0x7f;
    if (out.size() + (printable ? 1 : 4) > limit) {
      out.resize(std::min(out.size(), limit - std::min<size_t>(limit, 3)));
      out += "...";
      break;
    }
    if (printable) {
      out += c;
    } else {
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

}  // namespace tactic
