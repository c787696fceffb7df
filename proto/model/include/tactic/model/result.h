// Result<T>: a value or an Error, for the libraries that use the standard library only.
// (std::expected is not in the compiler that Debian 12 ships; absl::StatusOr would pull Abseil into
// every inference process.)
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace tactic {

// What kind of failure; callers branch on the code, people read the message.
enum class ErrorCode {
  kInvalidArgument,  // The caller's input is wrong; the message names the field, its value and the
                     // bound.
  kFailedPrecondition,  // Right input, wrong state: an unsupported device, a version mismatch.
  kNotFound,
  kUnavailable,  // May succeed later.
  kOutOfMemory,
  kDataLoss,  // Stored or received bytes are damaged.
  kInternal,
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
};

inline Error InvalidArgument(std::string message) {
  return {ErrorCode::kInvalidArgument, std::move(message)};
}

// Holds a T or an Error. Check ok() before value(). Not thread-safe, like any value.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}  // NOLINT: implicit, so that `return value;` works.
  Result(Error error) : state_(std::move(error)) {}  // NOLINT: likewise `return Error{...};`.

  bool ok() const { return state_.index() == 0; }
  const T& value() const& { return std::get<0>(state_); }
  T& value() & { return std::get<0>(state_); }
  // By value, so that `for (x : MakeResult().value())` keeps what it walks over alive.
  T value() && { return std::get<0>(std::move(state_)); }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

// The result of something that has no value to give: ok, or an Error.
using Check = Result<std::monostate>;
inline Check Ok() { return std::monostate{}; }

}  // namespace tactic
