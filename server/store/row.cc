#include "server/store/row.h"

#include <array>
#include <bit>

#include "tactic/model/codec.h"

namespace tactic {
namespace {

const std::string& Nothing() {
  static const std::string nothing;
  return nothing;
}

void AppendWord(uint64_t word, std::string& out) {
  std::array<char, 8> bytes{};
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(word >> (8 * i));
  out.append(bytes.data(), bytes.size());
}

void AppendText(std::string_view text, std::string& out) {
  AppendWord(text.size(), out);
  out.append(text);
}

struct Canonical {
  std::string& out;
  void operator()(std::monostate) const {}
  void operator()(int64_t v) const { AppendWord(static_cast<uint64_t>(v), out); }
  // SQLite keeps -0.0 as 0.
  void operator()(double v) const { AppendWord(std::bit_cast<uint64_t>(v == 0 ? 0.0 : v), out); }
  void operator()(const std::string& v) const { AppendText(v, out); }
  void operator()(const Blob& v) const { AppendText(v.bytes, out); }
};

}  // namespace

int64_t Row::Int(size_t i) const {
  const auto* v = std::get_if<int64_t>(&values_[i]);
  return v != nullptr ? *v : 0;
}

double Row::Real(size_t i) const {
  const auto* v = std::get_if<double>(&values_[i]);
  return v != nullptr ? *v : 0;
}

const std::string& Row::Text(size_t i) const {
  const auto* v = std::get_if<std::string>(&values_[i]);
  return v != nullptr ? *v : Nothing();
}

const std::string& Row::Bytes(size_t i) const {
  const auto* v = std::get_if<Blob>(&values_[i]);
  return v != nullptr ? v->bytes : Nothing();
}

void Row::Seal(const Table& table) { values_.emplace_back(ChecksumOf(table, values_.size())); }

bool Row::IsIntact(const Table& table) const {
  return !values_.empty() && values_.back() == SqlValue(ChecksumOf(table, values_.size() - 1));
}

int64_t Row::ChecksumOf(const Table& table, size_t count) const {
  constexpr size_t kUsualRowBytes = 1024;  // Found at once; a longer row grows it.
  std::string bytes;
  bytes.reserve(kUsualRowBytes);
  AppendText(table.name, bytes);
  for (size_t i = 0; i < count; ++i) {
    bytes.push_back(static_cast<char>(values_[i].index()));
    std::visit(Canonical{bytes}, values_[i]);
  }
  return std::bit_cast<int64_t>(Checksum(bytes));
}

}  // namespace tactic
