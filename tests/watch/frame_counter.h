// Where the HTTP/2 frames of a byte stream end.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tactic::testing {

// Counts the frames that one side of an HTTP/2 connection sends: 9 bytes of header, which begin
// with the length of what follows (RFC 9113, 4.1). A client's preface is no frame.
class FrameCounter {
 public:
  void Take(char byte) {
    if (at_ < 3) length_ = length_ << 8 | static_cast<uint8_t>(byte);
    ++at_;
    if (at_ < kHeader || at_ < kHeader + length_) return;
    ++frames_;
    at_ = length_ = 0;
  }
  size_t frames() const { return frames_; }  // Whole ones.
  size_t bytes() const { return at_; }       // Of the next one.

 private:
  static constexpr size_t kHeader = 9;
  size_t frames_ = 0;
  size_t at_ = 0;
  size_t length_ = 0;
};

}  // namespace tactic::testing
