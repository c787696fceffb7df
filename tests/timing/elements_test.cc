#include "runners/timing/elements.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <vector>

#include "runners/timing/data_pool.h"
#include "runners/timing/guarded_buffer.h"

namespace tactic::timing {
namespace {

using ::testing::HasSubstr;

template <typename T>
std::span<const std::byte> BytesOf(const std::vector<T>& values) {
  return std::as_bytes(std::span(values));
}

std::optional<std::string> Compare(const std::vector<float>& got, const std::vector<float>& want) {
  return FirstWrong(DType::kF32, BytesOf(got), BytesOf(want), {.absolute = 0.1, .relative = 0.01});
}

TEST(FillRandom, F32IsFiniteSignedAndOfModestSize) {
  std::vector<float> values(10001);
  FillRandom(DType::kF32, std::as_writable_bytes(std::span(values)), 1);
  int negative = 0;
  for (float value : values) {
    ASSERT_GE(std::abs(value), 1.0f / 16);
    ASSERT_LT(std::abs(value), 1.0f);
    negative += value < 0 ? 1 : 0;
  }
  EXPECT_NEAR(negative, 5000, 300);
  EXPECT_GT(std::set<float>(values.begin(), values.end()).size(), 9900u);
}

TEST(FillRandom, IsTheSameForTheSameSeedOnly) {
  std::vector<float> a(100), b(100), c(100);
  FillRandom(DType::kF32, std::as_writable_bytes(std::span(a)), 1);
  FillRandom(DType::kF32, std::as_writable_bytes(std::span(b)), 1);
  FillRandom(DType::kF32, std::as_writable_bytes(std::span(c)), 2);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
}

// Every type is legal: compared with itself it is right, which NaN would not be unless the
// reference is NaN; compared with the negated bits it is not.
TEST(FillRandom, GivesNumbersInEveryType) {
  const DType types[] = {DType::kF64,    DType::kF32,    DType::kTF32, DType::kF16, DType::kBF16,
                         DType::kF8E4M3, DType::kF8E5M2, DType::kI64,  DType::kI32, DType::kI16,
                         DType::kI8,     DType::kU8,     DType::kBool};
  for (DType type : types) {
    std::vector<std::byte> random(4096);
    std::vector<std::byte> zero(4096);
    FillRandom(type, random, 3);
    EXPECT_EQ(FirstWrong(type, random, zero, {.absolute = 8.5}), std::nullopt) << Name(type);
    EXPECT_NE(FirstWrong(type, random, zero, {.absolute = 0.05}), std::nullopt) << Name(type);
  }
}

TEST(FirstWrong, AcceptsWhatIsInsideTheTolerance) {
  EXPECT_EQ(Compare({1.0f, 100.0f}, {1.1f, 101.0f}), std::nullopt);
  EXPECT_EQ(Compare({}, {}), std::nullopt);
}

TEST(FirstWrong, NamesTheElementItsValueAndTheReference) {
  const auto wrong = Compare({1, 2, 3.5f}, {1, 2, 3});
  ASSERT_TRUE(wrong);
  EXPECT_THAT(*wrong, HasSubstr("element 2 is 3.5, the reference 3 "));
}

TEST(FirstWrong, TellsUnwrittenFromNotANumber) {
  float poison;
  std::memset(&poison, static_cast<int>(kPoison), sizeof(poison));
  EXPECT_THAT(*Compare({1, poison}, {1, 2}), HasSubstr("element 1 was not written"));
  EXPECT_THAT(*Compare({1, std::nanf("")}, {1, 2}), HasSubstr("element 1 is nan"));
  EXPECT_THAT(*Compare({1, INFINITY}, {1, 2}), HasSubstr("element 1 is inf"));
}

TEST(FirstWrong, AReferenceThatIsNotFiniteAsksForTheSame) {
  EXPECT_EQ(Compare({INFINITY}, {INFINITY}), std::nullopt);
  EXPECT_NE(Compare({-INFINITY}, {INFINITY}), std::nullopt);
  EXPECT_EQ(Compare({std::nanf("")}, {std::nanf("")}), std::nullopt);
  EXPECT_NE(Compare({1}, {std::nanf("")}), std::nullopt);
}

TEST(FirstWrong, ReadsSmallFloatingPointTypes) {
  const auto same = [](DType type, auto bits, double value) {
    const std::vector<decltype(bits)> got = {bits};
    const std::vector<decltype(bits)> zero = {0};
    const double size = std::abs(value);
    // Right to within the value itself, wrong to within a hair less: so it is that value.
    return !FirstWrong(type, BytesOf(got), BytesOf(zero), {.absolute = size}) &&
           FirstWrong(type, BytesOf(got), BytesOf(zero), {.absolute = size * 0.999});
  };
  EXPECT_TRUE(same(DType::kF16, uint16_t{0xc100}, -2.5));
  EXPECT_TRUE(same(DType::kF16, uint16_t{0x0001}, std::ldexp(1, -24)));
  EXPECT_TRUE(same(DType::kBF16, uint16_t{0x3fc0}, 1.5));
  EXPECT_TRUE(same(DType::kF8E4M3, uint8_t{0x7e}, 448));
  EXPECT_TRUE(same(DType::kF8E5M2, uint8_t{0x7b}, 57344));
}

TEST(GuardedBuffer, SeesOneByteOnEitherSide) {
  GuardedBuffer buffer;
  buffer.Resize(100);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % 64, 0u);
  EXPECT_EQ(buffer.TakeDamage(), std::nullopt);
  std::memset(buffer.data(), 0, 100);
  EXPECT_EQ(buffer.TakeDamage(), std::nullopt);
  buffer.data()[100] = std::byte{0};
  EXPECT_THAT(*buffer.TakeDamage(), HasSubstr("1 bytes behind"));
  EXPECT_EQ(buffer.TakeDamage(), std::nullopt);  // Renewed.
  buffer.data()[-1] = std::byte{0};
  EXPECT_THAT(*buffer.TakeDamage(), HasSubstr("1 bytes before"));
  buffer.data()[100 + 4095] = std::byte{0};
  EXPECT_TRUE(buffer.TakeDamage());
}

TEST(GuardedBuffer, KeepsItsAddressWhenItShrinks) {
  GuardedBuffer buffer;
  buffer.Resize(1000);
  const std::byte* const at = buffer.data();
  buffer.Resize(10);
  EXPECT_EQ(buffer.data(), at);
  buffer.data()[10] = std::byte{0};
  EXPECT_TRUE(buffer.TakeDamage());
}

TEST(DataPool, ServesOtherMemoryUntilItComesRound) {
  DataPool pool;
  pool.Reserve(DType::kF32, 100000, 20000);
  const std::byte* const first = pool.Take(10000);
  const std::byte* const second = pool.Take(10000);
  EXPECT_GE(second, first + 10000);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(second) % 64, 0u);
  int windows = 2;
  while (pool.Take(10000) != first) ASSERT_LT(++windows, 20);
  EXPECT_GE(windows, 6);
}

TEST(DataPool, IsReadWholeWhenTheWalkTouchedLessThanTheCacheHolds) {
  DataPool small_windows;
  small_windows.Reserve(DType::kF32, 100000, 20000);
  for (int i = 0; i < 30; ++i) small_windows.Take(64);
  EXPECT_GE(small_windows.sweeps(), 1u);
  DataPool large_windows;
  large_windows.Reserve(DType::kF32, 100000, 20000);
  for (int i = 0; i < 30; ++i) large_windows.Take(10000);
  EXPECT_EQ(large_windows.sweeps(), 0u);
}

TEST(DataPool, ServesAWindowAsLargeAsItself) {
  DataPool pool;
  pool.Reserve(DType::kF32, 5000, 20000);
  const std::byte* const first = pool.Take(5000);
  EXPECT_EQ(pool.Take(5000), first);
}

TEST(DataPool, IsRefilledForAnotherType) {
  DataPool pool;
  pool.Reserve(DType::kF32, 4096, 1);
  pool.Reserve(DType::kU8, 4096, 1);
  const std::byte* const window = pool.Take(4096);
  for (int i = 0; i < 4096; ++i) ASSERT_LE(std::to_integer<int>(window[i]), 8);
}

TEST(DataPool, EveryWindowOfCopiesIsOneCopy) {
  std::vector<std::byte> data(5000);
  FillRandom(DType::kU8, data, 1);
  DataPool pool;
  pool.Reserve(DType::kF32, 4096, 20000);
  pool.ReserveCopies(data, 100000, 20000);
  std::set<const std::byte*> windows;
  for (int i = 0; i < 30; ++i) {
    const std::byte* const window = pool.Take(data.size());
    ASSERT_EQ(std::memcmp(window, data.data(), data.size()), 0);
    windows.insert(window);
  }
  EXPECT_GE(windows.size(), 6u);
  pool.ReserveCopies(data, 1, 20000);  // Holds one copy at least.
  EXPECT_EQ(std::memcmp(pool.Take(data.size()), data.data(), data.size()), 0);
}

}  // namespace
}  // namespace tactic::timing
