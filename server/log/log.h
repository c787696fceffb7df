// A structured log: one line an event, on one descriptor.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace tactic {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

std::optional<LogLevel> ParseLogLevel(std::string_view name);    // "debug" … "error"
std::optional<LogFormat> ParseLogFormat(std::string_view name);  // "text", "json"

// What an event is about: a name of ours, and a value that may hold anything.
struct LogField {
  LogField(std::string_view n, std::string_view v) : name(n), value(v) {}
  LogField(std::string_view n, const std::string& v) : name(n), value(v) {}
  LogField(std::string_view n, const char* v) : name(n), value(v) {}
  template <typename Number, typename = std::enable_if_t<std::is_arithmetic_v<Number>>>
  LogField(std::string_view n, Number v) : name(n), value(std::to_string(v)), bare(true) {}

  std::string_view name;
  std::string value;
  bool bare = false;  // A number: no quotes in JSON.
};

// Writes each event with one write(2), so that lines of threads and processes do not mix; a line
// that cannot be written is lost. Values are escaped: whatever a client sends, an event is one line
// of printable text. Thread-safe.
//
//   text: 2026-01-31T12:00:00.000Z info ready addresses="unix:/run/tacticd/tacticd.sock"
//   json: {"time":"2026-01-31T12:00:00.000Z","level":"info","event":"ready","addresses":"…"}
class Logger {
 public:
  struct Options {
    LogLevel level = LogLevel::kInfo;  // Events below are left out.
    LogFormat format = LogFormat::kText;
    int fd = 2;  // Not owned.
  };

  explicit Logger(Options options) : options_(options) {}

  bool Enabled(LogLevel level) const { return level >= options_.level; }
  void Write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) const;
  void Debug(std::string_view event, std::initializer_list<LogField> fields = {}) const {
    Write(LogLevel::kDebug, event, fields);
  }
  void Info(std::string_view event, std::initializer_list<LogField> fields = {}) const {
    Write(LogLevel::kInfo, event, fields);
  }
  void Warning(std::string_view event, std::initializer_list<LogField> fields = {}) const {
    Write(LogLevel::kWarning, event, fields);
  }
  void Error(std::string_view event, std::initializer_list<LogField> fields = {}) const {
    Write(LogLevel::kError, event, fields);
  }

 private:
  const Options options_;
};

}  // namespace tactic
