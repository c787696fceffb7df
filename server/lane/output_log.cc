#include "server/lane/output_log.h"

#include <algorithm>

#include "server/core/escape.h"

namespace tactic {

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
