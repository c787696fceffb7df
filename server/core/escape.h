// Text of others, made fit for a line of ours.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tactic {

// `text` with all that is not printable ASCII written as \xNN; at most `limit` bytes, "..." at the
// end when it was cut.
std::string Escape(std::string_view text, size_t limit);

}  // namespace tactic
