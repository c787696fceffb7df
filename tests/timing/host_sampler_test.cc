// Real launches of small kernels, good and bad. Nothing here depends on how long anything takes.
#include "runners/timing/host_sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <new>
#include <set>
#include <stdexcept>

#include "tests/timing/scripted_runner.h"

namespace tactic::timing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RecordingLaunches : public LaunchObserver {
 public:
  void Begin(int candidate, LaunchPhase phase, double deadline_seconds) override {
    EXPECT_FALSE(open) << "a step inside a step";
    open = true;
    steps.emplace_back(candidate, phase);
    EXPECT_GT(deadline_seconds, 0);
  }
  void End() override { open = false; }
  bool StopRequested() override { return stop_after_samples == 0 || (stop_after_samples-- < 0); }

  bool open = false;
  int stop_after_samples = std::numeric_limits<int>::max();
  std::vector<std::pair<int, LaunchPhase>> steps;
};

class HostSamplerTest : public ::testing::Test {
 protected:
  HostSamplerTest() {
    options_.policy = Resolve({}, DeviceKind::kHost);
    options_.cache_bytes = 1 << 16;
    options_.memory_bytes = 1 << 22;
  }

  // Adds a candidate that runs `body`.
  int Candidate(ScriptedRunner::Body body, Tactic tactic = {}, size_t workspace = 0) {
    runners_.push_back(std::make_unique<ScriptedRunner>(std::move(body), workspace));
    candidates_.push_back({runners_.back().get(), std::move(tactic)});
    return static_cast<int>(candidates_.size()) - 1;
  }

  Result<std::unique_ptr<HostSampler>> Create() {
    return HostSampler::Create(op_, problem_, candidates_, options_, pool_, launches_);
  }

  HostSampler& Open() {
    auto sampler = Create();
    EXPECT_TRUE(sampler.ok()) << sampler.error().message;
    sampler_ = std::move(sampler.value());
    return *sampler_;
  }

  Observation ScreenOne(ScriptedRunner::Body body, Tactic tactic = {}, size_t workspace = 0) {
    const int candidate = Candidate(std::move(body), std::move(tactic), workspace);
    const Observation observation = Open().Screen(candidate);
    EXPECT_FALSE(launches_.open);
    return observation;
  }

  AddOp op_;
  Problem problem_ = AddProblem();
  HostSamplerOptions options_;
  DataPool pool_;
  RecordingLaunches launches_;
  std::vector<std::unique_ptr<ScriptedRunner>> runners_;
  std::vector<SamplerCandidate> candidates_;
  std::unique_ptr<HostSampler> sampler_;
};

TEST_F(HostSamplerTest, ARightCandidateGivesATime) {
  const auto seen = ScreenOne(Add);
  EXPECT_EQ(seen.outcome, Outcome::kMeasured) << seen.detail;
  EXPECT_GT(seen.nanoseconds, 0);
  EXPECT_GE(seen.cost_ns, seen.nanoseconds);
  const std::vector<int> order = {0};
  const auto round = sampler_->Round(order);
  ASSERT_EQ(round.size(), 1u);
  EXPECT_EQ(round[0].outcome, Outcome::kMeasured);
  EXPECT_EQ(op_.references, 1);
}

TEST_F(HostSamplerTest, AWrongResultNamesTheElement) {
  const auto seen = ScreenOne([](const Launch& launch) {
    Add(launch);
    launch.y[7] += 0.5f;
  });
  EXPECT_EQ(seen.outcome, Outcome::kWrongResult);
  EXPECT_THAT(seen.detail, HasSubstr("output 0: element 7 is "));
}

TEST_F(HostSamplerTest, AnUnwrittenElementIsNoticed) {
  const auto seen = ScreenOne([](const Launch& launch) {
    for (int64_t i = 0; i + 1 < kSize; ++i) launch.y[i] = launch.x[i] + launch.w[i];
  });
  EXPECT_EQ(seen.outcome, Outcome::kWrongResult);
  EXPECT_THAT(seen.detail, HasSubstr("element 999 was not written"));
}

TEST_F(HostSamplerTest, OutputsOfTheLastCandidateDoNotPassForThisOnes) {
  const int good = Candidate(Add);
  const int idle = Candidate([](const Launch&) {});
  HostSampler& sampler = Open();
  EXPECT_EQ(sampler.Screen(good).outcome, Outcome::kMeasured);
  EXPECT_EQ(sampler.Screen(idle).outcome, Outcome::kWrongResult);
}

TEST_F(HostSamplerTest, NotANumberIsAWrongResult) {
  const auto seen = ScreenOne([](const Launch& launch) {
    Add(launch);
    launch.y[3] = std::nanf("");
  });
  EXPECT_EQ(seen.outcome, Outcome::kWrongResult);
  EXPECT_THAT(seen.detail, HasSubstr("nan"));
}

// The buffers lie between guard zones of one allocation, so that these writes are ours to make,
// also under a sanitizer.
TEST_F(HostSamplerTest, OneElementBehindTheOutputIsOutOfBounds) {
  const auto seen = ScreenOne([](const Launch& launch) {
    Add(launch);
    launch.y[kSize] = 0;
  });
  EXPECT_EQ(seen.outcome, Outcome::kOutOfBounds);
  EXPECT_THAT(seen.detail, HasSubstr("output 0: wrote 4 bytes behind its end"));
}

TEST_F(HostSamplerTest, OneElementBeforeTheOutputIsOutOfBounds) {
  const auto seen = ScreenOne([](const Launch& launch) {
    Add(launch);
    launch.y[-1] = 0;
  });
  EXPECT_EQ(seen.outcome, Outcome::kOutOfBounds);
  EXPECT_THAT(seen.detail, HasSubstr("before its start"));
}

TEST_F(HostSamplerTest, OneByteBehindTheWorkspaceIsOutOfBounds) {
  const auto seen = ScreenOne(
      [](const Launch& launch) {
        Add(launch);
        launch.workspace[100] = std::byte{1};
      },
      {}, 100);
  EXPECT_EQ(seen.outcome, Outcome::kOutOfBounds);
  EXPECT_THAT(seen.detail, HasSubstr("workspace: wrote 1 bytes behind"));
}

TEST_F(HostSamplerTest, AWriteOutOfBoundsInATimedSampleIsNoticed) {
  Candidate([](const Launch& launch) {
    Add(launch);
    if (launch.number > 500) launch.y[kSize] = 0;
  });
  HostSampler& sampler = Open();
  Observation seen = sampler.Screen(0);
  const std::vector<int> order = {0};
  for (int round = 0; round < 501 && seen.outcome == Outcome::kMeasured; ++round) {
    seen = sampler.Round(order).at(0);
  }
  EXPECT_EQ(seen.outcome, Outcome::kOutOfBounds);
}

TEST_F(HostSamplerTest, AChangedInputIsOutOfBoundsAndIsPutRight) {
  const int bad = Candidate([](const Launch& launch) {
    Add(launch);
    const_cast<float*>(launch.w)[5] = 0;
  });
  const int good = Candidate(Add);
  HostSampler& sampler = Open();
  const auto seen = sampler.Screen(bad);
  EXPECT_EQ(seen.outcome, Outcome::kOutOfBounds);
  EXPECT_THAT(seen.detail, HasSubstr("wrote into input 'w'"));
  EXPECT_EQ(sampler.Screen(good).outcome, Outcome::kMeasured);
}

TEST_F(HostSamplerTest, ExceptionsAreTheCandidatesFailure) {
  const int throws = Candidate([](const Launch&) { throw std::runtime_error("bad \x01 tile"); });
  const int starves = Candidate([](const Launch&) { throw std::bad_alloc(); });
  const int odd = Candidate([](const Launch&) { throw 5; });
  const int refuses = Candidate(Add, {{"refuse", true}});
  const int throws_early = Candidate(Add, {{"throw", true}});
  HostSampler& sampler = Open();
  EXPECT_EQ(sampler.Screen(throws).outcome, Outcome::kRejected);
  EXPECT_EQ(sampler.Screen(throws).detail, "bad ? tile");
  EXPECT_EQ(sampler.Screen(starves).outcome, Outcome::kOutOfMemory);
  EXPECT_EQ(sampler.Screen(odd).outcome, Outcome::kRejected);
  EXPECT_EQ(sampler.Screen(refuses).outcome, Outcome::kRejected);
  EXPECT_EQ(sampler.Screen(refuses).detail, "not on this CPU");
  EXPECT_EQ(sampler.Screen(throws_early).outcome, Outcome::kRejected);
}

TEST_F(HostSamplerTest, AWorkspaceOverTheLimitIsOutOfMemory) {
  const auto seen = ScreenOne(Add, {}, size_t{1} << 50);
  EXPECT_EQ(seen.outcome, Outcome::kOutOfMemory);
  EXPECT_THAT(seen.detail, HasSubstr("1125899906842624 bytes"));
}

TEST_F(HostSamplerTest, WhoFailedOnceIsNotLaunchedAgain) {
  ScreenOne([](const Launch&) { throw std::runtime_error("no"); });
  const std::vector<int> order = {0};
  EXPECT_EQ(sampler_->Round(order)[0].outcome, Outcome::kRejected);
}

TEST_F(HostSamplerTest, OperandsOverTheMemoryLimitAreRefused) {
  Candidate(Add);
  options_.memory_bytes = 4 * 4 * kSize - 1;
  const auto sampler = Create();
  ASSERT_FALSE(sampler.ok());
  EXPECT_EQ(sampler.error().code, ErrorCode::kOutOfMemory);
  EXPECT_THAT(sampler.error().message, HasSubstr("16000 bytes; the limit for measuring is 15999"));
}

TEST_F(HostSamplerTest, GraphLaunchIsRefused) {
  Candidate(Add);
  options_.policy.launch = LaunchMode::kGraph;
  const auto sampler = Create();
  ASSERT_FALSE(sampler.ok());
  EXPECT_THAT(sampler.error().message, HasSubstr("policy.launch is graph"));
}

TEST_F(HostSamplerTest, AFailingReferenceIsAnError) {
  Candidate(Add);
  op_.reference_throws = true;
  const auto sampler = Create();
  ASSERT_FALSE(sampler.ok());
  EXPECT_THAT(sampler.error().message, HasSubstr("no reference"));
  EXPECT_FALSE(launches_.open);
}

TEST_F(HostSamplerTest, WithoutValidationOnlyBoundsAreChecked) {
  options_.policy.validation = Validation::kNone;
  const int idle = Candidate([](const Launch&) {});
  const int outside = Candidate([](const Launch& launch) { launch.y[kSize] = 0; });
  HostSampler& sampler = Open();
  EXPECT_EQ(sampler.Screen(idle).outcome, Outcome::kMeasured);
  EXPECT_EQ(sampler.Screen(outside).outcome, Outcome::kOutOfBounds);
  EXPECT_EQ(op_.references, 0);
}

// The addresses that a call reads from.
struct Places {
  std::set<const float*> x;
  std::set<const float*> w;
};

TEST_F(HostSamplerTest, CacheStateSaysWhichInputsMove) {
  const std::tuple<CacheState, bool, bool> cases[] = {{CacheState::kWarm, false, false},
                                                      {CacheState::kWeightsCold, false, true},
                                                      {CacheState::kAllCold, true, true}};
  for (const auto& [cache, x_moves, w_moves] : cases) {
    options_.policy.cache = cache;
    candidates_.clear();
    auto places = std::make_shared<Places>();
    const int candidate = Candidate([places](const Launch& launch) {
      places->x.insert(launch.x);
      places->w.insert(launch.w);
      Add(launch);
    });
    HostSampler& sampler = Open();
    ASSERT_EQ(sampler.Screen(candidate).outcome, Outcome::kMeasured);
    const std::vector<int> order = {candidate};
    sampler.Round(order);
    EXPECT_EQ(places->x.size() > 1, x_moves) << Name(cache);
    EXPECT_EQ(places->w.size() > 1, w_moves) << Name(cache);
  }
}

TEST_F(HostSamplerTest, OnlyWarmSamplesFollowAnUntimedLaunchOfTheSameCall) {
  const std::pair<CacheState, std::vector<int>> cases[] = {{CacheState::kWarm, {1, 1, 0, 0}},
                                                           {CacheState::kWeightsCold, {1, 0}}};
  options_.short_call_ns = 0;  // One call a sample.
  for (const auto& [cache, expected] : cases) {
    options_.policy.cache = cache;
    candidates_.clear();
    auto launched = std::make_shared<std::vector<int>>();
    for (int i = 0; i < 2; ++i) {
      Candidate([=](const Launch& launch) {
        launched->push_back(i);
        Add(launch);
      });
    }
    HostSampler& sampler = Open();
    sampler.Screen(0);
    sampler.Screen(1);
    launched->clear();
    const std::vector<int> order = {1, 0};
    sampler.Round(order);
    EXPECT_EQ(*launched, expected) << Name(cache);
  }
}

TEST_F(HostSamplerTest, TellsBeforeEachStepWhoRuns) {
  Candidate(Add);
  Candidate(Add);
  HostSampler& sampler = Open();
  EXPECT_EQ(launches_.steps.at(0), std::pair(kNoCandidate, LaunchPhase::kReference));
  launches_.steps.clear();
  sampler.Screen(1);
  EXPECT_EQ(launches_.steps.at(0), std::pair(1, LaunchPhase::kPrepare));
  EXPECT_EQ(launches_.steps.at(1), std::pair(1, LaunchPhase::kValidate));
  EXPECT_EQ(launches_.steps.at(2), std::pair(1, LaunchPhase::kSample));
  sampler.Screen(0);
  launches_.steps.clear();
  const std::vector<int> order = {0, 1};
  sampler.Round(order);
  EXPECT_THAT(launches_.steps,
              ElementsAre(std::pair(0, LaunchPhase::kSample), std::pair(1, LaunchPhase::kSample)));
}

TEST_F(HostSamplerTest, ARoundEndsEarlyWhenToldToStop) {
  Candidate(Add);
  Candidate(Add);
  HostSampler& sampler = Open();
  sampler.Screen(0);
  sampler.Screen(1);
  launches_.stop_after_samples = 1;
  const std::vector<int> order = {1, 0};
  const auto seen = sampler.Round(order);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].candidate, 1);
}

}  // namespace
}  // namespace tactic::timing
