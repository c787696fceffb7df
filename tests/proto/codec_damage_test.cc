// Decoders of stored bytes meet damage: whatever comes, an Error or a value that encodes to those
// very bytes, and never much memory.
#include <functional>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tactic/model/codec.h"
#include "tests/support/allocations.h"
#include "tests/support/samples.h"
#include "tests/support/status_matchers.h"

namespace tactic {
namespace {

using testing::AllocationCounter;
using testing::ErrorIs;

// Error messages and the check's own strings, which do not grow with the input.
constexpr size_t kFixedBytes = 8192;
// The worst case is a list of two-byte components.
constexpr size_t kBytesPerByte = 128;

// A decoder, and how to write back what it gave.
struct Case {
  const char* name;
  std::string sample;
  std::function<Result<std::string>(std::string_view)> decode_and_encode;
};

template <typename T>
Case MakeCase(const char* name, const T& sample, Result<T> (*decode)(std::string_view)) {
  return {name, Encode(sample), [decode](std::string_view bytes) -> Result<std::string> {
            const Result<T> value = decode(bytes);
            if (!value.ok()) return value.error();
            return Encode(*value);
          }};
}

std::vector<Case> Cases() {
  return {MakeCase("key", testing::SampleKey(), DecodeKey),
          MakeCase("environment", testing::SampleEnvironment(), DecodeEnvironment),
          MakeCase("candidate", testing::SampleCandidate(1), DecodeCandidate),
          MakeCase("ranking", testing::SampleDecision().ranking, DecodeRanking),
          MakeCase("samples", testing::SampleEvidence().trials[0].samples, DecodeSamples)};
}

class CodecDamageTest : public ::testing::TestWithParam<Case> {
 protected:
  // Decodes `bytes` and checks what holds for all bytes.
  void Try(const std::string& bytes) {
    const AllocationCounter allocations;
    const Result<std::string> again = GetParam().decode_and_encode(bytes);
    EXPECT_LE(allocations.Bytes(), kFixedBytes + kBytesPerByte * bytes.size());
    if (again.ok()) {
      EXPECT_EQ(*again, bytes);
    } else {
      EXPECT_EQ(again.error().code, ErrorCode::kDataLoss);
      EXPECT_FALSE(again.error().message.empty());
    }
  }
};

TEST_P(CodecDamageTest, TruncatedAnywhereIsAnError) {
  const std::string& sample = GetParam().sample;
  for (size_t length = 0; length < sample.size(); ++length) {
    EXPECT_THAT(GetParam().decode_and_encode(sample.substr(0, length)),
                ErrorIs(ErrorCode::kDataLoss))
        << length;
    Try(sample.substr(0, length));
  }
}

TEST_P(CodecDamageTest, BytesAfterTheEndAreAnError) {
  for (const char extra : {'\0', '\x01', '\xff'}) {
    EXPECT_THAT(GetParam().decode_and_encode(GetParam().sample + extra),
                ErrorIs(ErrorCode::kDataLoss));
  }
}

TEST_P(CodecDamageTest, AnotherVersionIsAnError) {
  std::string bytes = GetParam().sample;
  for (const int version : {0, 2, 255}) {
    bytes[0] = static_cast<char>(version);
    EXPECT_THAT(
        GetParam().decode_and_encode(bytes),
        ErrorIs(ErrorCode::kDataLoss, ::testing::HasSubstr("unknown version of the encoding")));
  }
}

TEST_P(CodecDamageTest, AnyByteMayChangeToAnyOther) {
  const std::string& sample = GetParam().sample;
  for (size_t at = 0; at < sample.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string bytes = sample;
      bytes[at] = static_cast<char>(value);
      Try(bytes);
    }
    if (HasFailure()) FAIL() << "at byte " << at;
  }
}

TEST_P(CodecDamageTest, CountsThatPromiseTooMuch) {
  // The largest varints of each length, put over every position.
  for (size_t at = 1; at < GetParam().sample.size(); ++at) {
    for (size_t length = 1; length <= 10; ++length) {
      std::string bytes = GetParam().sample.substr(0, at) + std::string(length - 1, '\xff') +
                          (length == 10 ? '\x01' : '\x7f');
      Try(bytes);
      Try(bytes + GetParam().sample.substr(at));
    }
    if (HasFailure()) FAIL() << "at byte " << at;
  }
}

TEST_P(CodecDamageTest, RandomBytes) {
  std::mt19937 random(20240607);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 200, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 4 == 0 ? random() : random() % 8);
    if (!bytes.empty()) bytes[0] = 1;
    Try(bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(All, CodecDamageTest, ::testing::ValuesIn(Cases()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(CodecDamageCasesTest, ANumberHasOneForm) {
  // Round 1 as the varint 4 written long, and a time.
  const std::string time = {0, 0, '\x80', '\x3f'};
  EXPECT_TRUE(DecodeSamples("\x01\x01\x04" + time).ok());
  EXPECT_THAT(DecodeSamples(std::string("\x01\x01\x84\x00", 4) + time),
              ErrorIs(ErrorCode::kDataLoss, ::testing::HasSubstr("malformed number")));
}

TEST(CodecDamageCasesTest, ManySamplesAreReadAsFewBytes) {
  // A count that the rest could not hold is refused before anything is reserved.
  std::string bytes = {1, '\xff', '\xff', '\xff', '\x7f'};
  bytes += std::string(1000, '\0');
  const AllocationCounter allocations;
  EXPECT_THAT(DecodeSamples(bytes), ErrorIs(ErrorCode::kDataLoss));
  EXPECT_LE(allocations.Bytes(), 1024u);
}

}  // namespace
}  // namespace tactic
