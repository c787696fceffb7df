#include "proto/wire/frame.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "tactic/model/codec.h"

namespace tactic::wire {
namespace {

constexpr std::array<char, 4> kMagic = {'T', 'C', 'T', 'F'};

template <typename T>
void PutLittleEndian(T value, char* out) {
  for (size_t i = 0; i < sizeof(T); ++i) out[i] = static_cast<char>((value >> (8 * i)) & 0xff);
}

template <typename T>
T GetLittleEndian(const char* in) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) value |= T{static_cast<unsigned char>(in[i])} << (8 * i);
  return value;
}

}  // namespace

Result<std::string> EncodeFrame(std::string_view payload) {
  if (payload.size() > kMaxFramePayload) {
    return InvalidArgument("frame payload is " + std::to_string(payload.size()) +
                           " bytes; at most " + std::to_string(kMaxFramePayload));
  }
  std::string frame(kFrameHeaderBytes, '\0');
  std::memcpy(frame.data(), kMagic.data(), kMagic.size());
  PutLittleEndian(static_cast<uint32_t>(payload.size()), frame.data() + 4);
  PutLittleEndian(Checksum(payload), frame.data() + 8);
  frame += payload;
  return frame;
}

void FrameDecoder::Feed(std::string_view bytes) {
  if (failed_) return;
  buffer_.erase(0, consumed_);
  consumed_ = 0;
  buffer_ += bytes;
}

Result<std::optional<std::string>> FrameDecoder::Next() {
  if (failed_) return *failed_;
  const std::string_view rest = std::string_view(buffer_).substr(consumed_);
  const auto fail = [this](std::string message) {
    failed_ = Error{ErrorCode::kDataLoss, std::move(message)};
    buffer_.clear();
    consumed_ = 0;
    return *failed_;
  };
  // Judged from the first byte on: rubbish that stops short of a header must not pass for a wait.
  if (std::memcmp(rest.data(), kMagic.data(), std::min(rest.size(), kMagic.size())) != 0) {
    return fail("frame: wrong magic");
  }
  if (rest.size() < kFrameHeaderBytes) return std::optional<std::string>();
  const auto length = GetLittleEndian<uint32_t>(rest.data() + 4);
  if (length > kMaxFramePayload) {
    return fail("frame: length " + std::to_string(length) + " is over the limit " +
                std::to_string(kMaxFramePayload));
  }
  if (rest.size() < kFrameHeaderBytes + length) return std::optional<std::string>();
  const std::string_view payload = rest.substr(kFrameHeaderBytes, length);
  if (Checksum(payload) != GetLittleEndian<uint64_t>(rest.data() + 8)) {
    return fail("frame: checksum differs");
  }
  consumed_ += kFrameHeaderBytes + length;
  return std::optional<std::string>(std::string(payload));
}

}  // namespace tactic::wire
