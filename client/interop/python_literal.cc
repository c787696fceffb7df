#include "client/interop/python_literal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace tactic::interop {
namespace {

constexpr size_t kMostBytes = size_t{1} << 20;
constexpr int kMostNesting = 64;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWord(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

void AppendUtf8(uint32_t point, std::string& out) {
  if (point < 0x80) {
    out += static_cast<char>(point);
    return;
  }
  const int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  constexpr std::array<uint32_t, 4> kLead = {0, 0xc0, 0xe0, 0xf0};
  out += static_cast<char>(kLead[static_cast<size_t>(more)] | point >> (6 * more));
  for (int i = more - 1; i >= 0; --i) out += static_cast<char>(0x80 | (point >> (6 * i) & 0x3f));
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<PyValue> Parse() {
    auto value = ParseValue(0);
    if (!value.ok()) return value;
    SkipBlanks();
    if (at_ < text_.size()) return Fail("the end");
    return value;
  }

 private:
  Error Fail(const std::string& wanted) const {
    return InvalidArgument("a Python literal: expected " + wanted + " at byte " +
                           std::to_string(at_));
  }
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void SkipBlanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
  }

  Result<PyValue> ParseValue(int depth) {
    if (depth > kMostNesting) return Fail("no deeper nesting than " + std::to_string(kMostNesting));
    SkipBlanks();
    const char c = Peek();
    if (c == '(') return ParseTuple(depth);
    if (c == '[') return ParseList(depth);
    if (c == '{') return ParseDict(depth);
    if (c == '\'' || c == '"') return ParseString();
    if (IsDigit(c) || c == '-' || c == '+' || c == '.') return ParseNumber();
    return ParseWord();
  }

  Result<PyValue> ParseWord() {
    size_t end = at_;
    while (end < text_.size() && IsWord(text_[end])) ++end;
    const std::string_view word = text_.substr(at_, end - at_);
    if (word != "None" && word != "True" && word != "False") return Fail("a value");
    at_ = end;
    if (word == "None") return PyValue{PyNone()};
    return PyValue{word == "True"};
  }

  Result<PyValue> ParseNumber() {
    const size_t start = Peek() == '+' ? at_ + 1 : at_;
    size_t end = Peek() == '-' ? at_ + 1 : start;
    bool is_float = false;
    while (end < text_.size() && (IsWord(text_[end]) || text_[end] == '.' || IsSign(end))) {
      is_float = is_float || !IsDigit(text_[end]);
      ++end;
    }
    const char* first = text_.data() + start;
    const char* last = text_.data() + end;
    const std::string_view digits = text_.substr(start, end - start);
    if (digits.find_first_of("0123456789") == digits.npos || digits.find("0x") != digits.npos) {
      return Fail("a number");
    }
    if (is_float) {
      double number = 0;
      const auto [stopped, error] = std::from_chars(first, last, number);
      if (error != std::errc() || stopped != last || !std::isfinite(number)) {
        return Fail("a finite number");
      }
      at_ = end;
      return PyValue{number};
    }
    int64_t number = 0;
    const auto [stopped, error] = std::from_chars(first, last, number);
    if (error != std::errc() || stopped != last) return Fail("an integer of 64 bits");
    at_ = end;
    return PyValue{number};
  }
  // A sign within a number: of its exponent.
  bool IsSign(size_t i) const {
    return (text_[i] == '-' || text_[i] == '+') && i > at_ &&
           (text_[i - 1] == 'e' || text_[i - 1] == 'E');
  }

  Result<PyValue> ParseString() {
    const char quote = text_[at_++];
    std::string out;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == quote) return PyValue{std::move(out)};
      if (c == '\n') break;
      if (c != '\\') {
        out += c;
      } else if (const Check escape = ParseEscape(out); !escape.ok()) {
        return escape.error();
      }
    }
    return Fail("the end of the string");
  }

  Check ParseEscape(std::string& out) {
    constexpr std::string_view kNames = "\\'\"nrtabfv0";
    constexpr std::string_view kMeanings("\\'\"\n\r\t\a\b\f\v\0", 11);
    const char c = Peek();
    ++at_;
    if (c == 'x' || c == 'u' || c == 'U') {
      const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
      const std::string_view hex = text_.substr(std::min(at_, text_.size()), digits);
      uint32_t point = 0;
      const auto [stopped, error] = std::from_chars(hex.data(), hex.data() + hex.size(), point, 16);
      const bool good = hex.size() == digits && error == std::errc() &&
                        stopped == hex.data() + digits && point <= 0x10ffff &&
                        (point < 0xd800 || point > 0xdfff);
      if (!good) return Fail(std::to_string(digits) + " hexadecimal digits of a character");
      at_ += digits;
      AppendUtf8(point, out);
      return Ok();
    }
    const size_t known = kNames.find(c);
    if (c == '\0' || known == kNames.npos) return Fail("a known escape");
    out += kMeanings[known];
    return Ok();
  }

  // Items up to `close`, whose opening is at hand. `commas`: how many there were.
  Result<std::vector<PyValue>> ParseItems(char close, int depth, size_t& commas) {
    ++at_;
    commas = 0;
    std::vector<PyValue> items;
    while (true) {
      SkipBlanks();
      if (Take(close)) return items;
      if (items.size() != commas) return Fail("a comma or the closing bracket");
      auto item = ParseValue(depth + 1);
      if (!item.ok()) return item.error();
      items.push_back(*std::move(item));
      SkipBlanks();
      if (Take(',')) ++commas;
    }
  }

  Result<PyValue> ParseTuple(int depth) {
    size_t commas = 0;
    auto items = ParseItems(')', depth, commas);
    if (!items.ok()) return items.error();
    // One value without a comma is only in brackets.
    if (items->size() == 1 && commas == 0) return std::move(items->front());
    return PyValue{PyTuple{*std::move(items)}};
  }

  Result<PyValue> ParseList(int depth) {
    size_t commas = 0;
    auto items = ParseItems(']', depth, commas);
    if (!items.ok()) return items.error();
    return PyValue{PyList{*std::move(items)}};
  }

  Result<PyValue> ParseDict(int depth) {
    ++at_;
    PyDict dict;
    bool comma = true;
    while (true) {
      SkipBlanks();
      if (Take('}')) return PyValue{std::move(dict)};
      if (!comma) return Fail("a comma or the closing bracket");
      auto key = ParseValue(depth + 1);
      if (!key.ok()) return key;
      SkipBlanks();
      if (!Take(':')) return Fail("a colon");
      auto item = ParseValue(depth + 1);
      if (!item.ok()) return item;
      dict.items.emplace_back(*std::move(key), *std::move(item));
      SkipBlanks();
      comma = Take(',');
    }
  }

  const std::string_view text_;
  size_t at_ = 0;
};

std::string StringLiteral(const std::string& text) {
  constexpr char kDigits[] = "0123456789abcdef";
  const char quote = text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
  std::string out(1, quote);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    } else {
      out += c;
    }
  }
  return out + quote;
}

std::string FloatLiteral(double number) {
  std::array<char, 32> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  std::string text(buffer.data(), error == std::errc() ? end : buffer.data());
  return text.find_first_of(".e") == text.npos ? text + ".0" : text;
}

std::string ItemsLiteral(const std::vector<PyValue>& items) {
  std::string text;
  for (const PyValue& item : items) {
    text += (text.empty() ? "" : ", ") + ToPythonLiteral(item);
  }
  return text;
}

struct Writer {
  std::string operator()(PyNone) const { return "None"; }
  std::string operator()(bool v) const { return v ? "True" : "False"; }
  std::string operator()(int64_t v) const { return std::to_string(v); }
  std::string operator()(double v) const { return FloatLiteral(v); }
  std::string operator()(const std::string& v) const { return StringLiteral(v); }
  std::string operator()(const PyTuple& v) const {
    return "(" + ItemsLiteral(v.items) + (v.items.size() == 1 ? ",)" : ")");
  }
  std::string operator()(const PyList& v) const { return "[" + ItemsLiteral(v.items) + "]"; }
  std::string operator()(const PyDict& v) const {
    std::string text;
    for (const auto& [key, item] : v.items) {
      text += (text.empty() ? "" : ", ") + ToPythonLiteral(key) + ": " + ToPythonLiteral(item);
    }
    return "{" + text + "}";
  }
};

struct Equal {
  const PyValue& other;
  bool operator()(PyNone) const { return true; }
  template <typename T>
  bool operator()(const T& v) const {
    if constexpr (requires { v.items; }) {
      return v.items == std::get<T>(other.value).items;
    } else {
      return v == std::get<T>(other.value);
    }
  }
};

}  // namespace

PyValue::PyValue() = default;
PyValue::PyValue(const PyValue& other) = default;
PyValue::PyValue(PyValue&& other) noexcept = default;
PyValue& PyValue::operator=(const PyValue& other) = default;
PyValue& PyValue::operator=(PyValue&& other) noexcept = default;
PyValue::~PyValue() = default;

bool operator==(const PyValue& a, const PyValue& b) {
  return a.value.index() == b.value.index() && std::visit(Equal{b}, a.value);
}

Result<PyValue> ParsePythonLiteral(std::string_view text) {
  if (text.size() > kMostBytes) {
    return InvalidArgument("a Python literal of " + std::to_string(text.size()) +
                           " bytes; at most " + std::to_string(kMostBytes));
  }
  return Parser(text).Parse();
}

std::string ToPythonLiteral(const PyValue& value) { return std::visit(Writer(), value.value); }

}  // namespace tactic::interop
