#include "tactic/sdk/environment.h"

#include <cstdlib>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tactic/model/problem.h"

namespace tactic::sdk {
namespace {

constexpr const char* kName = "TACTIC_TEST_CANDIDATES";

size_t Read(const char* text) {
  setenv(kName, text, 1);
  return CandidatesFromEnvironment(kName, 200);
}

TEST(CandidatesFromEnvironment, TakesWhatIsAskedForUpToWhatAContestHolds) {
  unsetenv(kName);
  EXPECT_EQ(CandidatesFromEnvironment(kName, 200), 200u);
  EXPECT_EQ(Read("1"), 1u);
  EXPECT_EQ(Read("3300"), 3300u);
  EXPECT_EQ(Read("1000000"), limits::kCandidates);
}

TEST(CandidatesFromEnvironment, SaysWhatIsNoNumberAndGoesOn) {
  for (const char* const text : {"", "0", "-1", "many", "12x", "99999999999999999999"}) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(Read(text), 200u) << text;
    EXPECT_THAT(::testing::internal::GetCapturedStderr(),
                ::testing::HasSubstr("TACTIC_TEST_CANDIDATES is '" + std::string(text) +
                                     "'; it must be 1 to 4096; 200 are taken"));
  }
}

}  // namespace
}  // namespace tactic::sdk
