// The frame decoder. The first byte of the input is how many bytes are fed at a time; the stream is
// the rest. However it is cut, the same payloads come out, and an error sticks. The same payloads,
// framed anew, come back.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "proto/wire/frame.h"
#include "tests/fuzz/require.h"

namespace tactic::fuzz {
namespace {

struct Outcome {
  std::vector<std::string> payloads;
  std::string error;
  bool operator==(const Outcome&) const = default;
};

Outcome Decode(std::string_view stream, size_t step) {
  Outcome outcome;
  wire::FrameDecoder decoder;
  while (!stream.empty()) {
    const size_t size = std::min(step, stream.size());
    decoder.Feed(stream.substr(0, size));
    stream.remove_prefix(size);
    for (;;) {
      Result<std::optional<std::string>> next = decoder.Next();
      if (!next.ok()) {
        outcome.error = next.error().message;
        decoder.Feed("more");
        Require(!decoder.Next().ok(), "an error sticks");
        return outcome;
      }
      if (!*next) break;
      outcome.payloads.push_back(**std::move(next));
    }
  }
  return outcome;
}

void Try(std::string_view stream, size_t step) {
  const Outcome whole = Decode(stream, stream.size());
  Require(Decode(stream, step) == whole, "the cut does not matter");
  std::string again;
  for (const std::string& payload : whole.payloads) again += *wire::EncodeFrame(payload);
  Require(again == stream.substr(0, again.size()), "a payload has one frame");
  // Bytes that are no frame at all, sent as a payload, so that the checksum's far side is reached.
  const std::string framed = *wire::EncodeFrame(stream);
  Require(Decode(framed, step) == Outcome{{std::string(stream)}, ""}, "a frame comes back");
}

}  // namespace
}  // namespace tactic::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  tactic::fuzz::Try(input.substr(1), size_t{data[0]} + 1);
  return 0;
}
