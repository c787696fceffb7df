#include "server/log/log.h"

#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdio>

namespace tactic {
namespace {

constexpr size_t kMaxValueBytes = 4096;
constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warning", "error"};

std::string Now() {
  timeval now{};
  gettimeofday(&now, nullptr);
  tm utc{};
  gmtime_r(&now.tv_sec, &utc);
  std::array<char, 64> text{};
  const size_t n = strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text.data() + n, text.size() - n, ".%03dZ", static_cast<int>(now.tv_usec / 1000));
  return text.data();
}

// Bytes outside printable ASCII become \u00xx, so that the line is valid in every encoding.
void AppendQuoted(std::string_view value, std::string& line) {
  line += '"';
  for (const char c : value.substr(0, kMaxValueBytes)) {
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (c >= ' ' && c <= '~') {
      line += c;
    } else {
      std::array<char, 8> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "\\u%04x", static_cast<unsigned char>(c));
      line += escaped.data();
    }
  }
  if (value.size() > kMaxValueBytes) line += "...";
  line += '"';
}

void AppendValue(const LogField& field, std::string& line) {
  if (field.bare) {
    line += field.value;
  } else {
    AppendQuoted(field.value, line);
  }
}

std::string TextLine(std::string_view level, std::string_view event,
                     std::initializer_list<LogField> fields) {
  std::string line = Now();
  line.append(" ").append(level).append(" ").append(event);
  for (const LogField& field : fields) {
    line.append(" ").append(field.name).append("=");
    AppendValue(field, line);
  }
  return line + "\n";
}

std::string JsonLine(std::string_view level, std::string_view event,
                     std::initializer_list<LogField> fields) {
  std::string line = "{\"time\":\"" + Now() + "\",\"level\":\"";
  line.append(level).append("\",\"event\":\"").append(event).append("\"");
  for (const LogField& field : fields) {
    line.append(",\"").append(field.name).append("\":");
    AppendValue(field, line);
  }
  return line + "}\n";
}

}  // namespace

std::optional<LogLevel> ParseLogLevel(std::string_view name) {
  for (size_t i = 0; i < kLevels.size(); ++i) {
    if (kLevels[i] == name) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

std::optional<LogFormat> ParseLogFormat(std::string_view name) {
  if (name == "text") return LogFormat::kText;
  if (name == "json") return LogFormat::kJson;
  return std::nullopt;
}

void Logger::Write(LogLevel level, std::string_view event,
                   std::initializer_list<LogField> fields) const {
  if (!Enabled(level)) return;
  const std::string_view name = kLevels[static_cast<size_t>(level)];
  const std::string line = options_.format == LogFormat::kJson ? JsonLine(name, event, fields)
                                                               : TextLine(name, event, fields);
  const ssize_t written = write(options_.fd, line.data(), line.size());
  static_cast<void>(written);
}

}  // namespace tactic
