// Text for people: times, bars, tables, and the picture of a spread. Pure: what comes out depends
// on the arguments only. Text is UTF-8; widths are in terminal columns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tactic::cli {

// Three significant digits and a fitting unit: "843 ns", "12.3 µs", "1.05 ms". "-" if not positive.
std::string FormatNanoseconds(double nanoseconds);
// For waiting: "0.4s", "42s", "3m05s", "2h10m".
std::string FormatSeconds(double seconds);
// How many times faster than the default: "1.84x"; "-" when either is unknown (0).
std::string FormatSpeedup(double default_ns, double best_ns);
// "2026-11-23 04:05:06Z"; "-" for 0.
std::string FormatUtc(int64_t unix_ms);
// "1 problem", "28 problems".
std::string Plural(uint64_t count, std::string_view noun);
// "512 B", "2.0 MiB".
std::string FormatBytes(uint64_t bytes);

// Columns that `text` takes. Every code point counts one: no wide or combining ones are printed.
size_t DisplayWidth(std::string_view text);
// `text` cut to `width` columns, ending in "…" if something was cut.
std::string Truncate(std::string_view text, size_t width);
// `text` with control characters (line ends, escapes) and broken UTF-8 replaced, so that what a
// runner or a name contains cannot drive the terminal.
std::string Printable(std::string_view text);

// "█████▌    " of `width` columns, filled to `fraction` (clamped to 0..1).
std::string Bar(double fraction, size_t width);

// Rows under headers, columns two blanks apart. Cells go through Printable.
class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string header;
    Align align = Align::kLeft;
    bool flexible = false;  // Gives up width when the table is too wide.
  };
  explicit Table(std::vector<Column> columns);

  // As many cells as columns; those left out are empty.
  void Add(std::vector<std::string> row);
  // With a line end after each line, no blanks before it. `max_width` 0 = as wide as it wants;
  // otherwise flexible columns shrink (not under 8 columns) so that the lines fit, if they can.
  std::string Render(size_t max_width) const;

 private:
  std::vector<size_t> Widths(size_t max_width) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Where the samples of one candidate lie.
struct Spread {
  double low = 0;  // Smallest.
  double q1 = 0;   // Quartiles.
  double median = 0;
  double q3 = 0;
  double high = 0;  // Largest.
};
// Of `values`, which need no order; all zero when empty. Quartiles are interpolated.
Spread SpreadOf(std::vector<double> values);

// The logarithmic axis that pictures share, so that they can be compared line by line.
struct LogAxis {
  double low = 0;
  double high = 0;
  size_t width = 0;  // In columns.
  // The column of `value`, clamped to the axis.
  size_t ColumnOf(double value) const;
};

// "   ├──━━▇━─┤    ": whiskers to the extremes, a heavy line between the quartiles, a block at the
// median; axis.width columns. Blank if the spread is all zero.
std::string DrawSpread(const Spread& spread, const LogAxis& axis);
// "12.1 µs ─ … ─ 480 µs" over the pictures: both ends of the axis, axis.width columns.
std::string DrawAxis(const LogAxis& axis);

}  // namespace tactic::cli
