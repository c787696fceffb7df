// Decoders of stored values. The first byte of the input picks the decoder. What decodes must
// encode to the very bytes it came from.
#include <cstddef>
#include <cstdint>

#include "tactic/model/codec.h"
#include "tests/fuzz/require.h"

namespace tactic::fuzz {
namespace {

template <typename T>
void Try(Result<T> (*decode)(std::string_view), std::string_view bytes) {
  const Result<T> value = decode(bytes);
  if (value.ok()) {
    Require(Encode(*value) == bytes, "what decodes encodes to the same bytes");
  } else {
    Require(value.error().code == ErrorCode::kDataLoss, "damage is DataLoss");
  }
}

void TryOne(uint8_t which, std::string_view bytes) {
  switch (which) {
    case 0:
      return Try(DecodeKey, bytes);
    case 1:
      return Try(DecodeEnvironment, bytes);
    case 2:
      return Try(DecodeCandidate, bytes);
    case 3:
      return Try(DecodeRanking, bytes);
    case 4:
      return Try(DecodeSamples, bytes);
    default:
      return;
  }
}

}  // namespace
}  // namespace tactic::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  tactic::fuzz::TryOne(data[0], input.substr(1));
  return 0;
}
