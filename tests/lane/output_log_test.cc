#include "server/lane/output_log.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/core/escape.h"

namespace tactic {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class OutputLogTest : public ::testing::Test {
 protected:
  std::vector<std::string> lines_;
  OutputLog log_{[this](const std::string& line) { lines_.push_back(line); }};
};

TEST_F(OutputLogTest, CutsBytesIntoLinesWhereverTheyComeApart) {
  log_.Feed("one\ntw");
  log_.Feed("o\n\nthree");
  EXPECT_THAT(lines_, ElementsAre("one", "two"));
  log_.Reset();
  EXPECT_THAT(lines_, ElementsAre("one", "two", "three"));
  EXPECT_EQ(log_.last_line(), "three");
}

TEST_F(OutputLogTest, EscapesWhatATerminalWouldObey) {
  log_.Feed("\x1b[2Jred\x07\xc3\xa9\n");
  EXPECT_THAT(lines_, ElementsAre("\\x1b[2Jred\\x07\\xc3\\xa9"));
}

TEST_F(OutputLogTest, CutsLongLines) {
  log_.Feed(std::string(10 * OutputLog::kLineBytes, 'a'));
  log_.Feed(std::string(10 * OutputLog::kLineBytes, 'a') + "\nnext\n");
  ASSERT_THAT(lines_, SizeIs(2));
  EXPECT_THAT(lines_[0], SizeIs(OutputLog::kLineBytes));
  EXPECT_THAT(lines_[0], EndsWith("a..."));
  EXPECT_EQ(lines_[1], "next");
}

TEST_F(OutputLogTest, CountsWhatIsOverTheLimitAndStartsAnewAfterReset) {
  for (size_t i = 0; i < OutputLog::kLines + 5; ++i) log_.Feed("line\n");
  EXPECT_THAT(lines_, SizeIs(OutputLog::kLines));
  log_.Reset();
  ASSERT_THAT(lines_, SizeIs(OutputLog::kLines + 1));
  EXPECT_EQ(lines_.back(), "(5 more lines left out)");
  log_.Feed("again\n");
  EXPECT_EQ(lines_.back(), "again");
}

TEST(EscapeTest, CutsAtTheLimit) {
  EXPECT_EQ(Escape("abcdef", 6), "abcdef");
  EXPECT_EQ(Escape("abcdefg", 6), "abc...");
  EXPECT_EQ(Escape("", 6), "");
}

}  // namespace
}  // namespace tactic
