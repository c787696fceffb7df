#include "client/cli/format.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <utility>

namespace tactic::cli {
namespace {

template <typename... Args>
std::string Print(const char* format, Args... args) {
  char buffer[128];
  std::snprintf(buffer, sizeof(buffer), format, args...);
  return buffer;
}

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// Bytes of the well-formed UTF-8 sequence at `text`'s front; 0 if there is none.
size_t SequenceLength(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  size_t length = 0;
  if (lead < 0x80) length = 1;
  if (lead >= 0xc2 && lead < 0xe0) length = 2;
  if (lead >= 0xe0 && lead < 0xf0) length = 3;
  if (lead >= 0xf0 && lead < 0xf5) length = 4;
  if (length == 0 || length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text[i])) return 0;
  }
  return length;
}

// C0, DEL, and C1 (U+0080..U+009F, which some terminals obey).
bool IsControl(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return first < 0x20 || first == 0x7f;
  return sequence.size() == 2 && first == 0xc2 && static_cast<unsigned char>(sequence[1]) < 0xa0;
}

std::string Repeat(std::string_view glyph, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += glyph;
  return text;
}

double Quantile(const std::vector<double>& sorted, double q) {
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(position);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

std::string FormatNanoseconds(double nanoseconds) {
  if (!(nanoseconds > 0) || !std::isfinite(nanoseconds)) return "-";
  static constexpr std::pair<double, const char*> kUnits[] = {
      {1, "ns"}, {1e3, "µs"}, {1e6, "ms"}, {1e9, "s"}};
  size_t unit = 0;
  // 999.5 and up would print as 1000: it belongs to the next unit.
  while (unit < 3 && nanoseconds / kUnits[unit].first >= 999.5) ++unit;
  const double value = nanoseconds / kUnits[unit].first;
  const int decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return Print("%.*f %s", decimals, value, kUnits[unit].second);
}

std::string FormatSeconds(double seconds) {
  if (!(seconds > 0)) return "0s";
  if (seconds < 9.95) return Print("%.1fs", seconds);
  const auto whole = static_cast<long>(std::llround(seconds));
  if (whole < 60) return Print("%lds", whole);
  if (whole < 3600) return Print("%ldm%02lds", whole / 60, whole % 60);
  return Print("%ldh%02ldm", whole / 3600, whole % 3600 / 60);
}

std::string FormatSpeedup(double default_ns, double best_ns) {
  if (!(default_ns > 0) || !(best_ns > 0)) return "-";
  return Print("%.2fx", default_ns / best_ns);
}

std::string FormatUtc(int64_t unix_ms) {
  if (unix_ms <= 0) return "-";
  const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char buffer[32];
  std::strftime(buffer, sizeof(buffer), "%Y-%m-%d %H:%M:%SZ", &parts);
  return buffer;
}

std::string Plural(uint64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string FormatBytes(uint64_t bytes) {
  static constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return Print("%llu B", static_cast<unsigned long long>(bytes));
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; value >= 1023.95 && unit < 3; ++unit) value /= 1024;
  return Print("%.1f %s", value, kUnits[unit]);
}

size_t DisplayWidth(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

std::string Truncate(std::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width == 0) return "";
  size_t kept = 0;
  size_t end = 0;
  while (end < text.size()) {
    if (!IsContinuation(text[end]) && kept++ == width - 1) break;
    ++end;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string Printable(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    const bool good = length > 0 && !IsControl(text.substr(0, length));
    clean += good ? std::string(text.substr(0, length)) : length == 1 ? " " : "?";
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return clean;
}

std::string Bar(double fraction, size_t width) {
  static constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const double clamped = std::isfinite(fraction) ? std::clamp(fraction, 0.0, 1.0) : 0.0;
  const auto eighths = static_cast<size_t>(clamped * static_cast<double>(width * 8));
  std::string bar = Repeat("█", eighths / 8) + kEighths[eighths % 8];
  return bar + std::string(width - DisplayWidth(bar), ' ');
}

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::Add(std::vector<std::string> row) {
  row.resize(columns_.size());
  for (std::string& cell : row) cell = Printable(cell);
  rows_.push_back(std::move(row));
}

std::vector<size_t> Table::Widths(size_t max_width) const {
  constexpr size_t kLeast = 8;
  std::vector<size_t> widths;
  size_t total = 0;
  for (size_t c = 0; c < columns_.size(); ++c) {
    widths.push_back(DisplayWidth(columns_[c].header));
    for (const auto& row : rows_) widths[c] = std::max(widths[c], DisplayWidth(row[c]));
    total += widths[c] + (c > 0 ? 2 : 0);
  }
  while (max_width > 0 && total > max_width) {
    size_t widest = columns_.size();
    for (size_t c = 0; c < columns_.size(); ++c) {
      if (!columns_[c].flexible || widths[c] <= kLeast) continue;
      if (widest == columns_.size() || widths[c] > widths[widest]) widest = c;
    }
    if (widest == columns_.size()) break;
    --widths[widest];
    --total;
  }
  return widths;
}

std::string Table::Render(size_t max_width) const {
  const std::vector<size_t> widths = Widths(max_width);
  std::string text;
  const auto append = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (size_t c = 0; c < columns_.size(); ++c) {
      const std::string cell = Truncate(cells[c], widths[c]);
      const std::string blanks(widths[c] - DisplayWidth(cell), ' ');
      if (c > 0) line += "  ";
      line += columns_[c].align == Align::kRight ? blanks + cell : cell + blanks;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  std::vector<std::string> headers;
  for (const Column& column : columns_) headers.push_back(column.header);
  append(headers);
  for (const auto& row : rows_) append(row);
  return text;
}

Spread SpreadOf(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {values.front(), Quantile(values, 0.25), Quantile(values, 0.5), Quantile(values, 0.75),
          values.back()};
}

size_t LogAxis::ColumnOf(double value) const {
  if (width == 0 || !(value > low) || !(high > low)) return 0;
  const double position = std::log(value / low) / std::log(high / low);
  return static_cast<size_t>(std::lround(std::min(position, 1.0) * static_cast<double>(width - 1)));
}

std::string DrawSpread(const Spread& spread, const LogAxis& axis) {
  if (!(spread.median > 0)) return std::string(axis.width, ' ');
  const size_t low = axis.ColumnOf(spread.low);
  const size_t q1 = axis.ColumnOf(spread.q1);
  const size_t median = axis.ColumnOf(spread.median);
  const size_t q3 = axis.ColumnOf(spread.q3);
  const size_t high = axis.ColumnOf(spread.high);
  std::string picture;
  for (size_t column = 0; column < axis.width; ++column) {
    const char* glyph = " ";
    if (column > low && column < high) glyph = "─";
    if (column == low) glyph = "├";
    if (column == high) glyph = "┤";
    if (column >= q1 && column <= q3 && q1 < q3) glyph = "━";
    if (column == median) glyph = "▇";
    picture += glyph;
  }
  return picture;
}

std::string DrawAxis(const LogAxis& axis) {
  const std::string low = FormatNanoseconds(axis.low) + " ";
  const std::string high = " " + FormatNanoseconds(axis.high);
  const size_t labels = DisplayWidth(low) + DisplayWidth(high);
  if (labels >= axis.width) return Truncate(low, axis.width);
  return low + Repeat("┄", axis.width - labels) + high;
}

}  // namespace tactic::cli
