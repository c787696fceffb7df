// The table file. Bytes as they come, and the same bytes with a right magic, length and checksum,
// so that what is behind the checksum is reached: what is accepted is read whole, and not outside.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <variant>

#include "proto/table/view.h"
#include "tactic/model/codec.h"
#include "tests/fuzz/require.h"
#include "tests/table/aligned_copy.h"
#include "tests/table/read_all.h"

namespace tactic::fuzz {
namespace {

void Try(std::string_view bytes) {
  const testing::AlignedCopy copy(bytes);
  const auto parsed = table::View::Parse(copy.view());
  if (const auto* view = std::get_if<table::View>(&parsed)) {
    Require(testing::ReadAll(*view) == testing::ReadAll(*view), "reading twice is the same");
  } else {
    Require(!std::get<table::Refusal>(parsed).message.empty(), "a refusal says why");
  }
}

// REQUIRES: a header's bytes at least.
std::string Sealed(std::string_view bytes) {
  std::string sealed(bytes);
  table::Header header;
  const uint64_t size = bytes.size();
  std::memcpy(sealed.data(), &header, offsetof(table::Header, checksum));
  std::memcpy(sealed.data() + offsetof(table::Header, file_bytes), &size, sizeof(size));
  constexpr size_t kSummed = offsetof(table::Header, checksum) + sizeof(uint64_t);
  const uint64_t sum = Checksum(std::string_view(sealed).substr(kSummed));
  std::memcpy(sealed.data() + offsetof(table::Header, checksum), &sum, sizeof(sum));
  return sealed;
}

}  // namespace
}  // namespace tactic::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool sealed = data[0] % 2 != 0 && input.size() >= sizeof(tactic::table::Header);
  if (sealed) {
    tactic::fuzz::Try(tactic::fuzz::Sealed(input));
  } else {
    tactic::fuzz::Try(input);
  }
  return 0;
}
