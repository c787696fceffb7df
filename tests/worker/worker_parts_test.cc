// The worker's parts that need no worker: arguments and the list of candidates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "runners/timing/candidates.h"
#include "runners/worker/arguments.h"
#include "tests/worker/menu_runner.h"

namespace tactic {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<WorkerArguments> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "tacticd-worker");
  return ParseWorkerArguments(static_cast<int>(arguments.size()), arguments.data());
}

TEST(WorkerArguments, AreRead) {
  const auto arguments = Parse({"--channel-fd=3", "--journal-fd=4", "--device=host"});
  ASSERT_TRUE(arguments.ok());
  EXPECT_EQ(arguments->channel_fd, 3);
  EXPECT_EQ(arguments->journal_fd, 4);
  EXPECT_EQ(arguments->device, "host");
}

TEST(WorkerArguments, ErrorsNameTheArgument) {
  EXPECT_THAT(Parse({}).error().message, HasSubstr("--channel-fd is missing"));
  EXPECT_THAT(Parse({"--channel-fd=3"}).error().message, HasSubstr("--journal-fd is missing"));
  EXPECT_THAT(Parse({"--channel-fd=2"}).error().message, HasSubstr("'2'"));
  EXPECT_THAT(Parse({"--channel-fd=3x"}).error().message, HasSubstr("'3x'"));
  EXPECT_THAT(Parse({"--channel-fd"}).error().message, HasSubstr("''"));
  EXPECT_THAT(Parse({"--journal-fd=99999999999"}).error().message, HasSubstr("99999999999"));
  EXPECT_THAT(Parse({"extra"}).error().message, HasSubstr("unknown argument 'extra'"));
}

TEST(WorkerArguments, HelpNeedsNothingElse) {
  EXPECT_TRUE(Parse({"--help"})->help);
  EXPECT_TRUE(Parse({"--version"})->version);
}

std::unique_ptr<MenuRunner> Menu(std::string name, std::vector<std::string> dishes) {
  std::vector<std::pair<std::string, MenuRunner::Body>> menu;
  for (std::string& dish : dishes) menu.emplace_back(std::move(dish), timing::Add);
  return std::make_unique<MenuRunner>(std::move(name), std::move(menu));
}

std::vector<std::string> Texts(const CandidateList& list) {
  std::vector<std::string> texts;
  for (const Candidate& candidate : list.candidates) {
    texts.push_back(candidate.runner.name + " " + candidate.tactic.StringOr("do", "-"));
  }
  return texts;
}

TEST(ListCandidates, TakesDefaultsThenTacticsInTurn) {
  const auto a = Menu("a", {"1", "2", "3"});
  const auto b = Menu("b", {"x"});
  const auto list = ListCandidates({a.get(), b.get()}, timing::AddProblem());
  EXPECT_THAT(Texts(list), ElementsAre("a -", "b -", "a 1", "b x", "a 2", "a 3"));
  EXPECT_EQ(list.runners[3], b.get());
  EXPECT_EQ(list.Find({{"a", "1"}, Dish("2")}), 4);
  EXPECT_EQ(list.Find({{"a", "2"}, Dish("2")}), std::nullopt);
}

TEST(ListCandidates, LeavesOutRepeatsAndWhatBreaksTheLimits) {
  const auto runner = Menu("a", {"1", "1", std::string(300, 'x'), "\xff", "2"});
  const auto list = ListCandidates({runner.get()}, timing::AddProblem());
  EXPECT_THAT(Texts(list), ElementsAre("a -", "a 1", "a 2"));
}

TEST(ListCandidates, EndsAtTheLimit) {
  std::vector<std::string> dishes;
  for (size_t i = 0; i < limits::kCandidates + 10; ++i) dishes.push_back(std::to_string(i));
  const auto runner = Menu("a", std::move(dishes));
  const auto list = ListCandidates({runner.get()}, timing::AddProblem());
  EXPECT_EQ(list.candidates.size(), limits::kCandidates);
}

class ThrowingRunner : public MenuRunner {
 public:
  ThrowingRunner() : MenuRunner("throws", {}) {}
  std::vector<Tactic> Tactics(const Problem&) const override { throw std::runtime_error("no"); }
};

TEST(ListCandidates, ARunnerThatThrowsHasItsDefaultOnly) {
  const ThrowingRunner runner;
  const auto list = ListCandidates({&runner}, timing::AddProblem());
  EXPECT_THAT(Texts(list), ElementsAre("throws -"));
}

TEST(SelectRunners, ByNameInTheOrderAsked) {
  sdk::Registry registry;
  registry.Add(std::make_unique<timing::AddOp>());
  registry.Add("add", Menu("a", {}));
  registry.Add("add", Menu("b", {}));
  const sdk::Registry::Entry& entry = *registry.Find("add");
  EXPECT_EQ(SelectRunners(entry, {})->front()->Id().name, "a");
  const auto chosen = SelectRunners(entry, {"b", "a", "b"});
  ASSERT_TRUE(chosen.ok());
  ASSERT_EQ(chosen->size(), 2u);
  EXPECT_EQ(chosen->front()->Id().name, "b");
  EXPECT_THAT(SelectRunners(entry, {"c"}).error().message,
              HasSubstr("'c' is unknown to this op; it has: a, b"));
}

TEST(TieRanks, DoNotDependOnTheList) {
  const Candidate a{{"a", "1"}, Dish("1")};
  const Candidate b{{"a", "1"}, Dish("2")};
  const Candidate c{{"b", "1"}, {}};
  EXPECT_THAT(TieRanks({a, b, c}), ElementsAre(0, 1, 2));
  EXPECT_THAT(TieRanks({c, a, b}), ElementsAre(2, 0, 1));
}

}  // namespace
}  // namespace tactic
