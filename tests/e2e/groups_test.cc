// Eight processes agree while decisions come in, one is paused, one is killed, and one cannot reach
// the daemon: whoever passed the same agreement answers alike, at every step.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <random>
#include <set>

#include "tests/e2e/fixture.h"

namespace tactic::e2e {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr size_t kMembers = 8;
constexpr int kShapes = 6;
constexpr char kPatient[] = "agree 50000";
constexpr char kHasty[] = "agree 700";

class GroupsTest : public EndToEnd {
 protected:
  GroupsTest() : members_(kMembers), at_(kMembers) {}

  // The last member reaches the daemon by a name of its own, which can be taken away.
  std::filesystem::path own_socket() const { return directory() / "own.sock"; }
  void GiveOwnSocket() const {
    std::filesystem::create_symlink(directory() / "d.sock", own_socket());
  }

  void StartMember(size_t i) {
    const std::string to = i + 1 == kMembers ? "unix:" + own_socket().string() : target();
    members_[i] = std::make_unique<Process>(std::vector<std::string>{
        Program("group_member"), to, "g", "rank-" + std::to_string(i), std::to_string(kMembers)});
    at_[i] = "";
  }
  void StartAll() {
    StartDaemon();
    GiveOwnSocket();
    for (size_t i = 0; i < kMembers; ++i) StartMember(i);
  }

  void Ask(size_t i, const std::string& line) {
    members_[i]->WriteLine(line);
    at_[i] = "";  // Until it has answered, it stands at none.
  }
  // The answer to `agree`; notes where the member stands.
  std::string Hear(size_t i, const std::string& before) {
    const std::string answer = members_[i]->ReadLine().value_or("gone");
    if (answer.starts_with("passed")) at_[i] = answer;
    if (answer.starts_with("not_passed")) at_[i] = before;
    return answer;
  }
  // All of `who` call Agree at the same time.
  std::vector<std::string> Agree(const std::vector<size_t>& who, const std::string& line) {
    std::map<size_t, std::string> before;
    for (const size_t i : who) before[i] = at_[i];
    for (const size_t i : who) Ask(i, line);
    std::vector<std::string> answers;
    for (const size_t i : who) answers.push_back(Hear(i, before[i]));
    return answers;
  }
  void AgreeAll() {
    const auto answers = Agree(Who(), kPatient);
    EXPECT_THAT(answers[0], StartsWith("passed"));
    EXPECT_THAT(answers, Each(answers[0]));
  }
  static std::vector<size_t> Who(const std::vector<size_t>& without = {}) {
    std::vector<size_t> who;
    for (size_t i = 0; i < kMembers; ++i) {
      if (std::find(without.begin(), without.end(), i) == without.end()) who.push_back(i);
    }
    return who;
  }

  std::string ChoicesOf(size_t i) {
    std::string choices;
    for (int m = 1; m <= kShapes; ++m) {
      members_[i]->WriteLine("choose " + std::to_string(m));
      choices += members_[i]->ReadLine().value_or("gone") + "\n";
    }
    return choices;
  }
  // Who stands at an agreement stands at the same one, and answers alike. What they answer.
  std::string ExpectAlike(const std::vector<size_t>& who) {
    std::string where, choices;
    for (const size_t i : who) {
      if (at_[i].empty()) continue;
      const std::string mine = ChoicesOf(i);
      if (choices.empty()) choices = mine, where = at_[i];
      EXPECT_EQ(at_[i], where) << "rank-" << i;
      EXPECT_EQ(mine, choices) << "rank-" << i;
    }
    return choices;
  }
  void TuneAgain(int m) {
    const std::string rows = std::to_string(m);
    EXPECT_EQ(Ctl({"tune", "gemm", "--m", rows, "--n", "64", "--k", "64", "--again"}).exit.code, 0);
  }

  std::vector<std::unique_ptr<Process>> members_;
  std::vector<std::string> at_;  // What each passed last; empty: stands at none.
};

TEST_F(GroupsTest, AgreeWhileDecisionsComeIn) {
  StartAll();
  const std::string job = TuneDetached("1..6");
  std::set<std::string> seen;
  for (int round = 0; round < 6; ++round) {
    AgreeAll();
    seen.insert(ExpectAlike(Who()));
    TuneAgain(1 +
              round % kShapes);  // Changes what follows the store, not what the group agreed to.
    EXPECT_TRUE(seen.contains(ExpectAlike(Who())));
  }
  EXPECT_EQ(Ctl({"jobs", "watch", job}).exit.code, 0);
  AgreeAll();
  seen.insert(ExpectAlike(Who()));
  EXPECT_GT(seen.size(), 2u);
}

TEST_F(GroupsTest, OnePausedHoldsAllAtTheOldOne) {
  StartAll();
  TuneAgain(1);
  AgreeAll();
  const std::string old = ExpectAlike(Who());
  TuneAgain(2);
  members_[3]->Signal(SIGSTOP);
  for (const std::string& answer : Agree(Who({3}), kHasty)) {
    EXPECT_THAT(answer, StartsWith("not_passed"));
    EXPECT_THAT(answer, HasSubstr("7 of 8 members"));
  }
  EXPECT_EQ(ExpectAlike(Who({3})), old);
  members_[3]->Signal(SIGCONT);
  EXPECT_EQ(ExpectAlike(Who()), old);
  AgreeAll();
  EXPECT_NE(ExpectAlike(Who()), old);
}

TEST_F(GroupsTest, OneKilledIsReplaced) {
  StartAll();
  TuneAgain(1);
  AgreeAll();
  const std::string old = ExpectAlike(Who());
  TuneAgain(2);
  members_[4]->Signal(SIGKILL);
  EXPECT_THAT(Agree(Who({4}), kHasty), Each(StartsWith("not_passed")));
  EXPECT_EQ(ExpectAlike(Who({4})), old);
  StartMember(4);
  AgreeAll();
  EXPECT_NE(ExpectAlike(Who()), old);
}

TEST_F(GroupsTest, OneThatCannotReachTheDaemonHoldsAllAtTheOldOne) {
  StartAll();
  TuneAgain(1);
  AgreeAll();
  const std::string old = ExpectAlike(Who());
  TuneAgain(2);
  std::filesystem::remove(own_socket());
  KillDaemon();
  StartDaemon();
  EXPECT_THAT(Agree(Who(), "agree 3000"), Each(StartsWith("not_passed")));
  EXPECT_EQ(ExpectAlike(Who()), old);
  GiveOwnSocket();
  AgreeAll();
  EXPECT_NE(ExpectAlike(Who()), old);
}

TEST_F(GroupsTest, WhateverHappensInTheMiddle) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  StartAll();
  TuneDetached("1..12");
  AgreeAll();
  for (int round = 0; round < 12; ++round) {
    std::map<size_t, std::string> before;
    for (size_t i = 0; i < kMembers; ++i) before[i] = at_[i];
    for (size_t i = 0; i < kMembers; ++i) Ask(i, "agree 2000");
    const size_t victim = random() % kMembers;
    // While they agree, at a moment that nobody chose.
    const int fault = static_cast<int>(random() % 4);
    if (fault == 0) members_[victim]->Signal(SIGKILL);
    if (fault == 1) members_[victim]->Signal(SIGSTOP);
    if (fault == 2) KillDaemon(), StartDaemon();
    for (size_t i = 0; i < kMembers; ++i) {
      if (i == victim && fault == 0) StartMember(i);
      if (i == victim && fault < 2) continue;
      EXPECT_NE(Hear(i, before[i]), "gone");
    }
    if (fault == 1) {
      members_[victim]->Signal(SIGCONT);
      Hear(victim, before[victim]);
    }
    ExpectAlike(Who());
  }
  AgreeAll();
  ExpectAlike(Who());
}

}  // namespace
}  // namespace tactic::e2e
