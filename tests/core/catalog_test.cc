#include "server/core/catalog.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/samples.h"

namespace tactic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Decision Stored(int variant, uint64_t revision) {
  Decision decision = SampleDecision(variant);
  decision.id = revision;
  decision.revision = revision;
  return decision;
}

std::vector<uint64_t> RevisionsOf(const Catalog::Page& page) {
  std::vector<uint64_t> revisions;
  for (const DecisionPtr& decision : page.decisions) revisions.push_back(decision->revision);
  return revisions;
}

TEST(CatalogTest, StartsWithWhatIsStored) {
  const Catalog catalog("store", 7, {Stored(0, 3), Stored(1, 5)});
  EXPECT_EQ(catalog.store_id(), "store");
  EXPECT_EQ(catalog.Revision(), 7u);
  EXPECT_EQ(catalog.Size(), 2u);
  EXPECT_EQ(*catalog.Find(FingerprintOf(SampleKey(0))), Stored(0, 3));
  EXPECT_EQ(catalog.Find(FingerprintOf(SampleKey(2))), nullptr);
}

TEST(CatalogTest, ANewDecisionReplacesTheOneOfItsKey) {
  Catalog catalog("store", 2, {Stored(0, 1), Stored(1, 2)});
  catalog.Publish(Stored(0, 3));
  EXPECT_EQ(catalog.Size(), 2u);
  EXPECT_EQ(catalog.Find(FingerprintOf(SampleKey(0)))->revision, 3u);
  EXPECT_THAT(RevisionsOf(catalog.Since(0, 10)), ElementsAre(2, 3));
}

TEST(CatalogTest, WhatIsNotNewerIsIgnored) {
  Catalog catalog("store", 2, {Stored(0, 2)});
  int woken = 0;
  catalog.Subscribe([&] { ++woken; });
  catalog.Publish(Stored(0, 1));
  catalog.Publish(Stored(1, 2));
  EXPECT_EQ(catalog.Find(FingerprintOf(SampleKey(0)))->revision, 2u);
  EXPECT_EQ(catalog.Size(), 1u);
  EXPECT_EQ(woken, 0);
}

TEST(CatalogTest, PagesAreInOrderAndSayHowFarTheyAreComplete) {
  Catalog catalog("store", 0, {});
  for (int i = 0; i < 5; ++i) catalog.Publish(Stored(i, i + 1));
  const Catalog::Page first = catalog.Since(0, 2);
  EXPECT_THAT(RevisionsOf(first), ElementsAre(1, 2));
  EXPECT_EQ(first.complete_to, 2u);
  const Catalog::Page rest = catalog.Since(2, 10);
  EXPECT_THAT(RevisionsOf(rest), ElementsAre(3, 4, 5));
  EXPECT_EQ(rest.complete_to, 5u);
  EXPECT_THAT(catalog.Since(5, 10).decisions, IsEmpty());
}

TEST(CatalogTest, ACompletePageReachesTheNewestRevisionEvenIfThatIsNoLongerStanding) {
  const Catalog catalog("store", 9, {Stored(0, 4)});
  EXPECT_EQ(catalog.Since(0, 10).complete_to, 9u);
  EXPECT_EQ(catalog.Since(4, 10).complete_to, 9u);
  EXPECT_EQ(catalog.Since(0, 1).complete_to, 9u);
}

TEST(CatalogTest, ListenersAreWokenUntilTheyUnsubscribe) {
  Catalog catalog("store", 0, {});
  int woken = 0;
  const uint64_t id = catalog.Subscribe([&] { woken += catalog.Size() == 1 ? 1 : 100; });
  catalog.Publish(Stored(0, 1));
  EXPECT_EQ(woken, 1);  // And what woke it can be seen.
  catalog.Unsubscribe(id);
  catalog.Publish(Stored(1, 2));
  EXPECT_EQ(woken, 1);
  catalog.Unsubscribe(id);  // Unknown by now: nothing.
}

}  // namespace
}  // namespace tactic::testing
