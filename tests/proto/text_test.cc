#include "proto/model/text.h"

#include "gtest/gtest.h"
#include "tactic/model/problem.h"

namespace tactic {
namespace {

TEST(TextTest, PrintableUtf8OfEachLength) {
  EXPECT_TRUE(IsPrintableUtf8(""));
  EXPECT_TRUE(IsPrintableUtf8(" ~"));
  EXPECT_TRUE(IsPrintableUtf8("\u00a0\u00e9\u07ff"));
  EXPECT_TRUE(IsPrintableUtf8("\u0800\u20ac\uffff"));
  EXPECT_TRUE(IsPrintableUtf8("\U00010000\U0010ffff"));
}

TEST(TextTest, ControlCharactersAreNotPrintable) {
  for (const char* text : {"\x01", "a\nb", "\t", "\x1f", "\x7f", "\u0080", "\u009f", "\x1b[2J"}) {
    EXPECT_FALSE(IsPrintableUtf8(text)) << internal::Quote(text);
  }
  EXPECT_FALSE(IsPrintableUtf8(std::string_view("a\0b", 3)));
}

TEST(TextTest, WhatIsNotUtf8IsNotPrintable) {
  const char* const texts[] = {"\x80",              // Continuation without a lead.
                               "\xc3",              // Truncated.
                               "\xe2\x82",          //
                               "\xf0\x9f\x98",      //
                               "\xc3(",             // Lead without a continuation.
                               "\xc0\xaf",          // Overlong forms of '/'.
                               "\xe0\x80\xaf",      //
                               "\xf0\x80\x80\xaf",  //
                               "\xed\xa0\x80",      // A surrogate.
                               "\xf4\x90\x80\x80",  // Over U+10FFFF.
                               "\xf5\x80\x80\x80",  //
                               "\xff"};
  for (const char* text : texts) EXPECT_FALSE(IsPrintableUtf8(text)) << internal::Quote(text);
}

TEST(TextTest, ToPrintableReplacesAndCutsBetweenCharacters) {
  EXPECT_EQ(ToPrintable("a\nb\xff\u20ac", 100), "a b \u20ac");
  EXPECT_EQ(ToPrintable("\u20ac\u20ac", 6), "\u20ac\u20ac");
  EXPECT_EQ(ToPrintable("\u20ac\u20ac", 5), "\u20ac");
  EXPECT_EQ(ToPrintable("abc", 0), "");
}

TEST(TextTest, ToPrintableIsPrintableForEveryPairOfBytes) {
  for (int pair = 0; pair < 0x10000; ++pair) {
    const std::string text = {static_cast<char>(pair >> 8), static_cast<char>(pair & 0xff)};
    ASSERT_TRUE(IsPrintableUtf8(ToPrintable(text, 8))) << internal::Quote(text);
    ASSERT_EQ(ToPrintable(text, 8) == text, IsPrintableUtf8(text)) << internal::Quote(text);
  }
}

TEST(TextTest, QuoteIsSafeToPrintAndShort) {
  EXPECT_EQ(internal::Quote("gemm"), "\"gemm\"");
  EXPECT_EQ(internal::Quote("a\"b\\c\n\x80"), "\"a\\x22b\\x5cc\\x0a\\x80\"");
  EXPECT_EQ(internal::Quote(std::string(65, 'a')), "\"" + std::string(64, 'a') + "\"...");
}

}  // namespace
}  // namespace tactic
