#include "proto/model/text.h"

#include <algorithm>

namespace tactic {
namespace {

constexpr char32_t kNotUtf8 = 0xffffffff;

// Decodes the code point at the front of `text` and says how many bytes it takes. Shortest form
// only, no surrogates. Of what is no code point it takes one byte.
char32_t FrontCodePoint(std::string_view text, size_t& length) {
  const auto lead = static_cast<unsigned char>(text[0]);
  length = 1;
  if (lead < 0x80) return lead;
  const size_t want = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < want) return kNotUtf8;
  char32_t point = lead & (0x7fu >> want);
  for (size_t i = 1; i < want; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80) return kNotUtf8;
    point = (point << 6) | (next & 0x3f);
  }
  constexpr char32_t kLeastOf[] = {0, 0, 0x80, 0x800, 0x10000};
  if (point < kLeastOf[want] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
    return kNotUtf8;
  }
  length = want;
  return point;
}

bool IsControl(char32_t point) { return point < 0x20 || (point >= 0x7f && point < 0xa0); }

}  // namespace

bool IsPrintableUtf8(std::string_view text) {
  while (!text.empty()) {
    size_t length = 0;
    const char32_t point = FrontCodePoint(text, length);
    if (point == kNotUtf8 || IsControl(point)) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string ToPrintable(std::string_view text, size_t max_bytes) {
  std::string printable;
  while (!text.empty()) {
    size_t length = 0;
    const char32_t point = FrontCodePoint(text, length);
    const bool keep = point != kNotUtf8 && !IsControl(point);
    const std::string_view piece = keep ? text.substr(0, length) : " ";
    if (printable.size() + piece.size() > max_bytes) break;
    printable += piece;
    text.remove_prefix(length);
  }
  return printable;
}

namespace internal {

std::string Field::Text() const {
  std::string text = parent_ == nullptr ? "" : parent_->Text();
  text += name_;
  if (index_) text += '[' + std::to_string(*index_) + ']';
  return text;
}

std::string Quote(std::string_view text) {
  constexpr size_t kShown = 64;
  constexpr char kDigits[] = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text.substr(0, kShown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
      quoted += c;
    } else {
      quoted += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return quoted + (text.size() > kShown ? "\"..." : "\"");
}

std::string ShapeText(const Tensor& tensor) {
  std::string text = "[";
  for (const Dim& dim : tensor.dims) {
    if (text.size() > 1) text += ',';
    text += std::to_string(dim.opt);
  }
  return text + ']';
}

Check CheckText(const Field& field, std::string_view text, size_t low, size_t high) {
  if (text.size() >= low && text.size() <= high && IsPrintableUtf8(text)) return Ok();
  return InvalidArgument(field.Text() + ": " + Quote(text) + " (" + std::to_string(text.size()) +
                         " bytes); must be " + std::to_string(low) + " to " + std::to_string(high) +
                         " bytes of UTF-8 without control characters");
}

}  // namespace internal
}  // namespace tactic
