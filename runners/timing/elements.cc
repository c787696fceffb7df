#include "runners/timing/elements.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

namespace tactic::timing {
namespace {

constexpr uint64_t Repeat(uint64_t element, int bits) {
  uint64_t word = 0;
  for (int shift = 0; shift < 64; shift += bits) word |= element << shift;
  return word;
}

// The mask keeps sign, mantissa and the two low bits of the exponent, and the base makes the
// exponent that of [1/16, 1); no sum carries over.
constexpr RandomRule FloatRule(int bits, int mantissa, uint64_t bias) {
  const uint64_t sign = uint64_t{1} << (bits - 1);
  const uint64_t kept = sign | ((uint64_t{4} << mantissa) - 1);
  return {Repeat(kept, bits), Repeat((bias - 4) << mantissa, bits)};
}

// SplitMix64 as a function of the place.
uint64_t RandomWord(uint64_t seed, uint64_t place) {
  uint64_t x = seed + (place + 1) * 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

template <typename T>
T Read(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// A binary floating-point number of up to 16 bits. `ieee`: its greatest exponent means infinity and
// NaN; otherwise (E4M3) only all ones do, as NaN.
double Decode(uint32_t bits, int width, int mantissa_bits, bool ieee) {
  const int exponent_bits = width - 1 - mantissa_bits;
  const int greatest = (1 << exponent_bits) - 1;
  const int bias = greatest >> 1;
  const auto exponent = static_cast<int>((bits >> mantissa_bits) & static_cast<uint32_t>(greatest));
  const auto mantissa = static_cast<int>(bits & ((1u << mantissa_bits) - 1));
  const double sign = ((bits >> (width - 1)) & 1u) != 0 ? -1 : 1;
  const int ones = (1 << mantissa_bits) - 1;
  if (exponent == greatest && (ieee || mantissa == ones)) {
    return ieee && mantissa == 0 ? sign * std::numeric_limits<double>::infinity()
                                 : std::numeric_limits<double>::quiet_NaN();
  }
  if (exponent == 0) return sign * std::ldexp(mantissa, 1 - bias - mantissa_bits);
  return sign * std::ldexp(mantissa + (1 << mantissa_bits), exponent - bias - mantissa_bits);
}

double Load(DType dtype, const std::byte* at) {
  switch (dtype) {
    case DType::kF64:
      return Read<double>(at);
    case DType::kF32:
    case DType::kTF32:
      return Read<float>(at);
    case DType::kF16:
      return Decode(Read<uint16_t>(at), 16, 10, true);
    case DType::kBF16:
      return Decode(Read<uint16_t>(at), 16, 7, true);
    case DType::kF8E4M3:
      return Decode(Read<uint8_t>(at), 8, 3, false);
    case DType::kF8E5M2:
      return Decode(Read<uint8_t>(at), 8, 2, true);
    case DType::kI64:
      return static_cast<double>(Read<int64_t>(at));
    case DType::kI32:
      return Read<int32_t>(at);
    case DType::kI16:
      return Read<int16_t>(at);
    case DType::kI8:
      return Read<int8_t>(at);
    case DType::kU8:
    case DType::kBool:
      return Read<uint8_t>(at);
    case DType::kAbsent:
      break;
  }
  return 0;
}

template <typename T, typename From>
void Write(std::byte* to, From value) {
  const T written = static_cast<T>(value);
  std::memcpy(to, &written, sizeof(written));
}

// The nearest binary floating-point number of up to 16 bits; ties go to even. No overflow: the
// caller has checked the range.
uint32_t Encode(double value, int width, int mantissa_bits) {
  const int bias = (1 << (width - 2 - mantissa_bits)) - 1;
  const uint32_t sign = std::signbit(value) ? 1u << (width - 1) : 0;
  if (value == 0) return sign;
  // 1.xxx times 2^exponent; below the smallest normal number the steps stay as they are there.
  const int exponent = std::max(std::ilogb(value), 1 - bias);
  const double mantissa = std::nearbyint(std::ldexp(std::abs(value), mantissa_bits - exponent));
  // A normal number's leading one counts into the exponent.
  return sign | (static_cast<uint32_t>(mantissa) +
                 (static_cast<uint32_t>(exponent + bias - 1) << mantissa_bits));
}

template <typename Number>
void Store(DType dtype, Number value, std::byte* at) {
  switch (dtype) {
    case DType::kF64:
      return Write<double>(at, value);
    case DType::kF32:
    case DType::kTF32:
      return Write<float>(at, value);
    case DType::kF16:
      return Write<uint16_t>(at, Encode(static_cast<double>(value), 16, 10));
    case DType::kBF16:
      return Write<uint16_t>(at, Encode(static_cast<double>(value), 16, 7));
    case DType::kF8E4M3:
      return Write<uint8_t>(at, Encode(static_cast<double>(value), 8, 3));
    case DType::kF8E5M2:
      return Write<uint8_t>(at, Encode(static_cast<double>(value), 8, 2));
    case DType::kI64:
      return Write<int64_t>(at, value);
    case DType::kI32:
      return Write<int32_t>(at, value);
    case DType::kI16:
      return Write<int16_t>(at, value);
    case DType::kI8:
      return Write<int8_t>(at, value);
    case DType::kU8:
    case DType::kBool:
      return Write<uint8_t>(at, value);
    case DType::kAbsent:
      return;
  }
}

// Stores next(random word) in each element.
template <typename Next>
void FillEach(DType dtype, std::span<std::byte> bytes, uint64_t seed, Next next) {
  const size_t size = SizeOf(dtype);
  for (size_t at = 0; size > 0 && at + size <= bytes.size(); at += size) {
    Store(dtype, next(RandomWord(seed, at)), &bytes[at]);
  }
}

std::string Text(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.9g", number);
  return text.data();
}

bool IsRight(double got, double reference, const sdk::Tolerance& tolerance) {
  if (std::isnan(reference)) return std::isnan(got);
  if (std::isinf(reference)) return got == reference;
  return std::abs(got - reference) <= tolerance.absolute + tolerance.relative * std::abs(reference);
}

}  // namespace

RandomRule RandomRuleOf(DType dtype) {
  switch (dtype) {
    case DType::kF64:
      return FloatRule(64, 52, 1023);
    case DType::kF32:
    case DType::kTF32:
      return FloatRule(32, 23, 127);
    case DType::kF16:
      return FloatRule(16, 10, 15);
    case DType::kBF16:
      return FloatRule(16, 7, 127);
    case DType::kF8E4M3:
      return FloatRule(8, 3, 7);
    case DType::kF8E5M2:
      return FloatRule(8, 2, 15);
    case DType::kBool:
      return {Repeat(1, 8), 0};
    default: {
      const int bits = static_cast<int>(8 * std::max<size_t>(SizeOf(dtype), 1));
      return {Repeat(7, bits), Repeat(1, bits)};
    }
  }
}

void FillRandom(DType dtype, std::span<std::byte> bytes, uint64_t seed) {
  const RandomRule rule = RandomRuleOf(dtype);
  for (size_t at = 0; at < bytes.size(); at += sizeof(uint64_t)) {
    const uint64_t word = (RandomWord(seed, at) & rule.mask) + rule.base;
    std::memcpy(&bytes[at], &word, std::min(sizeof(word), bytes.size() - at));
  }
}

void FillUniform(DType dtype, std::span<std::byte> bytes, double low, double high, uint64_t seed) {
  const bool whole = IsInteger(dtype) || dtype == DType::kBool;
  FillEach(dtype, bytes, seed, [=](uint64_t word) {
    const double place = static_cast<double>(word >> 11) * 0x1p-53;  // In [0, 1).
    // Not low + place * (high - low), which overflows for the ends of f64.
    return whole ? low + std::floor(place * (high - low + 1)) : low * (1 - place) + high * place;
  });
}

void FillIndices(DType dtype, std::span<std::byte> bytes, int64_t below, uint64_t seed) {
  FillEach(dtype, bytes, seed, [=](uint64_t word) {
    return static_cast<int64_t>(word % static_cast<uint64_t>(below));
  });
}

bool IsInteger(DType dtype) {
  return dtype == DType::kI64 || dtype == DType::kI32 || dtype == DType::kI16 ||
         dtype == DType::kI8 || dtype == DType::kU8;
}

double Least(DType dtype) {
  if (dtype == DType::kU8 || dtype == DType::kBool) return 0;
  const bool twos_complement = IsInteger(dtype) && dtype != DType::kI64;
  return -Greatest(dtype) - (twos_complement ? 1 : 0);
}

double Greatest(DType dtype) {
  switch (dtype) {
    case DType::kF64:
      return std::numeric_limits<double>::max();
    case DType::kF32:
    case DType::kTF32:
      return std::numeric_limits<float>::max();
    case DType::kF16:
      return 65504;
    case DType::kBF16:
      return 0x1.fep127;
    case DType::kF8E4M3:
      return 448;
    case DType::kF8E5M2:
      return 57344;
    case DType::kI64:
      return 0x1p53;
    case DType::kI32:
      return std::numeric_limits<int32_t>::max();
    case DType::kI16:
      return std::numeric_limits<int16_t>::max();
    case DType::kI8:
      return std::numeric_limits<int8_t>::max();
    case DType::kU8:
      return std::numeric_limits<uint8_t>::max();
    case DType::kBool:
      return 1;
    case DType::kAbsent:
      break;
  }
  return 0;
}

std::optional<std::string> FirstWrong(DType dtype, std::span<const std::byte> got,
                                      std::span<const std::byte> reference,
                                      const sdk::Tolerance& tolerance) {
  const size_t size = SizeOf(dtype);
  for (size_t index = 0; size > 0 && (index + 1) * size <= got.size(); ++index) {
    const std::byte* const at = &got[index * size];
    const double value = Load(dtype, at);
    const double expected = Load(dtype, &reference[index * size]);
    if (IsRight(value, expected, tolerance)) continue;
    const std::string where = "element " + std::to_string(index);
    const bool poison = std::all_of(at, at + size, [](std::byte b) { return b == kPoison; });
    if (poison && std::isnan(value)) return where + " was not written";
    return where + " is " + Text(value) + ", the reference " + Text(expected) + " (tolerance " +
           Text(tolerance.absolute) + " + " + Text(tolerance.relative) + " * |reference|)";
  }
  return std::nullopt;
}

}  // namespace tactic::timing
