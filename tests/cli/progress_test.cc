#include "client/cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "client/cli/format.h"
#include "proto/convert/convert.h"
#include "tests/cli/fixtures.h"

namespace tactic::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

v1::Job RacingJob() {
  v1::Job job = GemmJob(4);
  job.set_contests_ended(1);
  job.set_seconds_left(95);
  v1::Progress* running = job.add_running();
  running->set_contest(1);
  running->set_phase("racing");
  running->set_candidates(62);
  running->set_remaining(14);
  running->set_failed(3);
  running->set_best_ns(100e3);
  running->set_default_ns(150e3);
  convert::ToProto(Blocked(256), running->mutable_best());
  return job;
}

TEST(ProgressLinesTest, TellsWhatIsMeasuredAndHowFarItIs) {
  const auto lines = ProgressLines(GemmSchemas(), RacingJob(), 200);
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_THAT(lines[0], AllOf(HasSubstr("j-7"), HasSubstr("1/4"), HasSubstr("1m35s left")));
  // One contest of four, and of the second the screening and most of the racing.
  EXPECT_THAT(lines[0], HasSubstr("▕" + Bar((1 + 0.7 + 0.2 * 48 / 62) / 4, 40) + "▏"));
  EXPECT_EQ(lines[1],
            "  gemm m=2 k=32 n=64 f32  racing 14 of 62 left, 3 failed  best 100 µs (1.50x) "
            "host_blocked kc=256");
}

TEST(ProgressLinesTest, CountsWhatIsScreened) {
  v1::Job job = RacingJob();
  job.mutable_running(0)->set_phase("screening");
  job.mutable_running(0)->set_screened(20);
  job.mutable_running(0)->set_worker_restarts(1);
  const auto lines = ProgressLines(GemmSchemas(), job, 200);
  EXPECT_THAT(lines[1], HasSubstr("screening 20/62, 3 failed, 1 worker restart"));
}

TEST(ProgressLinesTest, FitsAnyWidth) {
  for (size_t width = 1; width < 140; ++width) {
    for (const std::string& line : ProgressLines(GemmSchemas(), RacingJob(), width)) {
      EXPECT_LE(DisplayWidth(line), width);
    }
  }
}

TEST(ProgressLinesTest, SaysWhenItWaits) {
  v1::Job job = GemmJob(1);
  job.set_state(v1::JOB_STATE_QUEUED);
  EXPECT_THAT(ProgressLines(GemmSchemas(), job, 80)[1], HasSubstr("waiting for a lane"));
}

TEST(FinishedLineTest, NamesThePickOrTheFailure) {
  v1::Job job = GemmJob(12);
  v1::Contest* contest = job.mutable_contests(2);
  contest->set_state(v1::CONTEST_STATE_DECIDED);
  const Decision decision = GemmDecision(5, Gemm(3, 64, 32));
  EXPECT_EQ(
      FinishedLine(GemmSchemas(), job, 2, &decision),
      "[ 3/12] gemm m=3 k=32 n=64 f32: host_blocked kc=256, 100 µs, 1.50x the default's speed");
  contest->set_decision_id(5);
  EXPECT_THAT(FinishedLine(GemmSchemas(), job, 2, nullptr), HasSubstr("decided (decision 5)"));
  contest->set_state(v1::CONTEST_STATE_FAILED);
  contest->set_message("no valid\ncandidate");
  EXPECT_THAT(FinishedLine(GemmSchemas(), job, 2, nullptr),
              HasSubstr(": failed: no valid candidate"));
}

// What a Progress writes, read back from a file.
class Output {
 public:
  Output() : file_(std::tmpfile(), &std::fclose) {}
  std::FILE* file() { return file_.get(); }
  std::string Text() {
    std::fflush(file_.get());
    std::rewind(file_.get());
    std::string text;
    std::array<char, 4096> buffer;
    while (const size_t n = std::fread(buffer.data(), 1, buffer.size(), file_.get())) {
      text.append(buffer.data(), n);
    }
    return text;
  }

 private:
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

TEST(ProgressTest, LinesReportEachFinishedContestOnce) {
  Output output;
  const Schemas schemas = GemmSchemas();
  {
    Progress progress(output.file(), Progress::Mode::kLines, schemas,
                      [](uint64_t id) { return GemmDecision(id, Gemm(1, 64, 32)); });
    v1::Job job = GemmJob(3);
    job.mutable_contests(2)->set_state(v1::CONTEST_STATE_DECIDED);
    job.mutable_contests(2)->set_already_decided(true);
    progress.Update(job);
    job.mutable_contests(0)->set_state(v1::CONTEST_STATE_DECIDED);
    job.mutable_contests(0)->set_decision_id(1);
    progress.Update(job);
    progress.Update(job);
  }
  const std::string text = output.Text();
  EXPECT_THAT(text, HasSubstr("[1/3] gemm m=1 k=32 n=64 f32: host_blocked kc=256"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(ProgressTest, LiveDrawsInPlaceAndClearsBehindItself) {
  Output output;
  const Schemas schemas = GemmSchemas();
  {
    Progress progress(output.file(), Progress::Mode::kLive, schemas,
                      [](uint64_t) { return std::nullopt; });
    progress.Update(RacingJob());
    progress.Update(RacingJob());
  }
  const std::string text = output.Text();
  EXPECT_THAT(text, HasSubstr("\x1b[1A\r"));               // The second picture over the first.
  EXPECT_TRUE(text.ends_with("\x1b[1A\r\x1b[J")) << text;  // Nothing is left.
}

TEST(ProgressTest, SilentSaysNothing) {
  Output output;
  const Schemas schemas = GemmSchemas();
  Progress progress(output.file(), Progress::Mode::kSilent, schemas,
                    [](uint64_t) { return std::nullopt; });
  progress.Update(RacingJob());
  progress.Note("a note");
  EXPECT_EQ(output.Text(), "");
}

}  // namespace
}  // namespace tactic::cli
