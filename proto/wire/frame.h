// Frames: the messages between the daemon and its worker, on a stream socket.
// Layout, little-endian: magic "TCTF" (4), payload length (4), XXH3-64 of the payload (8), payload.
// Standard library only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tactic/model/result.h"

namespace tactic::wire {

inline constexpr size_t kFrameHeaderBytes = 16;
inline constexpr size_t kMaxFramePayload = size_t{4} << 20;

// The frame of `payload`, which is at most kMaxFramePayload long (InvalidArgument otherwise).
Result<std::string> EncodeFrame(std::string_view payload);

// Cuts a byte stream back into payloads. Input is untrusted: a wrong magic, length or checksum is
// an Error, after which the stream is unusable and every call gives that Error. Holds at most one
// frame and what was fed last. Not thread-safe.
class FrameDecoder {
 public:
  void Feed(std::string_view bytes);
  // The next whole payload; nullopt when more bytes are needed.
  Result<std::optional<std::string>> Next();

 private:
  std::string buffer_;
  size_t consumed_ = 0;
  std::optional<Error> failed_;
};

}  // namespace tactic::wire
