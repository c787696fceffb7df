// What a callback that failed becomes in code that may throw.
#pragma once

#include <new>
#include <stdexcept>

#include "client/c/error.h"

namespace tactic::c {

[[noreturn]] inline void Throw(const Error& error) {
  if (error.code == ErrorCode::kOutOfMemory) throw std::bad_alloc();
  throw std::runtime_error(error.message);
}
inline void ThrowUnless(const Check& check) {
  if (!check.ok()) Throw(check.error());
}

}  // namespace tactic::c
