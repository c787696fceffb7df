// The edge of the C interface: errors become a status and a text, exceptions do not pass, and
// structs of other versions are read and written as far as both sides know them.
#pragma once

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>

#include "tactic/model/result.h"
#include "tactic/tactic.h"

namespace tactic::c {

// Keeps the text for tactic_last_error, without allocating.
tactic_status Fail(tactic_status status, std::string_view text) noexcept;
tactic_status Fail(const Error& error) noexcept;
inline tactic_status StatusOf(const Check& check) noexcept {
  return check.ok() ? TACTIC_OK : Fail(check.error());
}

// Why the program's callback called `name` returned this, with the text it gave to tactic_fail.
Check CheckCallback(const char* name, tactic_status status);
// Runs `body`, which calls it and gives its status. What earlier failures left is forgotten first.
template <typename Body>
Check CallBack(const char* name, Body body) {
  Fail(TACTIC_OK, "");
  return CheckCallback(name, body());
}

// Runs `body`, which returns a Check.
template <typename Body>
tactic_status Guard(Body body) noexcept {
  try {
    return StatusOf(body());
  } catch (const std::bad_alloc&) {
    return Fail(TACTIC_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    return Fail(TACTIC_INTERNAL, error.what());
  } catch (...) {
    return Fail(TACTIC_INTERNAL, "an exception of unknown type");
  }
}

Error WrongStructSize(const char* name, size_t size, size_t known);

// A struct that the caller filled in, as this library knows it: what an older caller does not have
// is zero.
template <typename Struct>
Result<Struct> ReadStruct(const char* name, const Struct* from) {
  constexpr size_t kKnown = sizeof(Struct);
  if (from == nullptr) return InvalidArgument(std::string(name) + " is NULL");
  const size_t size = from->struct_size;
  if (size < sizeof(size_t)) return WrongStructSize(name, size, kKnown);
  const auto* bytes = reinterpret_cast<const unsigned char*>(from);
  for (size_t i = kKnown; i < size; ++i) {
    if (bytes[i] != 0) return WrongStructSize(name, size, kKnown);
  }
  Struct known{};
  std::memcpy(&known, from, std::min(size, kKnown));
  return known;
}

// Fills a struct of the caller's as far as he knows it. False: NULL, or its size was not set.
template <typename Struct>
[[nodiscard]] bool WriteStruct(Struct filled, Struct* to) noexcept {
  if (to == nullptr || to->struct_size < sizeof(size_t)) return false;
  filled.struct_size = to->struct_size;
  std::memcpy(static_cast<void*>(to), &filled, std::min(filled.struct_size, sizeof(Struct)));
  return true;
}
template <typename Struct>
Check WriteStructOrFail(const char* name, const Struct& filled, Struct* to) {
  if (WriteStruct(filled, to)) return Ok();
  return InvalidArgument(std::string(name) +
                         (to == nullptr ? " is NULL" : ".struct_size is not set; use TACTIC_INIT"));
}

// `text`, cut to fit `size` bytes with its NUL; its whole length. Nothing is written to no bytes.
size_t CopyText(std::string_view text, char* to, size_t size) noexcept;
template <size_t kSize>
void CopyText(std::string_view text, char (&to)[kSize]) noexcept {
  CopyText(text, to, kSize);
}

}  // namespace tactic::c
