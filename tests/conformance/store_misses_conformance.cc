// The part of the suite that is about misses.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "tests/conformance/store_conformance.h"
#include "tests/support/samples.h"
#include "tests/support/status_matchers.h"

namespace tactic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

MissedCall SampleMiss(int variant, Shapes shapes, int64_t unix_ms) {
  return {SampleKey(variant), std::move(shapes), 1, unix_ms, unix_ms};
}

}  // namespace

std::vector<MissedCall> StoreConformance::Misses() {
  auto misses = store().LoadMisses();
  EXPECT_THAT(misses, IsOk());
  return misses.ok() ? *misses : std::vector<MissedCall>();
}

TEST_P(StoreConformance, MissesOfOneCallAddUpAndOthersStayApart) {
  const Shapes real = {{13, 2048}, {2048, 512}};
  MissedCall first = SampleMiss(0, real, 1000);
  first.count = 7;
  const MissedCall other_shapes = SampleMiss(0, {{14, 2048}, {2048, 512}}, 1500);
  const MissedCall other_key = SampleMiss(1, real, 1600);
  ASSERT_THAT(store().AddMisses({first, other_shapes, other_key}), IsOk());
  ASSERT_THAT(store().AddMisses({SampleMiss(0, real, 2000)}), IsOk());
  MissedCall sum = first;
  sum.count = 8;
  sum.last_unix_ms = 2000;
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(Misses(), ElementsAre(sum, other_key, other_shapes));
    Reopen();
  }
  ASSERT_THAT(store().AddMisses({SampleMiss(0, real, 500)}), IsOk());  // A clock that was set back.
  sum.count = 9;
  sum.first_unix_ms = 500;
  EXPECT_THAT(Misses(), ElementsAre(sum, other_key, other_shapes));
  EXPECT_EQ(store().Info().revision, 0u);
}

TEST_P(StoreConformance, UnusualShapesComeBack) {
  const MissedCall miss = SampleMiss(0, {{}, {0}, {limits::kDim, 1, 2, 3, 4, 5, 6, 7}}, -5);
  ASSERT_THAT(store().AddMisses({miss}), IsOk());
  Reopen();
  EXPECT_THAT(Misses(), ElementsAre(miss));
}

TEST_P(StoreConformance, OfTooManyMissesThoseSeenLongestAgoAreForgotten) {
  std::vector<MissedCall> many;
  for (int64_t i = 0; i < static_cast<int64_t>(limits::kStoredMisses); ++i) {
    many.push_back(SampleMiss(0, {{i}}, 1000 + i));
  }
  ASSERT_THAT(store().AddMisses(many), IsOk());
  ASSERT_THAT(store().AddMisses({SampleMiss(0, {{0}}, 9000)}), IsOk());  // Seen again: stays.
  ASSERT_THAT(store().AddMisses({SampleMiss(1, {{0}}, 9001), SampleMiss(2, {{0}}, 9002)}), IsOk());
  Reopen();
  const std::vector<MissedCall> kept = Misses();
  ASSERT_THAT(kept, SizeIs(limits::kStoredMisses));
  EXPECT_EQ(kept[0].last_unix_ms, 9002);
  EXPECT_EQ(kept[1].last_unix_ms, 9001);
  EXPECT_EQ(kept[2].last_unix_ms, 9000);
  EXPECT_EQ(kept[2].count, 2u);
  EXPECT_EQ(kept.back().last_unix_ms, 1003) << "1001 and 1002 made room";
}

TEST_P(StoreConformance, MalformedMissesAreRefusedWhole) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  const MissedCall good = SampleMiss(0, {{1}}, 1);
  MissedCall bad = good;
  bad.count = 0;
  EXPECT_THAT(store().AddMisses({good, bad}), StatusIs(kInvalid, HasSubstr("misses[1].count")));
  bad = SampleMiss(0, {{-1}}, 1);
  EXPECT_THAT(store().AddMisses({good, bad}), StatusIs(kInvalid, HasSubstr("misses[1].shapes")));
  bad = good;
  bad.key.problem.op = "no name";
  EXPECT_THAT(store().AddMisses({good, bad}), StatusIs(kInvalid, HasSubstr("misses[1].key")));
  EXPECT_THAT(Misses(), IsEmpty());
}

}  // namespace tactic::testing
