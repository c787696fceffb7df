// A whole worker in a thread: what it answers to its supervisor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <map>
#include <set>

#include "proto/convert/convert.h"
#include "runners/worker/worker.h"
#include "tests/worker/menu_runner.h"
#include "tests/worker/worker_harness.h"

namespace tactic {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Menu = std::vector<std::pair<std::string, MenuRunner::Body>>;

void Wrong(const timing::Launch& launch) {
  timing::Add(launch);
  launch.y[1] += 1;
}

v1::ToWorker RunMessage(uint64_t run = 7) {
  v1::ToWorker message;
  message.mutable_run()->set_run(run);
  convert::ToProto(timing::AddProblem(), message.mutable_run()->mutable_problem());
  return message;
}

void SetCandidate(const std::string& dish, v1::Candidate* to) {
  convert::ToProto(Candidate{{"menu", "1"}, dish.empty() ? Tactic{} : Dish(dish)}, to);
}

// What one run said, sorted by kind.
struct Answer {
  v1::Candidates candidates;
  std::vector<v1::Observed> observed;
  v1::Finished finished;
  int progress = 0;

  std::set<uint32_t> Observed() const {
    std::set<uint32_t> who;
    for (const auto& message : observed) {
      for (const auto& item : message.items()) who.insert(item.candidate());
    }
    return who;
  }
};

Answer ReadAnswer(WorkerHarness& worker) {
  Answer answer;
  for (const v1::FromWorker& message : worker.UntilFinished()) {
    if (message.has_candidates()) answer.candidates = message.candidates();
    if (message.has_observed()) answer.observed.push_back(message.observed());
    if (message.has_progress()) ++answer.progress;
    if (message.has_finished()) answer.finished = message.finished();
  }
  return answer;
}

TEST(Worker, IsReadyAtOnce) {
  ThreadWorker worker(MenuRegistry({}));
  const auto message = worker.Next();
  ASSERT_TRUE(message && message->has_ready());
  EXPECT_EQ(message->ready().protocol(), 1u);
  EXPECT_EQ(message->ready().device().arch(), "test");
  ASSERT_EQ(message->ready().ops_size(), 1);
  EXPECT_EQ(message->ready().ops(0).schema().op(), "add");
  EXPECT_EQ(message->ready().ops(0).runners(0).name(), "menu");
  EXPECT_GE(message->ready().ops(0).components_size(), 1);
}

TEST(Worker, AnswersARunWithCandidatesObservationsAndAVerdict) {
  ThreadWorker worker(MenuRegistry({{"wrong", Wrong}, {"good", timing::Add}}));
  worker.Next();
  worker.Send(RunMessage());
  const Answer answer = ReadAnswer(worker);
  EXPECT_EQ(answer.candidates.run(), 7u);
  EXPECT_EQ(answer.candidates.error(), "");
  ASSERT_EQ(answer.candidates.candidates_size(), 3);
  EXPECT_EQ(answer.candidates.candidates(0).tactic_size(), 0);
  EXPECT_EQ(answer.candidates.candidates(1).tactic(0).value().string_value(), "wrong");

  ASSERT_GE(answer.observed.size(), 6u);  // Three screened, three rounds at least.
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(answer.observed[i].round(), 0u);
    EXPECT_EQ(answer.observed[i].items_size(), 1);
  }
  EXPECT_EQ(answer.observed[3].round(), 1u);
  EXPECT_GE(answer.observed[3].items_size(), 2);  // Those that are valid; one twice, as control.
  EXPECT_EQ(answer.observed[1].items(0).outcome(), v1::OUTCOME_WRONG_RESULT);
  EXPECT_THAT(answer.observed[1].items(0).detail(), HasSubstr("element 1 is"));

  const v1::Finished& finished = answer.finished;
  EXPECT_EQ(finished.run(), 7u);
  EXPECT_FALSE(finished.cancelled());
  EXPECT_EQ(finished.error(), "");
  EXPECT_EQ(finished.order_size(), 2);
  EXPECT_NE(finished.reason(), v1::REASON_UNSPECIFIED);
  EXPECT_GE(finished.tied(), 1u);
  ASSERT_EQ(finished.outcomes_size(), 3);
  EXPECT_EQ(finished.outcomes(1), v1::OUTCOME_WRONG_RESULT);
  EXPECT_GT(finished.low_ns(0), 0);
  EXPECT_GE(finished.high_ns(0), finished.low_ns(0));
  EXPECT_EQ(finished.low_ns(1), 0);
  EXPECT_GE(answer.progress, 1);
  EXPECT_EQ(worker.journal().phase.load(), static_cast<uint32_t>(wire::LaunchPhase::kIdle));
}

TEST(Worker, WithNoValidCandidateHasNoOrder) {
  sdk::Registry registry;
  registry.Add(std::make_unique<timing::AddOp>());
  registry.Add("add", std::make_unique<timing::ScriptedRunner>(Wrong));
  ThreadWorker worker(std::move(registry));
  worker.Next();
  worker.Send(RunMessage());
  const Answer answer = ReadAnswer(worker);
  EXPECT_EQ(answer.finished.order_size(), 0);
  EXPECT_THAT(answer.finished.outcomes(), ElementsAre(v1::OUTCOME_WRONG_RESULT));
  EXPECT_EQ(answer.finished.error(), "");
}

TEST(Worker, ScreensSuspectsThenPriorsThenTheIncumbentFirst) {
  ThreadWorker worker(MenuRegistry(
      {{"1", timing::Add}, {"2", timing::Add}, {"3", timing::Add}, {"4", timing::Add}}));
  worker.Next();
  v1::ToWorker message = RunMessage();
  SetCandidate("4", message.mutable_run()->mutable_incumbent());
  SetCandidate("2", message.mutable_run()->add_first());
  SetCandidate("of another list", message.mutable_run()->add_first());
  SetCandidate("3", message.mutable_run()->add_suspects());
  worker.Send(message);
  const Answer answer = ReadAnswer(worker);
  ASSERT_GE(answer.observed.size(), 5u);
  std::vector<uint32_t> screened;
  for (int i = 0; i < 5; ++i) screened.push_back(answer.observed[i].items(0).candidate());
  EXPECT_THAT(screened, ElementsAre(3, 2, 4, 0, 1));
}

TEST(Worker, ScreensWhatWasFastForNeighboursBeforeTheIncumbent) {
  ThreadWorker worker(MenuRegistry({{"1", timing::Add}, {"2", timing::Add}, {"3", timing::Add}}));
  worker.Next();
  v1::ToWorker message = RunMessage();
  SetCandidate("1", message.mutable_run()->mutable_incumbent());
  v1::Neighbour& neighbour = *message.mutable_run()->add_neighbours();
  SetCandidate("3", neighbour.add_candidates());
  neighbour.add_slower(1);
  worker.Send(message);
  const Answer answer = ReadAnswer(worker);
  ASSERT_GE(answer.observed.size(), 2u);
  EXPECT_EQ(answer.observed[0].items(0).candidate(), 3u);
  EXPECT_EQ(answer.observed[1].items(0).candidate(), 1u);
}

TEST(Worker, RefusesNeighboursThatAreNone) {
  ThreadWorker worker(MenuRegistry({{"1", timing::Add}}));
  worker.Next();
  v1::ToWorker message = RunMessage();
  SetCandidate("1", message.mutable_run()->add_neighbours()->add_candidates());
  worker.Send(message);
  EXPECT_THAT(ReadAnswer(worker).finished.error(), HasSubstr("neighbours[0].slower: count is 0"));
}

TEST(Worker, ResumesWithWhatIsKnown) {
  ThreadWorker worker(MenuRegistry({{"bad", timing::Add}, {"good", timing::Add}}));
  worker.Next();
  v1::ToWorker message = RunMessage();
  message.mutable_run()->set_epoch(1);
  v1::Trial& crashed = *message.mutable_run()->add_earlier();
  SetCandidate("bad", crashed.mutable_candidate());
  crashed.set_outcome(v1::OUTCOME_CRASHED);
  crashed.set_detail("killed by SIGSEGV");
  v1::Trial& measured = *message.mutable_run()->add_earlier();
  SetCandidate("good", measured.mutable_candidate());
  measured.set_outcome(v1::OUTCOME_MEASURED);
  measured.mutable_samples()->add_epoch(0);
  measured.mutable_samples()->add_round(0);
  measured.mutable_samples()->add_nanoseconds(
      1e12);  // Nothing is that slow: it shows in the interval.
  worker.Send(message);
  const Answer answer = ReadAnswer(worker);
  EXPECT_EQ(answer.finished.error(), "");
  EXPECT_EQ(answer.Observed().count(1), 0u);
  EXPECT_EQ(answer.Observed().count(2), 1u);
  ASSERT_EQ(answer.finished.outcomes_size(), 3);
  EXPECT_EQ(answer.finished.outcomes(1), v1::OUTCOME_CRASHED);
  EXPECT_TRUE(IsValid(static_cast<Outcome>(answer.finished.outcomes(2))));
}

std::string ErrorOf(const v1::ToWorker& message) {
  ThreadWorker worker(MenuRegistry({}));
  worker.Next();
  worker.Send(message);
  const Answer answer = ReadAnswer(worker);
  EXPECT_EQ(answer.candidates.error(), answer.finished.error());
  EXPECT_EQ(answer.finished.order_size(), 0);
  return answer.finished.error();
}

TEST(Worker, ARunThatCannotBeDoneIsAnsweredWithWhy) {
  v1::ToWorker unknown_op = RunMessage();
  unknown_op.mutable_run()->mutable_problem()->set_op("sub");
  EXPECT_THAT(ErrorOf(unknown_op),
              HasSubstr("problem.op is 'sub', which is unknown; known are: add"));

  v1::ToWorker unknown_runner = RunMessage();
  unknown_runner.mutable_run()->add_runners("cook");
  EXPECT_THAT(ErrorOf(unknown_runner), HasSubstr("'cook' is unknown to this op; it has: menu"));

  v1::ToWorker one_input = RunMessage();
  one_input.mutable_run()->mutable_problem()->mutable_inputs()->RemoveLast();
  EXPECT_THAT(ErrorOf(one_input), HasSubstr("inputs"));

  v1::ToWorker graph = RunMessage();
  graph.mutable_run()->mutable_policy()->set_launch(v1::LAUNCH_MODE_GRAPH);
  EXPECT_THAT(ErrorOf(graph), HasSubstr("policy.launch is graph"));

  v1::ToWorker no_memory = RunMessage();
  no_memory.mutable_run()->set_memory_limit_bytes(1);
  EXPECT_THAT(ErrorOf(no_memory), HasSubstr("the limit for measuring is 1"));
}

TEST(Worker, DoesTheNextRunAfterAnError) {
  ThreadWorker worker(MenuRegistry({}));
  worker.Next();
  v1::ToWorker bad = RunMessage(1);
  bad.mutable_run()->mutable_problem()->set_op("sub");
  worker.Send(bad);
  worker.Send(RunMessage(2));
  EXPECT_EQ(ReadAnswer(worker).finished.run(), 1u);
  const Answer answer = ReadAnswer(worker);
  EXPECT_EQ(answer.finished.run(), 2u);
  EXPECT_EQ(answer.finished.reason(), v1::REASON_ONLY);
}

TEST(Worker, CancelEndsARunWithinOneLaunch) {
  std::promise<void> launched;
  std::promise<void> cancelled;
  auto when_cancelled = cancelled.get_future().share();
  const auto wait = [&, first = true](const timing::Launch& launch) mutable {
    timing::Add(launch);
    if (!std::exchange(first, false)) return;
    launched.set_value();
    when_cancelled.wait();
  };
  // One launch object a call: only the first candidate waits, and none after it is ever reached.
  auto later = std::make_shared<std::atomic<int>>(0);
  Menu menu = {{"wait", [&, body = std::make_shared<std::function<void(const timing::Launch&)>>(
                                wait)](const timing::Launch& launch) { (*body)(launch); }},
               {"later", [later](const timing::Launch& launch) {
                  ++*later;
                  timing::Add(launch);
                }}};
  ThreadWorker worker(MenuRegistry(std::move(menu)));
  worker.Next();
  worker.Send(RunMessage(9));
  launched.get_future().wait();
  v1::ToWorker other;
  other.mutable_cancel()->set_run(8);  // Of another run: changes nothing.
  worker.Send(other);
  v1::ToWorker cancel;
  cancel.mutable_cancel()->set_run(9);
  worker.Send(cancel);
  cancelled.set_value();
  const Answer answer = ReadAnswer(worker);
  EXPECT_TRUE(answer.finished.cancelled());
  EXPECT_EQ(answer.finished.run(), 9u);
  EXPECT_EQ(answer.finished.order_size(), 0);
  EXPECT_EQ(later->load(), 0);
}

TEST(Worker, EndsWhenTheSupervisorCloses) {
  ThreadWorker worker(MenuRegistry({}));
  worker.Next();
  worker.Close();
  EXPECT_EQ(worker.Join(), kExitOk);
}

TEST(Worker, EndsInTheMiddleOfARunWhenTheSupervisorCloses) {
  std::promise<void> launched;
  std::promise<void> closed;
  auto when_closed = closed.get_future().share();
  auto first = std::make_shared<std::atomic<bool>>(true);
  ThreadWorker worker(MenuRegistry({{"wait", [&, first](const timing::Launch& launch) {
                                       timing::Add(launch);
                                       if (!first->exchange(false)) return;
                                       launched.set_value();
                                       when_closed.wait();
                                     }}}));
  worker.Next();
  worker.Send(RunMessage());
  launched.get_future().wait();
  worker.Close();
  closed.set_value();
  EXPECT_EQ(worker.Join(), kExitOk);
}

TEST(Worker, EndsWithACodeWhenTheSupervisorSendsRubbish) {
  ThreadWorker worker(MenuRegistry({}));
  worker.Next();
  worker.SendBytes("this is no frame, and it is longer than a header");
  EXPECT_EQ(worker.Join(), kExitProtocol);
}

TEST(Worker, TheJournalNamesWhoRuns) {
  std::promise<void> launched;
  std::promise<void> seen;
  auto when_seen = seen.get_future().share();
  auto first = std::make_shared<std::atomic<bool>>(true);
  ThreadWorker worker(MenuRegistry({{"wait", [&, first](const timing::Launch& launch) {
                                       timing::Add(launch);
                                       if (!first->exchange(false)) return;
                                       launched.set_value();
                                       when_seen.wait();
                                     }}}));
  worker.Next();
  worker.Send(RunMessage());
  launched.get_future().wait();
  EXPECT_EQ(worker.journal().candidate.load(), 1u);
  EXPECT_EQ(worker.journal().phase.load(), static_cast<uint32_t>(wire::LaunchPhase::kValidate));
  EXPECT_GT(worker.journal().deadline_ns.load(), 0u);
  EXPECT_GT(worker.journal().sequence.load(), 4u);
  seen.set_value();
  EXPECT_FALSE(ReadAnswer(worker).finished.cancelled());
}

}  // namespace
}  // namespace tactic
