// Matchers for absl::Status, absl::StatusOr<T> and tactic::Result<T>. (Abseil has its own from
// 20240722 on; Debian 12 ships 20220623.)
//
//   EXPECT_THAT(store.Put(decision), IsOk());
//   EXPECT_THAT(store.Find(key), IsOkAndHolds(Eq(decision)));
//   EXPECT_THAT(store.Find(other), StatusIs(absl::StatusCode::kNotFound, HasSubstr("gemm")));
//   EXPECT_THAT(DecodeKey(""), ErrorIs(ErrorCode::kDataLoss, HasSubstr("truncated")));
#pragma once

#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "tactic/model/result.h"

namespace tactic {

inline void PrintTo(ErrorCode code, std::ostream* out) {
  constexpr const char* kNames[] = {"InvalidArgument", "FailedPrecondition", "NotFound",
                                    "Unavailable",     "OutOfMemory",        "DataLoss",
                                    "Internal"};
  *out << kNames[static_cast<int>(code)];
}

inline void PrintTo(const Error& error, std::ostream* out) {
  PrintTo(error.code, out);
  *out << ": " << error.message;
}

template <typename T>
void PrintTo(const Result<T>& result, std::ostream* out) {
  if (result.ok()) {
    *out << "ok";
  } else {
    PrintTo(result.error(), out);
  }
}

namespace testing {
namespace internal {

inline absl::Status StatusOf(const absl::Status& status) { return status; }
template <typename T>
absl::Status StatusOf(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

inline std::string Describe(const absl::Status& status) { return status.ToString(); }
template <typename T>
std::string Describe(const absl::StatusOr<T>& status_or) {
  return status_or.status().ToString();
}
template <typename T>
std::string Describe(const Result<T>& result) {
  return ::testing::PrintToString(result);
}

template <typename Code, typename Message>
std::string DescribeCode(Code code, const Message& message, bool negation) {
  return (negation ? "is not " : "is ") + ::testing::PrintToString(code) + " whose message " +
         ::testing::DescribeMatcher<const std::string&>(message);
}

// Holds the inner matcher until the type of the value is known.
template <typename Inner>
class IsOkAndHoldsMatcher {
 public:
  explicit IsOkAndHoldsMatcher(Inner inner) : inner_(std::move(inner)) {}

  template <typename ResultOf>
  operator ::testing::Matcher<ResultOf>() const {  // NOLINT: implicit, as gMock needs it.
    return ::testing::Matcher<ResultOf>(new Impl<ResultOf>(inner_));
  }

 private:
  template <typename ResultOf>
  class Impl : public ::testing::MatcherInterface<ResultOf> {
   public:
    using T = std::decay_t<decltype(*std::declval<const std::decay_t<ResultOf>&>())>;

    explicit Impl(const Inner& inner) : inner_(::testing::SafeMatcherCast<const T&>(inner)) {}

    void DescribeTo(std::ostream* out) const override {
      *out << "is OK and holds what ";
      inner_.DescribeTo(out);
    }

    bool MatchAndExplain(ResultOf result, ::testing::MatchResultListener* why) const override {
      if (!result.ok()) {
        *why << "which is " << Describe(result);
        return false;
      }
      return inner_.MatchAndExplain(*result, why);
    }

   private:
    const ::testing::Matcher<const T&> inner_;
  };

  Inner inner_;
};

}  // namespace internal

MATCHER(IsOk, negation ? "is not OK" : "is OK") {
  *result_listener << "which is " << internal::Describe(arg);
  return arg.ok();
}

template <typename Inner>
internal::IsOkAndHoldsMatcher<std::decay_t<Inner>> IsOkAndHolds(Inner&& inner) {
  return internal::IsOkAndHoldsMatcher<std::decay_t<Inner>>(std::forward<Inner>(inner));
}

// Of absl::Status and StatusOr.
MATCHER_P2(StatusIs, code, message, internal::DescribeCode(code, message, negation)) {
  const absl::Status status = internal::StatusOf(arg);
  *result_listener << "which is " << status.ToString();
  return status.code() == code && ::testing::SafeMatcherCast<const std::string&>(message).Matches(
                                      std::string(status.message()));
}
template <typename Code>
auto StatusIs(Code code) {
  return StatusIs(code, ::testing::_);
}

// Of tactic::Result.
MATCHER_P2(ErrorIs, code, message, internal::DescribeCode(code, message, negation)) {
  *result_listener << "which is " << internal::Describe(arg);
  return !arg.ok() && arg.error().code == code &&
         ::testing::SafeMatcherCast<const std::string&>(message).Matches(arg.error().message);
}
template <typename Code>
auto ErrorIs(Code code) {
  return ErrorIs(code, ::testing::_);
}

}  // namespace testing
}  // namespace tactic
