#include "client/cli/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace tactic::cli {
namespace {

TEST(FormatNanosecondsTest, KeepsThreeDigits) {
  EXPECT_EQ(FormatNanoseconds(1), "1.00 ns");
  EXPECT_EQ(FormatNanoseconds(843), "843 ns");
  EXPECT_EQ(FormatNanoseconds(999.4), "999 ns");
  EXPECT_EQ(FormatNanoseconds(999.6), "1.00 µs");
  EXPECT_EQ(FormatNanoseconds(9.994e3), "9.99 µs");
  EXPECT_EQ(FormatNanoseconds(9.996e3), "10.0 µs");
  EXPECT_EQ(FormatNanoseconds(99.96e3), "100 µs");
  EXPECT_EQ(FormatNanoseconds(1.049e6), "1.05 ms");
  EXPECT_EQ(FormatNanoseconds(12e9), "12.0 s");
}

TEST(FormatNanosecondsTest, HasNoTimeForNothing) {
  EXPECT_EQ(FormatNanoseconds(0), "-");
  EXPECT_EQ(FormatNanoseconds(-1), "-");
  EXPECT_EQ(FormatNanoseconds(std::nan("")), "-");
  EXPECT_EQ(FormatNanoseconds(HUGE_VAL), "-");
}

TEST(FormatSecondsTest, FitsTheWait) {
  EXPECT_EQ(FormatSeconds(0), "0s");
  EXPECT_EQ(FormatSeconds(0.42), "0.4s");
  EXPECT_EQ(FormatSeconds(42.4), "42s");
  EXPECT_EQ(FormatSeconds(59.7), "1m00s");
  EXPECT_EQ(FormatSeconds(185), "3m05s");
  EXPECT_EQ(FormatSeconds(7800), "2h10m");
}

TEST(FormatTest, SmallThings) {
  EXPECT_EQ(FormatSpeedup(184, 100), "1.84x");
  EXPECT_EQ(FormatSpeedup(0, 100), "-");
  EXPECT_EQ(FormatSpeedup(100, 0), "-");
  EXPECT_EQ(FormatUtc(0), "-");
  EXPECT_EQ(FormatUtc(1763870706000), "2025-11-23 04:05:06Z");
  EXPECT_EQ(Plural(1, "problem"), "1 problem");
  EXPECT_EQ(Plural(0, "problem"), "0 problems");
  EXPECT_EQ(FormatBytes(512), "512 B");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  EXPECT_EQ(FormatBytes(uint64_t{33} << 20), "33.0 MiB");
}

TEST(PrintableTest, DisarmsControlsAndBrokenText) {
  EXPECT_EQ(Printable("plain µs ▇"), "plain µs ▇");
  EXPECT_EQ(Printable("a\x1b[2Jb\nc\x7f"), "a [2Jb c ");
  EXPECT_EQ(Printable("\xc2\x9b"), "?");     // U+009B: an escape to some terminals.
  EXPECT_EQ(Printable("a\xff\xc3"), "a??");  // Not UTF-8, and cut off.
  EXPECT_EQ(Printable("\xc0\x8a"), "??");    // Overlong line end.
}

TEST(TruncateTest, CountsColumnsNotBytes) {
  EXPECT_EQ(DisplayWidth("µs▇"), 3u);
  EXPECT_EQ(Truncate("µs▇", 3), "µs▇");
  EXPECT_EQ(Truncate("µs▇▇", 3), "µs…");
  EXPECT_EQ(Truncate("abc", 1), "…");
  EXPECT_EQ(Truncate("abc", 0), "");
}

TEST(BarTest, FillsByEighths) {
  EXPECT_EQ(Bar(0, 4), "    ");
  EXPECT_EQ(Bar(1, 4), "████");
  EXPECT_EQ(Bar(0.5, 4), "██  ");
  EXPECT_EQ(Bar(9.0 / 32, 4), "█▏  ");
  EXPECT_EQ(Bar(7, 2), "██");
  EXPECT_EQ(Bar(-1, 2), "  ");
  EXPECT_EQ(Bar(std::nan(""), 2), "  ");
}

TEST(TableTest, AlignsColumns) {
  Table table({{"name"}, {"time", Table::Align::kRight}});
  table.Add({"a", "12 µs"});
  table.Add({"longer"});
  EXPECT_EQ(table.Render(0),
            "name     time\n"
            "a       12 µs\n"
            "longer\n");
}

TEST(TableTest, ShrinksFlexibleColumnsToFit) {
  Table table({{"id"}, {"candidate", Table::Align::kLeft, true}, {"time"}});
  table.Add({"1", "host_blocked kc=256 mc=96", "1 ms"});
  EXPECT_EQ(table.Render(20),
            "id  candidate   time\n"
            "1   host_bloc…  1 ms\n");
  EXPECT_EQ(table.Render(5),  // Cannot: keeps what is readable.
            "id  candida…  time\n"
            "1   host_bl…  1 ms\n");
}

TEST(SpreadTest, InterpolatesQuartiles) {
  const Spread spread = SpreadOf({4, 1, 3, 2});
  EXPECT_DOUBLE_EQ(spread.low, 1);
  EXPECT_DOUBLE_EQ(spread.q1, 1.75);
  EXPECT_DOUBLE_EQ(spread.median, 2.5);
  EXPECT_DOUBLE_EQ(spread.q3, 3.25);
  EXPECT_DOUBLE_EQ(spread.high, 4);
  EXPECT_DOUBLE_EQ(SpreadOf({}).median, 0);
}

TEST(LogAxisTest, PlacesEqualRatiosEquallyFarApart) {
  const LogAxis axis{10, 1000, 5};
  EXPECT_EQ(axis.ColumnOf(10), 0u);
  EXPECT_EQ(axis.ColumnOf(100), 2u);
  EXPECT_EQ(axis.ColumnOf(1000), 4u);
  EXPECT_EQ(axis.ColumnOf(1), 0u);
  EXPECT_EQ(axis.ColumnOf(1e6), 4u);
  EXPECT_EQ((LogAxis{10, 10, 5}.ColumnOf(10)), 0u);
}

TEST(DrawTest, ShowsWhiskersBoxAndMedian) {
  const LogAxis axis{1, 1024, 11};
  EXPECT_EQ(DrawSpread({2, 8, 16, 64, 256}, axis), " ├─━▇━━─┤  ");
  EXPECT_EQ(DrawSpread({4, 4, 4, 4, 4}, axis), "  ▇        ");
  EXPECT_EQ(DrawSpread({}, axis), "           ");
}

TEST(DrawTest, AxisNamesItsEnds) {
  EXPECT_EQ(DrawAxis({12e3, 480e3, 24}), "12.0 µs ┄┄┄┄┄┄┄┄┄ 480 µs");
  EXPECT_EQ(DisplayWidth(DrawAxis({12e3, 480e3, 10})), 8u);
}

}  // namespace
}  // namespace tactic::cli
