#include "server/lane/output_log.h"

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

void OutputLog::Feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    // One more than fits, so that Escape sees that it has to cut.
    line_ += part.substr(0, kLineBytes + 1 - std::min(line_.size(), kLineBytes + 1));
    if (end == std::string_view::npos) return;
    EndLine();
    bytes.remove_prefix(end + 1);
  }
}

void OutputLog::EndLine() {
  if (!line_.empty()) {
    if (lines_ < kLines) {
      last_line_ = Escape(line_, kLineBytes);
      sink_(last_line_);
      ++lines_;
    } else {
      ++left_out_;
    }
  }
  line_.clear();
}

void OutputLog::Reset() {
  EndLine();
  if (left_out_ > 0) sink_("(" + std::to_string(left_out_) + " more lines left out)");
  lines_ = 0;
  left_out_ = 0;
}

}  // namespace tactic
