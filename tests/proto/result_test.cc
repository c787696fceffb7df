#include "tactic/model/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace tactic {
namespace {

Result<std::vector<std::string>> ThreeNames() {
  return std::vector<std::string>{"a name too long for the small string buffer", "b", "c"};
}

TEST(Result, ATemporarysValueOutlivesIt) {
  // A reference into the temporary would dangle here.
  static_assert(std::is_same_v<decltype(ThreeNames().value()), std::vector<std::string>>);
  static_assert(std::is_same_v<decltype(*ThreeNames()), std::vector<std::string>>);
  std::string all;
  for (const std::string& name : ThreeNames().value()) all += name.front();
  for (const std::string& name : *ThreeNames()) all += name.front();
  EXPECT_EQ(all, "abcabc");
}

TEST(Result, AValueThatOnlyMovesCanBeTaken) {
  Result<std::unique_ptr<int>> held = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = std::move(held).value();
  EXPECT_EQ(*taken, 7);
}

TEST(Result, HoldsTheErrorInsteadOfAValue) {
  const Result<int> failed = InvalidArgument("m is 0; it must be at least 1");
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(failed.error().message, "m is 0; it must be at least 1");
}

}  // namespace
}  // namespace tactic
