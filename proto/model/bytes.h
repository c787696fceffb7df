// Writing and reading the canonical binary form (docs/encoding.md).
#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tactic/model/result.h"

namespace tactic::internal {

// In front of every encoding. A change of a layout gets the next number; the decoder then accepts
// the old ones for as long as stores that hold them are supported.
inline constexpr uint8_t kEncodingVersion = 1;

// Bits of a dimension's first byte.
inline constexpr uint8_t kDimDerived = 1;
inline constexpr uint8_t kDimRanged = 2;  // min and max follow; otherwise both equal opt.

// Appends to one string.
class ByteWriter {
 public:
  ByteWriter() { bytes_.reserve(256); }  // A usual key: most encodings are one allocation.

  void Byte(uint8_t byte) { bytes_ += static_cast<char>(byte); }

  template <typename E>
  requires std::is_enum_v<E>
  void Enum(E value) { Byte(static_cast<uint8_t>(value)); }

  // 7 bits a byte, low ones first, the high bit set on all but the last.
  void Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) Byte(static_cast<uint8_t>(value | 0x80));
    Byte(static_cast<uint8_t>(value));
  }

  // Zigzag, so that small negative numbers are short.
  void Signed(int64_t value) {
    Varint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
  }

  void Text(std::string_view text) {
    Varint(text.size());
    bytes_ += text;
  }

  // Little-endian IEEE bits. -0 is written as 0, since they compare equal.
  void Float(float value) { Bits(std::bit_cast<uint32_t>(value == 0 ? 0.0f : value)); }
  void Double(double value) { Bits(std::bit_cast<uint64_t>(value == 0 ? 0.0 : value)); }

  std::string Take() { return std::move(bytes_); }

 private:
  template <std::unsigned_integral T>
  void Bits(T bits) {
    for (size_t i = 0; i < sizeof(T); ++i) Byte(static_cast<uint8_t>(bits >> (8 * i)));
  }

  std::string bytes_;
};

// Reads what a ByteWriter wrote, from bytes that may be anything. The first failure sticks: from
// then on every read gives zero, so that callers check ok() where it suits them. Accepts one form
// of each value only, the one that the writer writes. Does not own the bytes.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return failure_ == nullptr; }
  bool AtEnd() const { return rest_.empty(); }
  void Fail(const char* why) {
    if (failure_ == nullptr) failure_ = why;
    rest_ = {};
  }

  // Ok if everything was read and nothing failed.
  Check Finish(const std::string& what) {
    if (ok() && !AtEnd()) Fail("bytes after the end");
    if (ok()) return Ok();
    return Error{ErrorCode::kDataLoss, what + ": " + failure_};
  }

  uint8_t Byte() {
    if (rest_.empty()) return Truncated();
    const auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }

  bool Bool() {
    const uint8_t byte = Byte();
    if (byte > 1) Fail("flag out of range");
    return byte == 1;
  }

  template <typename E>
  E Enum(E first, E last) {
    const uint8_t byte = Byte();
    if (byte >= static_cast<uint8_t>(first) && byte <= static_cast<uint8_t>(last)) {
      return static_cast<E>(byte);
    }
    Fail("enumerator out of range");
    return first;
  }

  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = Byte();
      if (!ok()) return 0;
      const uint64_t bits = byte & 0x7f;
      if (shift == 63 && bits > 1) break;
      value |= bits << shift;
      if (byte < 0x80) {
        if (bits == 0 && shift > 0) break;  // A shorter form exists.
        return value;
      }
    }
    Fail("malformed number");
    return 0;
  }

  template <std::unsigned_integral T>
  T VarintAs() {
    const uint64_t value = Varint();
    if (std::in_range<T>(value)) return static_cast<T>(value);
    Fail("number out of range");
    return 0;
  }

  int64_t Signed() {
    const uint64_t zigzag = Varint();
    return static_cast<int64_t>((zigzag >> 1) ^ (~(zigzag & 1) + 1));
  }

  std::string Text(size_t max_bytes) {
    const uint64_t size = Varint();
    if (size > max_bytes) Fail("text is too long");
    if (size > rest_.size()) Truncated();
    if (!ok()) return {};
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return text;
  }

  // How many items follow: at most `limit`, and no more than fit in the rest at `least_bytes` each,
  // so that a damaged count cannot make anybody reserve more than a small multiple of the input.
  size_t Count(size_t limit, size_t least_bytes) {
    const uint64_t count = Varint();
    if (count > limit) Fail("too many items");
    if (count > rest_.size() / least_bytes) Truncated();
    return ok() ? static_cast<size_t>(count) : 0;
  }

  // Finite only.
  float Float() { return Finite(std::bit_cast<float>(Bits<uint32_t>())); }
  double Double() { return Finite(std::bit_cast<double>(Bits<uint64_t>())); }

 private:
  uint8_t Truncated() {
    Fail("truncated");
    return 0;
  }

  template <std::unsigned_integral T>
  T Bits() {
    T bits = 0;
    for (size_t i = 0; i < sizeof(T); ++i) bits |= static_cast<T>(T{Byte()} << (8 * i));
    return bits;
  }

  template <typename T>
  T Finite(T value) {
    if (std::isfinite(value) && !(value == 0 && std::signbit(value))) return value;
    Fail("not a finite number");
    return 0;
  }

  std::string_view rest_;
  const char* failure_ = nullptr;
};

}  // namespace tactic::internal
