// What a worker prints, made fit for a log. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace tactic {

// Cuts bytes into lines and passes them on, escaped: at most kLines of at most kLineBytes each,
// until Reset. What is over is counted, and one line says so. Not thread-safe.
class OutputLog {
 public:
  using Sink = std::function<void(const std::string& line)>;
  explicit OutputLog(Sink sink) : sink_(std::move(sink)) {}

  void Feed(std::string_view bytes);
  // Passes on an unfinished line and the count of what was left out, and starts counting anew.
  void Reset();
  // The last line that was passed on: often says why a worker died.
  const std::string& last_line() const { return last_line_; }

  static constexpr size_t kLines = 64;
  static constexpr size_t kLineBytes = 1024;

 private:
  void EndLine();

  Sink sink_;
  std::string line_;  // Begun; at most kLineBytes + 1.
  size_t lines_ = 0;
  size_t left_out_ = 0;
  std::string last_line_;
};

}  // namespace tactic
