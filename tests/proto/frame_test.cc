#include "proto/wire/frame.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace tactic::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;

const std::optional<std::string> kMore = std::nullopt;

std::string Frame(std::string_view payload) { return *EncodeFrame(payload); }

// All payloads that can be had now; the decoder must not have failed.
std::vector<std::string> Drain(FrameDecoder& decoder) {
  std::vector<std::string> payloads;
  for (;;) {
    const Result<std::optional<std::string>> next = decoder.Next();
    EXPECT_THAT(next, IsOk());
    if (!next.ok() || !*next) return payloads;
    payloads.push_back(**next);
  }
}

TEST(FrameTest, LayoutIsPinned) {
  const std::string frame = Frame("abc");
  ASSERT_EQ(frame.size(), kFrameHeaderBytes + 3);
  EXPECT_EQ(frame.substr(0, 8), std::string("TCTF\x03\0\0\0", 8));
  EXPECT_EQ(frame.substr(16), "abc");
}

TEST(FrameTest, EmptyAndBinaryPayloads) {
  const std::string binary("\0\xffTCTF\0", 7);
  FrameDecoder decoder;
  decoder.Feed(Frame("") + Frame(binary));
  EXPECT_THAT(Drain(decoder), ElementsAre("", binary));
}

TEST(FrameTest, TheLargestPayloadAndOneMore) {
  const std::string largest(kMaxFramePayload, 'x');
  FrameDecoder decoder;
  decoder.Feed(Frame(largest));
  EXPECT_THAT(decoder.Next(), IsOkAndHolds(Eq(std::optional(largest))));
  EXPECT_THAT(EncodeFrame(largest + "x"),
              ErrorIs(ErrorCode::kInvalidArgument, HasSubstr("4194305 bytes; at most 4194304")));
}

TEST(FrameTest, SplitAtEveryByte) {
  const std::string stream = Frame("first") + Frame("") + Frame("third");
  for (size_t at = 0; at <= stream.size(); ++at) {
    FrameDecoder decoder;
    decoder.Feed(stream.substr(0, at));
    std::vector<std::string> payloads = Drain(decoder);
    decoder.Feed(stream.substr(at));
    for (std::string& payload : Drain(decoder)) payloads.push_back(std::move(payload));
    EXPECT_THAT(payloads, ElementsAre("first", "", "third")) << at;
  }
}

TEST(FrameTest, OneByteAtATime) {
  const std::string stream = Frame("first") + Frame("second");
  FrameDecoder decoder;
  std::vector<std::string> payloads;
  for (const char byte : stream) {
    decoder.Feed(std::string_view(&byte, 1));
    for (std::string& payload : Drain(decoder)) payloads.push_back(std::move(payload));
  }
  EXPECT_THAT(payloads, ElementsAre("first", "second"));
}

TEST(FrameTest, WrongMagicIsSeenAtItsFirstByte) {
  for (size_t at = 0; at < 4; ++at) {
    std::string bytes = Frame("payload").substr(0, at + 1);
    bytes[at] ^= 1;
    FrameDecoder decoder;
    decoder.Feed(bytes.substr(0, at));
    EXPECT_THAT(decoder.Next(), IsOkAndHolds(Eq(kMore)));
    decoder.Feed(bytes.substr(at));
    EXPECT_THAT(decoder.Next(), ErrorIs(ErrorCode::kDataLoss, "frame: wrong magic"));
  }
}

TEST(FrameTest, ALengthOverTheLimitIsSeenInTheHeader) {
  std::string header = Frame("").substr(0, kFrameHeaderBytes);
  header[6] = '\x40';  // 4 MiB: the limit itself.
  FrameDecoder decoder;
  decoder.Feed(header);
  EXPECT_THAT(decoder.Next(), IsOkAndHolds(Eq(kMore)));
  header[4] = '\x01';
  FrameDecoder strict;
  strict.Feed(header);
  EXPECT_THAT(strict.Next(),
              ErrorIs(ErrorCode::kDataLoss, "frame: length 4194305 is over the limit 4194304"));
}

TEST(FrameTest, EveryFlippedBitIsNoticed) {
  const std::string good = Frame("payload");
  for (size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    FrameDecoder decoder;
    decoder.Feed(bytes);
    const Result<std::optional<std::string>> next = decoder.Next();
    EXPECT_FALSE(next.ok() && next->has_value()) << "bit " << bit;
  }
}

TEST(FrameTest, AWrongPayloadIsNoticed) {
  std::string bytes = Frame("payload");
  bytes.back() ^= 1;
  FrameDecoder decoder;
  decoder.Feed(bytes);
  EXPECT_THAT(decoder.Next(), ErrorIs(ErrorCode::kDataLoss, "frame: checksum differs"));
}

TEST(FrameTest, AFailureSticks) {
  FrameDecoder decoder;
  decoder.Feed(Frame("good") + "rubbish" + Frame("lost"));
  EXPECT_THAT(decoder.Next(), IsOkAndHolds(Eq(std::optional<std::string>("good"))));
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(decoder.Next(), ErrorIs(ErrorCode::kDataLoss, "frame: wrong magic"));
    decoder.Feed(Frame("more"));
  }
}

TEST(FrameTest, RandomChunksOfManyFrames) {
  std::mt19937 random(7);
  std::vector<std::string> sent;
  std::string stream;
  for (int i = 0; i < 500; ++i) {
    sent.push_back(std::string(random() % 300, static_cast<char>(i)));
    stream += Frame(sent.back());
  }
  FrameDecoder decoder;
  std::vector<std::string> received;
  for (size_t at = 0; at < stream.size();) {
    const size_t size = std::min<size_t>(random() % 1000, stream.size() - at);
    decoder.Feed(std::string_view(stream).substr(at, size));
    for (std::string& payload : Drain(decoder)) received.push_back(std::move(payload));
    at += size;
  }
  EXPECT_EQ(received, sent);
}

}  // namespace
}  // namespace tactic::wire
