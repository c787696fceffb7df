// The program: its output, its exit codes, its complaints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <zlib.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "nlohmann/json.hpp"

namespace tactic {
namespace {

using ::testing::HasSubstr;

constexpr char kTrace[] = TACTIC_TEST_DATA "/h200_gemm_small.csv";

struct Ran {
  int code = -1;
  std::string output;  // With what it complained.
};

Ran Replay(const std::string& arguments) {
  const std::string command = std::string(RACE_REPLAY) + " " + arguments + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  Ran ran;
  std::array<char, 4096> chunk{};
  while (const size_t got = fread(chunk.data(), 1, chunk.size(), pipe)) {
    ran.output.append(chunk.data(), got);
  }
  const int status = pclose(pipe);
  if (WIFEXITED(status)) ran.code = WEXITSTATUS(status);
  return ran;
}

// A file of this test's own, gone with it.
class TraceFile {
 public:
  explicit TraceFile(const std::string& content, const std::string& name = "trace.csv")
      : path_(std::filesystem::path(testing::TempDir()) /
              (testing::UnitTest::GetInstance()->current_test_info()->name() + name)) {
    std::ofstream(path_) << content;
  }
  ~TraceFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

std::string Content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(RaceReplay, PrintsOneJsonObjectWithTheAgreedKeys) {
  const Ran ran = Replay(std::string(kTrace) + " --json --repeats 3");
  ASSERT_EQ(ran.code, 0) << ran.output;
  const auto json = nlohmann::json::parse(ran.output);
  for (const char* key : {"problems", "mean_regret_pct", "median_regret_pct", "p95_regret_pct",
                          "max_regret_pct", "within_1pct", "cost_ratio", "repeat_within_1pct",
                          "repeat_with_incumbent", "interval_coverage", "aa_false_rate"}) {
    EXPECT_TRUE(json.contains(key) && json[key].is_number()) << key;
  }
  EXPECT_EQ(json["problems"], 6);
}

TEST(RaceReplay, ReadsPackedTracesAndGivesTheSameAnswer) {
  const TraceFile packed("", "trace.csv.gz");
  const std::string text = Content(kTrace);
  gzFile file = gzopen(packed.path().c_str(), "wb");
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(gzwrite(file, text.data(), static_cast<unsigned>(text.size())),
            static_cast<int>(text.size()));
  gzclose(file);
  const Ran plain = Replay(std::string(kTrace) + " --json --repeats 2 --sweep");
  const Ran unpacked = Replay(packed.path() + " --json --repeats 2 --sweep");
  EXPECT_EQ(plain.code, 0);
  EXPECT_EQ(plain.output, unpacked.output);
  const std::string bytes = Content(packed.path());
  const TraceFile cut(bytes.substr(0, bytes.size() / 2), "cut.csv.gz");
  EXPECT_EQ(Replay(cut.path()).code, 1);
  EXPECT_THAT(Replay(cut.path()).output, HasSubstr("cannot be read"));
}

TEST(RaceReplay, RunsEveryPolicyAndMode) {
  for (const char* policy : {"race", "fixed_count", "tunableop", "successive_halving"}) {
    const Ran ran = Replay(std::string(kTrace) + " --repeats 1 --mode cold --policy " + policy);
    EXPECT_EQ(ran.code, 0) << ran.output;
    EXPECT_THAT(ran.output, HasSubstr("regret, mean"));
  }
}

TEST(RaceReplay, SaysWhatIsWrong) {
  const TraceFile bad("mode,m,n,k,candidate\ncold,1,2,3,0,66,10,35,2,0,1,x,0,1\n");
  EXPECT_EQ(Replay(bad.path()).code, 1);
  EXPECT_THAT(Replay(bad.path()).output, HasSubstr("line 2: cluster is 'x'"));
  EXPECT_EQ(Replay("/nonexistent/trace.csv").code, 1);
  EXPECT_THAT(Replay("/nonexistent/trace.csv").output, HasSubstr("No such file"));
  EXPECT_EQ(Replay(std::string(kTrace) + " --mode tepid").code, 1);
  EXPECT_THAT(Replay(std::string(kTrace) + " --mode tepid").output, HasSubstr("there are: cold"));
  EXPECT_EQ(Replay("").code, 2);
  EXPECT_EQ(Replay(std::string(kTrace) + " --policy luck").code, 2);
  EXPECT_EQ(Replay(std::string(kTrace) + " --policy do_bench --sweep").code, 2);
  EXPECT_EQ(Replay(std::string(kTrace) + " --set zone=much").code, 2);
}

TEST(RaceReplay, HelpsWithoutATrace) {
  const Ran ran = Replay("--help");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.output, HasSubstr("Exit: 0 done; 1"));
}

TEST(RaceReplay, WithNoValidCandidateSaysSo) {
  const TraceFile failed("cold,1,2,3,0,66,10,35,2,0,1,0,0\ncold,1,2,3,1,66,10,35,2,0,1,0,0,nan\n");
  const Ran ran = Replay(failed.path() + " --json");
  ASSERT_EQ(ran.code, 0) << ran.output;
  EXPECT_EQ(nlohmann::json::parse(ran.output)["undecided"], 2);
}

}  // namespace
}  // namespace tactic
