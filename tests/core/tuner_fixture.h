// A Tuner with one lane, whose store outlives it: Restart is what a restart of the daemon is.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/core/catalog.h"
#include "server/core/tuner.h"
#include "server/store/memory_store.h"
#include "tests/core/fakes.h"
#include "tests/support/samples.h"
#include "tests/support/status_matchers.h"

namespace tactic::testing {

class TunerTest : public ::testing::Test {
 protected:
  TunerTest() { Start(); }
  ~TunerTest() override { StopLane(); }

  void Start() {
    catalog_ = std::make_unique<Catalog>(store_.Info().store_id, store_.Info().revision,
                                         store_.LoadDecisions().value());
    auto tuner = Tuner::Create(faulty_store_, *catalog_, {&lane_}, clock_, options_);
    ASSERT_THAT(tuner, IsOk());
    tuner_ = *std::move(tuner);
  }
  void StartLane() {
    lane_thread_ =
        std::jthread([this](std::stop_token stop) { tuner_->ServeLane(0, std::move(stop)); });
  }
  void StopLane() { lane_thread_ = std::jthread(); }
  void Restart() {
    StopLane();
    tuner_.reset();
    Start();
  }

  // A request for these sizes of m, with a request id of its own.
  TuneRequest Ask(const std::vector<int64_t>& ms, std::string client = "tests") {
    TuneRequest request;
    request.request_id = "request-" + std::to_string(++requests_);
    request.client = std::move(client);
    for (const int64_t m : ms) request.problems.push_back(GemmProblem(m));
    return request;
  }
  std::string Tune(TuneRequest request) {
    auto view = tuner_->Tune(std::move(request));
    EXPECT_THAT(view, IsOk());
    return view.ok() ? view->job->id : "";
  }
  JobView Get(const std::string& id) { return tuner_->GetJob(id).value(); }

  // Waits until the job satisfies `done`.
  template <typename Predicate>
  JobView Await(const std::string& id, Predicate done) {
    std::mutex mu;
    std::condition_variable changed;
    uint64_t wakes = 0;
    const uint64_t subscription = tuner_->Subscribe(id, [&] {
      const std::lock_guard lock(mu);
      ++wakes;
      changed.notify_all();
    });
    JobView view;
    while (true) {
      std::unique_lock lock(mu);
      const uint64_t seen = wakes;
      lock.unlock();
      view = Get(id);
      if (done(view)) break;
      lock.lock();
      changed.wait(lock, [&] { return wakes != seen; });
    }
    tuner_->Unsubscribe(subscription);
    return view;
  }
  JobView AwaitEnd(const std::string& id) {
    return Await(id, [](const JobView& view) { return IsTerminal(view.job->state); });
  }

  DecisionPtr Lookup(int64_t m) {
    return tuner_->Lookup(GemmProblem(m), MeasurementPolicy(), std::nullopt).value();
  }

  TunerOptions options_;
  FakeClock clock_;
  FakeLane lane_;
  MemoryStore store_;
  FaultyStore faulty_store_{store_};
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<Tuner> tuner_;
  int requests_ = 0;
  std::jthread lane_thread_;
};

}  // namespace tactic::testing
