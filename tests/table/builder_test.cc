// What is built is found again.
#include "proto/table/builder.h"

#include <gtest/gtest.h>

#include <variant>

#include "proto/table/row.h"
#include "proto/table/view.h"
#include "tactic/model/codec.h"
#include "tests/table/fixture.h"
#include "tests/table/read_all.h"

namespace tactic::table {
namespace {

using testing::AlignedCopy;
using testing::SampleBuilder;
using testing::SampleDecision;
using testing::SampleFacts;

// The bytes and what they say.
struct Read {
  explicit Read(const std::string& image) : bytes(image) {
    auto parsed = View::Parse(bytes.view());
    EXPECT_TRUE(std::holds_alternative<View>(parsed)) << std::get<Refusal>(parsed).message;
    view.emplace(std::get<View>(parsed));
  }
  const View* operator->() const { return &*view; }

  // The decision's ranking as the file has it, and its id; nothing: not in the file.
  std::vector<Candidate> RankingOf(const Decision& decision, uint64_t& id) const {
    const tactic::Key& of = decision.key;
    const FamilyRecord* family = view->Find(
        FamilyKey(of.problem.op, of.problem.attributes, of.policy), FingerprintOf(of.environment));
    if (family == nullptr) return {};
    Key key;
    key.Set(*SizesOf(decision));
    for (const FormRecord& form : view->FormsOf(*family)) {
      RecordHead head{};
      const bool wide = form.word_bytes == 8;
      if (wide != key.wide() || InputsOf(of.problem) != Inputs(form)) continue;
      if (wide ? !view->SlotsOf<uint64_t>(form).Find(key, head)
               : !view->SlotsOf<uint32_t>(form).Find(key, head)) {
        continue;
      }
      id = head.decision_id;
      std::vector<uint32_t> numbers{head.pick};
      const uint32_t* rest = view->rankings() + head.ranking;
      numbers.insert(numbers.end(), rest + 1, rest + 1 + *rest);
      std::vector<Candidate> ranking;
      for (const uint32_t number : numbers) {
        const auto candidates = view->CandidatesOf(*family);
        ranking.push_back(DecodeCandidate(view->Text(candidates[number])).value());
      }
      return ranking;
    }
    return {};
  }
  std::vector<InputRecord> Inputs(const FormRecord& form) const {
    const auto inputs = view->InputsOf(form);
    return {inputs.begin(), inputs.end()};
  }

  AlignedCopy bytes;
  std::optional<View> view;
};

void ExpectHolds(const Read& read, const Decision& decision) {
  uint64_t id = 0;
  std::vector<Candidate> expected;
  for (const Ranked& ranked : decision.ranking) expected.push_back(ranked.candidate);
  EXPECT_EQ(read.RankingOf(decision, id), expected);
  EXPECT_EQ(id, decision.id);
}

TEST(Builder, FindsWhatWasPut) {
  Builder builder;
  std::vector<Decision> all;
  for (int variant = 0; variant < 3000; ++variant) {
    Decision& decision = all.emplace_back(SampleDecision(variant));
    decision.id = static_cast<uint64_t>(variant) + 1;
    decision.key.policy.budget_ms = variant % 3 == 0 ? 1 : 0;  // Two families.
    if (variant % 5 == 0) decision.ranking.pop_back();
    builder.Put(decision);
  }
  EXPECT_EQ(builder.size(), all.size());
  const Read read(builder.Image(SampleFacts()).value());
  for (const Decision& decision : all) ExpectHolds(read, decision);
  EXPECT_EQ(read->families().size(), 2u);
  uint64_t id = 0;
  EXPECT_TRUE(read.RankingOf(SampleDecision(5000), id).empty());
}

TEST(Builder, SaysWhatTheFactsSay) {
  const Read read(SampleBuilder().Image(SampleFacts()).value());
  EXPECT_EQ(read->store_id(), "store-1");
  EXPECT_EQ(read->header().revision, 42u);
  EXPECT_EQ(read->header().decisions, 41u);
  EXPECT_EQ(read->header().created_unix_ms, 7);
  EXPECT_TRUE(read->of_this_host());
  ASSERT_EQ(read->ops().size(), 1u);
  const auto key = DecodeKey(read->Text(read->ops()[0].key));
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->problem.op, "gemm");
  EXPECT_EQ(key->environment, testing::SampleEnvironment());
  EXPECT_EQ(read->environments().size(), 2u);
  EXPECT_EQ(read->families().size(), 3u);
  Facts remote = SampleFacts();
  remote.of_this_host = false;
  EXPECT_FALSE(Read(SampleBuilder().Image(remote).value())->of_this_host());
}

TEST(Builder, TheLastDecisionOfAKeyStands) {
  Builder builder;
  Decision decision = SampleDecision(1);
  decision.id = 1;
  builder.Put(decision);
  decision.id = 2;
  std::swap(decision.ranking[0], decision.ranking[1]);
  builder.Put(decision);
  EXPECT_EQ(builder.size(), 1u);
  ExpectHolds(Read(builder.Image(SampleFacts()).value()), decision);
}

TEST(Builder, LeavesOutAndCountsWhatHasNoPlace) {
  Builder builder;
  Decision empty = SampleDecision(1);
  empty.ranking.clear();
  builder.Put(empty);
  Decision large = SampleDecision(2);
  large.id = kMostDecisionId + 1;
  builder.Put(large);
  EXPECT_EQ(builder.size(), 0u);
  EXPECT_EQ(builder.left_out(), 2u);
  EXPECT_EQ(Read(builder.Image(SampleFacts()).value())->header().left_out, 2u);
}

TEST(Builder, AnEmptyTableIsAFileToo) {
  const Read read(Builder().Image({}).value());
  EXPECT_TRUE(read->families().empty());
  EXPECT_EQ(read->store_id(), "");
}

TEST(Builder, ManyInputsHaveTheirRanksInTheKey) {
  Decision decision = SampleDecision(1);
  decision.id = 5;
  const Tensor input = decision.key.problem.inputs[0];
  decision.key.problem.inputs.assign(20, input);
  Builder builder;
  builder.Put(decision);
  const Read read(builder.Image(SampleFacts()).value());
  ExpectHolds(read, decision);
  EXPECT_GT(testing::ReadAll(*read.view), 0u);
}

// The hot side of a decision: a byte and a record of each slot.
TEST(Builder, ADecisionTakesAtMost64BytesOnTheHotSide) {
  Builder builder;
  for (int variant = 0; variant < 10000; ++variant) builder.Put(SampleDecision(variant));
  const Read read(builder.Image(SampleFacts()).value());
  uint64_t bytes = 0;
  for (const FamilyRecord& family : read->families()) {
    for (const FormRecord& form : read->FormsOf(family)) {
      const uint64_t record = sizeof(RecordHead) + uint64_t{form.words} * form.word_bytes;
      bytes += uint64_t{form.groups} * (8 + kSlotsPerGroup * record);
    }
  }
  EXPECT_LE(bytes, 10000u * 64);
}

}  // namespace
}  // namespace tactic::table
