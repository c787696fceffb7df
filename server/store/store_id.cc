#include "server/store/store_id.h"

#include <cstdint>
#include <random>

#include "absl/strings/str_format.h"

namespace tactic {

std::string NewStoreId() {
  std::random_device random;
  const auto word = [&random] { return uint64_t{random()} << 32 | random(); };
  const uint64_t high = word();
  const uint64_t low = word();
  // Version 4 and variant 1 of RFC 4122.
  return absl::StrFormat("%08x-%04x-4%03x-%04x-%012x", high >> 32, high >> 16 & 0xffff,
                         high & 0xfff, (low >> 48 & 0x3fff) | 0x8000, low & 0xffffffffffff);
}

}  // namespace tactic
