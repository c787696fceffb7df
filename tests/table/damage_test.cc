// Files that are not as they were written are refused; none is read outside of its bytes.
#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <string>
#include <variant>

#include "proto/table/view.h"
#include "tactic/model/codec.h"
#include "tests/table/fixture.h"
#include "tests/table/read_all.h"

namespace tactic::table {
namespace {

using testing::AlignedCopy;

std::string SampleImage() { return testing::SampleBuilder().Image(testing::SampleFacts()).value(); }

// nullopt: read.
std::optional<Fault> FaultOf(std::string_view bytes) {
  const AlignedCopy copy(bytes);
  const auto parsed = View::Parse(copy.view());
  if (const auto* refusal = std::get_if<Refusal>(&parsed)) return refusal->fault;
  return std::nullopt;
}

TEST(Damage, EveryFlippedByteIsSeen) {
  std::string image = SampleImage();
  ASSERT_EQ(FaultOf(image), std::nullopt);
  for (size_t i = 0; i < image.size(); ++i) {
    for (const char flip : {'\x01', '\x80', '\xff'}) {
      image[i] ^= flip;
      const std::optional<Fault> fault = FaultOf(image);
      ASSERT_TRUE(fault.has_value()) << "byte " << i;
      if (i >= offsetof(Header, byte_order)) {
        ASSERT_EQ(fault, Fault::kDamaged) << "byte " << i;
      }
      image[i] ^= flip;
    }
  }
}

TEST(Damage, EveryLengthIsSeen) {
  const std::string image = SampleImage();
  for (size_t size = 0; size < image.size(); ++size) {
    ASSERT_EQ(FaultOf(image.substr(0, size)), Fault::kDamaged) << size << " bytes";
  }
  EXPECT_EQ(FaultOf(image + '\0'), Fault::kDamaged);
  EXPECT_EQ(FaultOf(image + image), Fault::kDamaged);
}

TEST(Damage, OtherFilesAreForeign) {
  EXPECT_EQ(FaultOf("SQLite format 3"), Fault::kForeign);
  EXPECT_EQ(FaultOf(std::string(4096, '\0')), Fault::kForeign);
  std::string swapped = SampleImage();
  std::swap(swapped[8], swapped[11]);
  EXPECT_EQ(FaultOf(swapped), Fault::kForeign);  // Of a machine with another byte order.
}

TEST(Damage, ANewerVersionIsNewerWhateverFollows) {
  std::string newer = SampleImage();
  newer[8] = 2;
  EXPECT_EQ(FaultOf(newer), Fault::kNewer);
  EXPECT_EQ(FaultOf(newer.substr(0, 12)), Fault::kNewer);
  const AlignedCopy copy(newer);
  EXPECT_NE(std::get<Refusal>(View::Parse(copy.view())).message.find("version 2"),
            std::string::npos);
}

// Somebody who writes a right checksum over anything: refused or read, and never outside of it.
TEST(Damage, ARightChecksumOverWrongBytesHarmsNobody) {
  const std::string image = SampleImage();
  constexpr size_t kSummed = offsetof(Header, checksum) + sizeof(Header::checksum);
  std::mt19937_64 random(11);
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    AlignedCopy copy(image);
    const size_t changes = 1 + random() % 3;
    for (size_t c = 0; c < changes; ++c) {
      // Where offsets and counts are, as often as anywhere else.
      const size_t most = random() % 2 == 0 ? sizeof(Header) : image.size();
      const size_t at = kSummed + random() % (most - kSummed);
      copy.data()[at] = static_cast<char>(random() % 4 == 0 ? 0xff : random());
    }
    const uint64_t sum = Checksum(copy.view().substr(kSummed));
    std::memcpy(copy.data() + offsetof(Header, checksum), &sum, sizeof(sum));
    const auto parsed = View::Parse(copy.view());
    if (const auto* view = std::get_if<View>(&parsed)) {
      testing::ReadAll(*view);
    } else {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace tactic::table
