// docs/choosing.md: its code is what runs here, line by line, and its output is what comes out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tactic/cache.h"
#include "tactic/capture.h"
#include "tactic/host_runners.h"
#include "tests/client/gemm_op.h"

namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Read(const std::string& file) {
  std::ifstream in(std::string(TACTIC_SOURCE_DIR) + "/" + file);
  EXPECT_TRUE(in.good()) << file;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// The lines of `text` without the blanks around them; those that are empty then are left out.
std::string Squeezed(const std::string& text) {
  std::istringstream lines(text);
  std::string squeezed;
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find_first_not_of(' ');
    if (first == std::string::npos) continue;
    squeezed += line.substr(first, line.find_last_not_of(' ') - first + 1) + '\n';
  }
  return squeezed;
}

// The blocks of docs/choosing.md that are marked with `language`.
std::vector<std::string> Blocks(const std::string& language) {
  const std::string doc = Read("docs/choosing.md");
  const std::string open = "```" + language + "\n";
  std::vector<std::string> blocks;
  for (size_t at = doc.find(open); at != std::string::npos; at = doc.find(open, at)) {
    at += open.size();
    blocks.push_back(doc.substr(at, doc.find("```", at) - at));
  }
  return blocks;
}

TEST(ChoosingDocBlocksTest, EveryBlockOfCodeStandsInThisFile) {
  const std::string source = Squeezed(Read("tests/client/choosing_doc_test.cc"));
  const auto blocks = Blocks("cpp");
  EXPECT_EQ(blocks.size(), 4u);
  for (const std::string& block : blocks) EXPECT_THAT(source, HasSubstr(Squeezed(block)));
}

class ChoosingDocTest : public ::testing::Test {
 protected:
  ChoosingDocTest() {
    tactic::RegisterHostRunners(registry);
    tactic::OpSpec spec = tactic::testing::GemmSpec({});
    for (const auto& runner : registry.Find("gemm")->runners) spec.runners.push_back(runner->Id());
    gemm.emplace(cache.Register(spec).value());
    cache.SetEnvironments(tactic::testing::Environments());
  }

  tactic::sdk::Registry registry;
  tactic::Cache cache;
  std::optional<tactic::OpHandle> gemm;
};

TEST_F(ChoosingDocTest, KeysAndBatches) {
  tactic::Decision decision = tactic::testing::DecisionFor(tactic::testing::GemmOf(4, 8, 16), 7, 1);
  decision.ranking[0].candidate = {registry.Find("gemm")->runners[0]->Id(), {}};
  cache.Replace({decision});
  // clang-format off
  tactic::Choice one = gemm->ChooseOne(tactic::ShapeKey({3, 8}, {8, 16}));

  const std::vector<tactic::ShapeKey> calls = {tactic::ShapeKey({3, 8}, {8, 16}),
                                               tactic::ShapeKey({3, 16}, {16, 8})};
  std::vector<tactic::Choice> choices(calls.size());
  gemm->ChooseEach(calls, choices);
  // clang-format on
  EXPECT_EQ(one.decision_id, 7u);
  EXPECT_EQ(choices[0].decision_id, 7u);
  EXPECT_EQ(cache.Statistics().misses, 1u);
}

TEST_F(ChoosingDocTest, Statistics) {
  for (const int64_t m : {13, 100, 13}) gemm->ChooseOne({{m, 64}, {64, 32}});
  for (int i = 0; i < 4; ++i) {
    tactic::TunedProfile tuned{"gemm", "gemm f32[8,64] f32[64,32]", true, "", 0.625, {}};
    if (i == 0) {
      tuned.failed.push_back({tuned.problem,
                              {tactic::testing::kBlocked, tactic::testing::TacticOf(96)},
                              tactic::Outcome::kWrongResult,
                              "element 7 is 2, the reference 1"});
    }
    cache.NoteTuned(tuned);
  }
  // clang-format off
  std::string report = tactic::ToText(cache.ByOp());  // For people;
  std::string json = tactic::ToJson(cache.ByOp());    // for programs: one object on one line.
  // clang-format on
  EXPECT_EQ(report, Blocks("text").at(0));
  EXPECT_THAT(json, HasSubstr(R"("misses":3)"));
}

TEST_F(ChoosingDocTest, CaptureAndReplay) {
  std::set<std::pair<int, std::string>> ran;
  const auto layer = [&] {
    const tactic::Choice choice = gemm->ChooseOne({{3, 8}, {8, 16}});
    ran.emplace(choice.runner, choice.tactic().ToText());
  };
  // clang-format off
  const auto candidates_of = [&](const tactic::CapturedCall& call) {
    const tactic::Problem problem = call.op.ProblemOf(call.shapes).value();
    const auto& runners = registry.Find(problem.op)->runners;
    std::vector<tactic::ForcedChoice> choices;
    for (int r = 0; r < static_cast<int>(runners.size()); ++r) {
      choices.push_back({r, {}});  // The default.
      for (const tactic::Tactic& tactic : runners[r]->Tactics(problem)) choices.push_back({r, tactic});
    }
    return choices;
  };
  tactic::Capture capture(cache);
  layer();
  capture.Stop();
  const tactic::CombinationList all = capture.Combinations(candidates_of).value();
  for (size_t i = 0; i < all.size(); ++i) {
    const tactic::Replay replay(cache, capture, all[i]);
    layer();
    if (!replay.Status().ok()) throw std::logic_error(replay.Status().error().message);
  }
  // clang-format on
  EXPECT_EQ(ran.size(), all.size());
  EXPECT_GT(all.size(), 10u);
}

TEST_F(ChoosingDocTest, Prime) {
  tactic::Decision decision = tactic::testing::DecisionFor(tactic::testing::GemmOf(8), 1, 1);
  decision.ranking[0].candidate = {registry.Find("gemm")->runners[0]->Id(), {}};
  cache.Replace({decision});
  std::vector<std::unique_ptr<tactic::sdk::Call>> loaded;
  // clang-format off
  const std::vector<tactic::Primed> primed = cache.Prime().value();
  for (const tactic::Primed& one : primed) {
    const auto& runner = registry.Find(one.problem.op)->runners[one.choice.runner];
    loaded.push_back(runner->Prepare(one.problem, one.choice.tactic()).value());
  }
  // clang-format on
  EXPECT_EQ(loaded.size(), 1u);
}

}  // namespace
