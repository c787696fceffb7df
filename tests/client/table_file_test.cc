// A cache that answers from a table file: what it finds, what it ignores, and how it changes over.
#include "tests/client/table_file.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tactic/cache.h"
#include "tests/client/gemm_op.h"
#include "tests/support/temp_dir.h"

namespace tactic {
namespace {

using std::chrono::seconds;
using testing::DecisionFor;
using testing::GemmOf;
using testing::GemmSpec;
using testing::HostEnvironment;
using testing::kBlocked;
using testing::kByHand;
using testing::kOpenBlas;
using testing::PublishTable;
using testing::TableFacts;
using testing::TableImage;
using testing::TacticOf;

class TableFileTest : public ::testing::Test {
 protected:
  void Publish(const std::vector<Decision>& decisions, const table::Facts& facts) {
    PublishTable(path_, TableImage(decisions, facts));
  }
  void Publish(const std::string& image) { PublishTable(path_, image); }

  testing::TempDir directory_;
  const std::string path_ = directory_ / "tacticd.table";
  Cache cache_;
};

TEST_F(TableFileTest, AnswersWithoutADaemon) {
  Publish({DecisionFor(GemmOf(8), 1, 1), DecisionFor(GemmOf(16), 2, 2)}, TableFacts(2));
  const OpHandle gemm = cache_.Register(GemmSpec()).value();
  ASSERT_FALSE(gemm.ChooseOne({{7, 64}, {64, 32}}).hit);
  ASSERT_TRUE(cache_.OpenTable(path_, kByHand).ok());

  const Choice at_7 = gemm.ChooseOne({{7, 64}, {64, 32}});
  EXPECT_TRUE(at_7.hit);
  EXPECT_EQ(at_7.runner, 0);
  EXPECT_EQ(at_7.decision_id, 1u);
  EXPECT_EQ(at_7.tactic(), TacticOf(1));
  EXPECT_EQ(gemm.ChooseOne({{16, 64}, {64, 32}}).decision_id, 2u);
  EXPECT_FALSE(gemm.ChooseOne({{32, 64}, {64, 32}}).hit);
  EXPECT_FALSE(gemm.ChooseOne({{7, 64}, {64, 33}}).hit);

  const TableStatistics table = cache_.OfTable();
  EXPECT_TRUE(table.open);
  EXPECT_EQ(table.store_id, "a-store");
  EXPECT_EQ(table.revision, 2u);
  EXPECT_EQ(table.created_unix_ms, 1'800'000'000'000);
  EXPECT_EQ(table.decisions, 2u);
  EXPECT_EQ(table.foreign_environment, 0u);
  EXPECT_EQ(table.opened, 1u);
}

TEST_F(TableFileTest, AnOpRegisteredLaterIsAnsweredToo) {
  Publish({DecisionFor(GemmOf(8), 1, 1)}, TableFacts(1));
  ASSERT_TRUE(cache_.OpenTable(path_, kByHand).ok());
  EXPECT_TRUE(cache_.Register(GemmSpec())->ChooseOne({{8, 64}, {64, 32}}).hit);
}

TEST_F(TableFileTest, EachCallerGetsTheFirstRunnerThatItHas) {
  Publish({DecisionFor(GemmOf(8), 1, 1)}, TableFacts(1));
  ASSERT_TRUE(cache_.OpenTable(path_, kByHand).ok());
  const OpHandle reversed = cache_.Register(GemmSpec({kOpenBlas, kBlocked})).value();
  EXPECT_EQ(reversed.ChooseOne({{8, 64}, {64, 32}}).runner, 1);
  const OpHandle second_only = cache_.Register(GemmSpec({kOpenBlas})).value();
  const Choice choice = second_only.ChooseOne({{8, 64}, {64, 32}});
  EXPECT_TRUE(choice.hit);
  EXPECT_EQ(choice.runner, 0);
  EXPECT_EQ(choice.chosen, nullptr);
  const OpHandle neither = cache_.Register(GemmSpec({{"other", "1"}})).value();
  EXPECT_FALSE(neither.ChooseOne({{8, 64}, {64, 32}}).hit);
  EXPECT_EQ(cache_.Statistics().not_runnable, 1u);
}

// What a cache that was given the decisions answers, one that maps them answers.
TEST_F(TableFileTest, AnswersAsACacheThatWasGivenTheDecisions) {
  std::vector<Decision> decisions;
  const auto add = [&](Problem problem) {
    const uint64_t id = decisions.size() + 1;
    decisions.push_back(DecisionFor(std::move(problem), id, id));
  };
  for (int64_t m = 1; m <= 512; m *= 2) {
    for (int64_t k = 16; k <= 512; k += 16) add(GemmOf(m, k));
  }
  add(GemmOf(8, int64_t{1} << 33));  // A wide key.
  Problem absent = GemmOf(8);
  absent.inputs[1] = {DType::kAbsent, Layout::kRowMajor, {Dim::Static(0)}};
  add(absent);
  Problem half = GemmOf(4, 48);
  half.inputs[0].dtype = DType::kF16;
  add(half);
  Publish(decisions, TableFacts(decisions.size()));
  ASSERT_TRUE(cache_.OpenTable(path_, kByHand).ok());
  Cache given;
  given.SetEnvironments(testing::Environments());
  given.Replace(decisions);
  OpSpec half_spec = GemmSpec();
  half_spec.inputs[0].dtype = DType::kF16;
  for (const OpSpec& spec : {GemmSpec(), half_spec}) {
    const OpHandle mapped = cache_.Register(spec).value();
    const OpHandle expected = given.Register(spec).value();
    const auto compare = [&](std::initializer_list<Shape> shapes) {
      const Choice a = mapped.ChooseOne(shapes);
      const Choice b = expected.ChooseOne(shapes);
      EXPECT_EQ(a.hit, b.hit);
      EXPECT_EQ(a.runner, b.runner);
      EXPECT_EQ(a.decision_id, b.decision_id);
      EXPECT_EQ(a.tactic(), b.tactic());
    };
    for (int64_t m = 1; m <= 600; m += 3) {
      for (int64_t k = 8; k <= 520; k += 8) compare({{m, k}, {k, 32}});
    }
    compare({{5, int64_t{1} << 33}, {int64_t{1} << 33, 32}});
    compare({{8, 64}, {0}});
  }
  EXPECT_EQ(cache_.Statistics().hits, given.Statistics().hits);
  EXPECT_GT(cache_.Statistics().hits, 1000u);
}

TEST_F(TableFileTest, KnowsWhatIsMissingAndWhatToPrime) {
  Publish({DecisionFor(GemmOf(1), 1, 1), DecisionFor(GemmOf(4), 2, 2)}, TableFacts(2));
  ASSERT_TRUE(cache_.OpenTable(path_, kByHand).ok());
  const OpHandle gemm = cache_.Register(GemmSpec()).value();
  const auto missing = gemm.MissingProfiles({{4, 64}, {64, 32}});
  ASSERT_TRUE(missing.ok());
  ASSERT_EQ(missing->size(), 1u);  // Of 1, 2 and 4.
  EXPECT_EQ(missing->front().inputs[0].dims[0].opt, 2);

  cache_.Apply({DecisionFor(GemmOf(4), 9, 9)});  // Comes before the file.
  EXPECT_EQ(gemm.ChooseOne({{4, 64}, {64, 32}}).decision_id, 9u);
  const auto primed = cache_.Prime();
  ASSERT_TRUE(primed.ok());
  std::map<int64_t, uint64_t> ids;
  for (const Primed& one : *primed) {
    ids[one.problem.inputs[0].dims[0].opt] = one.choice.decision_id;
  }
  EXPECT_EQ(primed->size(), 2u);
  EXPECT_EQ(ids, (std::map<int64_t, uint64_t>{{1, 1}, {4, 9}}));
}

TEST_F(TableFileTest, ASnapshotEndsIt) {
  Publish({DecisionFor(GemmOf(8), 1, 1)}, TableFacts(1));
  ASSERT_TRUE(cache_.OpenTable(path_, kByHand).ok());
  const OpHandle gemm = cache_.Register(GemmSpec()).value();
  ASSERT_TRUE(gemm.ChooseOne({{8, 64}, {64, 32}}).hit);
  cache_.Replace({});  // The daemon has nothing: it may have been banned.
  EXPECT_FALSE(gemm.ChooseOne({{8, 64}, {64, 32}}).hit);
}

TEST_F(TableFileTest, DecisionsOfAnotherEnvironmentDoNotAnswer) {
  Decision foreign = DecisionFor(GemmOf(8), 1, 1);
  foreign.key.environment = HostEnvironment("2");
  Publish({foreign, DecisionFor(GemmOf(16), 2, 2)}, TableFacts(2));
  ASSERT_TRUE(cache_.OpenTable(path_, kByHand).ok());
  const OpHandle gemm = cache_.Register(GemmSpec()).value();
  EXPECT_FALSE(gemm.ChooseOne({{8, 64}, {64, 32}}).hit);
  EXPECT_TRUE(gemm.ChooseOne({{16, 64}, {64, 32}}).hit);
  EXPECT_EQ(cache_.OfTable().decisions, 1u);
  EXPECT_EQ(cache_.OfTable().foreign_environment, 1u);
  // What the program says comes before what the file says.
  cache_.SetEnvironments({{"gemm", HostEnvironment("2")}});
  EXPECT_TRUE(gemm.ChooseOne({{8, 64}, {64, 32}}).hit);
  EXPECT_FALSE(gemm.ChooseOne({{16, 64}, {64, 32}}).hit);
}

TEST_F(TableFileTest, TheEnvironmentOfAnotherHostIsNotTaken) {
  Publish({DecisionFor(GemmOf(8), 1, 1)}, TableFacts(1, /*of_this_host=*/false));
  ASSERT_TRUE(cache_.OpenTable(path_, kByHand).ok());
  const OpHandle gemm = cache_.Register(GemmSpec()).value();
  EXPECT_FALSE(gemm.ChooseOne({{8, 64}, {64, 32}}).hit);
  EXPECT_EQ(cache_.OfTable().foreign_environment, 1u);
  cache_.SetEnvironments(testing::Environments());
  EXPECT_TRUE(gemm.ChooseOne({{8, 64}, {64, 32}}).hit);
}

TEST_F(TableFileTest, AttributesThatASpecLeavesOutAreThoseOfTheFile) {
  const Parameters defaults = {{"alpha", 1.0}};
  Decision decision = DecisionFor(GemmOf(8), 1, 1);
  decision.key.problem.attributes = defaults;
  table::Facts facts = TableFacts(1);
  facts.ops[0].attribute_defaults = defaults;
  Publish({decision}, facts);
  ASSERT_TRUE(cache_.OpenTable(path_, kByHand).ok());
  EXPECT_TRUE(cache_.Register(GemmSpec())->ChooseOne({{8, 64}, {64, 32}}).hit);
  OpSpec other = GemmSpec();
  other.attributes = {{"alpha", 2.0}};
  EXPECT_FALSE(cache_.Register(other)->ChooseOne({{8, 64}, {64, 32}}).hit);
}

TEST_F(TableFileTest, AnotherFileIsNoticed) {
  Publish({DecisionFor(GemmOf(8), 1, 1)}, TableFacts(1));
  ASSERT_TRUE(cache_.OpenTable(path_, kByHand).ok());
  const OpHandle gemm = cache_.Register(GemmSpec()).value();
  const Choice before = gemm.ChooseOne({{8, 64}, {64, 32}});
  EXPECT_FALSE(cache_.RefreshTable());
  Publish({DecisionFor(GemmOf(8), 7, 7)}, TableFacts(7));
  EXPECT_EQ(gemm.ChooseOne({{8, 64}, {64, 32}}).decision_id, 1u);
  EXPECT_TRUE(cache_.RefreshTable());
  EXPECT_EQ(gemm.ChooseOne({{8, 64}, {64, 32}}).decision_id, 7u);
  EXPECT_EQ(before.tactic(), TacticOf(1));  // Stays valid.
  EXPECT_FALSE(cache_.RefreshTable());
  EXPECT_EQ(cache_.OfTable().opened, 2u);
  EXPECT_EQ(cache_.OfTable().revision, 7u);
}

TEST_F(TableFileTest, AThreadNoticesItToo) {
  ASSERT_FALSE(cache_.OpenTable(path_, {.look_every = std::chrono::milliseconds(1)}).ok());
  const OpHandle gemm = cache_.Register(GemmSpec()).value();
  Publish({DecisionFor(GemmOf(8), 1, 1)}, TableFacts(1));
  ASSERT_TRUE(cache_.WaitForTable(1, seconds(60)));
  EXPECT_TRUE(gemm.ChooseOne({{8, 64}, {64, 32}}).hit);
  Publish({DecisionFor(GemmOf(8), 2, 2)}, TableFacts(2));
  ASSERT_TRUE(cache_.WaitForTable(2, seconds(60)));
  EXPECT_EQ(gemm.ChooseOne({{8, 64}, {64, 32}}).decision_id, 2u);
  EXPECT_FALSE(cache_.WaitForTable(3, std::chrono::milliseconds(0)));
  cache_.CloseTable();
  EXPECT_FALSE(gemm.ChooseOne({{8, 64}, {64, 32}}).hit);
  EXPECT_FALSE(cache_.OfTable().open);
}

// Old or new, never a mixture: both decisions of a file have its revision as their id.
TEST_F(TableFileTest, ReadersSeeOldOrNewWhileFilesChange) {
  constexpr uint64_t kFiles = 50;
  const auto publish = [&](uint64_t id) {
    Publish({DecisionFor(GemmOf(8), id, id), DecisionFor(GemmOf(16), id, id)}, TableFacts(id));
  };
  publish(1);
  ASSERT_TRUE(cache_.OpenTable(path_, kByHand).ok());
  const OpHandle gemm = cache_.Register(GemmSpec()).value();
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> wrong{0};
  std::thread reader([&] {
    uint64_t newest = 0;
    while (!stop.load()) {
      for (const int64_t m : {8, 16}) {
        const Choice choice = gemm.ChooseOne({{m, 64}, {64, 32}});
        const bool good = choice.hit && choice.decision_id >= newest &&
                          choice.tactic() == TacticOf(static_cast<int64_t>(choice.decision_id));
        wrong += good ? 0 : 1;
        newest = choice.decision_id;
      }
    }
  });
  for (uint64_t id = 2; id <= kFiles; ++id) {
    publish(id);
    EXPECT_TRUE(cache_.RefreshTable());
  }
  stop = true;
  reader.join();
  EXPECT_EQ(wrong.load(), 0u);
}

TEST_F(TableFileTest, WhatWasMappedAnswersWhateverComesInItsPlace) {
  Publish({DecisionFor(GemmOf(8), 1, 1)}, TableFacts(1));
  ASSERT_TRUE(cache_.OpenTable(path_, kByHand).ok());
  const OpHandle gemm = cache_.Register(GemmSpec()).value();
  const auto expect_ignored = [&](uint64_t TableStatistics::*reason) {
    const uint64_t before = cache_.OfTable().*reason;
    EXPECT_FALSE(cache_.RefreshTable());
    EXPECT_FALSE(cache_.RefreshTable());
    EXPECT_EQ(cache_.OfTable().*reason, before + 1);  // Once, not at each look.
    EXPECT_TRUE(cache_.OfTable().open);
    EXPECT_EQ(gemm.ChooseOne({{8, 64}, {64, 32}}).decision_id, 1u);
  };
  const std::string good = TableImage({DecisionFor(GemmOf(8), 2, 2)}, TableFacts(2));
  std::string newer = good;
  newer[8] = 2;
  Publish(newer);
  expect_ignored(&TableStatistics::newer);
  Publish(good.substr(0, good.size() - 1));
  expect_ignored(&TableStatistics::damaged);
  Publish("#!/bin/sh\n");
  expect_ignored(&TableStatistics::foreign);
  std::filesystem::remove(path_);
  expect_ignored(&TableStatistics::missing);
  std::filesystem::create_directory(path_);
  expect_ignored(&TableStatistics::foreign);
  std::filesystem::remove(path_);
  std::filesystem::create_symlink(path_, path_);  // Of itself: cannot be opened by any user.
  expect_ignored(&TableStatistics::unreadable);
  std::filesystem::remove(path_);
  Publish(good);
  EXPECT_TRUE(cache_.RefreshTable());
  EXPECT_EQ(gemm.ChooseOne({{8, 64}, {64, 32}}).decision_id, 2u);
}

TEST_F(TableFileTest, OpenSaysWhyThereIsNoAnswerYet) {
  const auto code_of = [&](const std::string& image) {
    Publish(image);
    const Check opened = cache_.OpenTable(path_, kByHand);
    EXPECT_FALSE(opened.ok());
    EXPECT_NE(opened.error().message.find(path_), std::string::npos) << opened.error().message;
    return opened.error().code;
  };
  Check opened = cache_.OpenTable(path_, kByHand);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(code_of("hello"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of("tactic"), ErrorCode::kDataLoss);
  EXPECT_EQ(code_of(""), ErrorCode::kDataLoss);
  EXPECT_EQ(code_of(std::string("tactictb\2\0\0\0", 12)), ErrorCode::kFailedPrecondition);
}

TEST_F(TableFileTest, AForkedChildAnswersAndEnds) {
  Publish({DecisionFor(GemmOf(8), 1, 1)}, TableFacts(1));
  auto cache = std::make_unique<Cache>();
  ASSERT_TRUE(cache->OpenTable(path_).ok());
  const OpHandle gemm = cache->Register(GemmSpec()).value();
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const bool hit = gemm.ChooseOne({{8, 64}, {64, 32}}).hit;
    cache.reset();  // Does not wait for the thread that only the parent has.
    _exit(hit ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace tactic
