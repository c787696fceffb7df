#include "server/lane/link.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tactic {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Frame(std::string_view payload) { return *wire::EncodeFrame(payload); }

TEST(FindFramesTest, FindsWholeFramesAmongRubbish) {
  const std::string bytes = "rubbish TCTF\xff\xff\xff\xff" + Frame("one") + "TCT" + Frame("two") +
                            Frame("three").substr(0, 10);
  EXPECT_THAT(FindFrames(bytes), ElementsAre("one", "two"));
}

TEST(FindFramesTest, AFrameWithinAFrameIsNotOne) {
  EXPECT_THAT(FindFrames(Frame("outer " + Frame("inner"))), ElementsAre("outer " + Frame("inner")));
}

TEST(FindFramesTest, DamagedFramesAreNone) {
  std::string bytes = Frame("payload");
  bytes.back() ^= 1;
  EXPECT_THAT(FindFrames(bytes), IsEmpty());
  EXPECT_THAT(FindFrames(""), IsEmpty());
}

TEST(FindFramesTest, GivesUpOnBytesMadeToKeepItBusy) {
  std::string bytes;
  for (int i = 0; i < 10000; ++i) bytes += "TCTF";
  EXPECT_THAT(FindFrames(bytes + Frame("late")), IsEmpty());
}

}  // namespace
}  // namespace tactic
