#include "client/cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "client/cli/format.h"
#include "client/cli/terminal.h"
#include "proto/convert/convert.h"

namespace tactic::cli {
namespace {

// How far a contest is: by its steps, since the estimate of its time goes up and down.
double Fraction(const v1::Progress& running) {
  constexpr double kScreening = 0.7;  // About the share of the time that screening takes.
  constexpr double kRacing = 0.2;
  if (running.candidates() == 0) return 0;
  const double candidates = running.candidates();
  if (running.phase() == "screening") return kScreening * running.screened() / candidates;
  if (running.phase() == "racing") {
    return kScreening + kRacing * (1 - running.remaining() / candidates);
  }
  return running.phase() == "finals" ? kScreening + kRacing : 0;
}

double Fraction(const v1::Job& job) {
  double ended = job.contests_ended();
  for (const v1::Progress& running : job.running()) ended += Fraction(running);
  return job.contests_total() == 0 ? 1 : ended / job.contests_total();
}

std::string CandidatesText(const v1::Progress& running) {
  if (running.candidates() == 0) return running.phase();
  std::string text = running.phase() + " ";
  if (running.phase() == "screening") {
    text += std::to_string(running.screened()) + "/" + std::to_string(running.candidates());
  } else {
    text += std::to_string(running.remaining()) + " of " + std::to_string(running.candidates()) +
            " left";
  }
  if (running.failed() > 0) text += ", " + std::to_string(running.failed()) + " failed";
  if (running.worker_restarts() > 0) {
    text += ", " + Plural(running.worker_restarts(), "worker restart");
  }
  return text;
}

std::string BestText(const v1::Progress& running) {
  if (!(running.best_ns() > 0)) return "";
  std::string text = "best " + FormatNanoseconds(running.best_ns());
  if (running.default_ns() > 0) {
    text += " (" + FormatSpeedup(running.default_ns(), running.best_ns()) + ")";
  }
  const auto best = convert::FromProto("best.", running.best());
  return best.ok() ? text + " " + Printable(ToText(*best)) : text;
}

std::string RunningLine(const Schemas& schemas, const v1::Job& job) {
  if (job.running().empty()) {
    return job.state() == v1::JOB_STATE_QUEUED ? "  waiting for a lane" : "";
  }
  const v1::Progress& running = job.running(0);
  std::string line = "  ";
  if (running.contest() < static_cast<uint32_t>(job.contests_size())) {
    const v1::Problem& problem = job.contests(static_cast<int>(running.contest())).problem();
    line += Printable(schemas.ProblemText(problem)) + "  ";
  }
  line += Printable(CandidatesText(running));
  if (const std::string best = BestText(running); !best.empty()) line += "  " + best;
  if (job.running_size() > 1) {
    line += "  (+" + Plural(static_cast<uint64_t>(job.running_size() - 1), "lane") + ")";
  }
  return line;
}

}  // namespace

std::vector<std::string> ProgressLines(const Schemas& schemas, const v1::Job& job, size_t width) {
  std::string counts =
      std::to_string(job.contests_ended()) + "/" + std::to_string(job.contests_total());
  if (job.contests_failed() > 0) counts += ", " + std::to_string(job.contests_failed()) + " failed";
  if (job.seconds_left() > 0) counts += ", " + FormatSeconds(job.seconds_left()) + " left";
  const std::string head = job.id() + " ";
  const size_t texts = DisplayWidth(head) + DisplayWidth(counts) + 3;
  std::string bar;
  if (width >= texts + 8) {
    bar = "▕" + Bar(Fraction(job), std::min<size_t>(width - texts, 40)) + "▏ ";
  }
  return {Truncate(head + bar + counts, width), Truncate(RunningLine(schemas, job), width)};
}

std::string FinishedLine(const Schemas& schemas, const v1::Job& job, int contest,
                         const Decision* decision) {
  const v1::Contest& ended = job.contests(contest);
  const std::string total = std::to_string(job.contests_total());
  std::string number = std::to_string(contest + 1);
  number.insert(0, total.size() - std::min(total.size(), number.size()), ' ');
  std::string line =
      "[" + number + "/" + total + "] " + schemas.ProblemText(ended.problem()) + ": ";
  if (ended.state() != v1::CONTEST_STATE_DECIDED) {
    line += StateName(ended.state());
    if (!ended.message().empty()) line += ": " + ended.message();
  } else if (decision == nullptr || decision->ranking.empty()) {
    line += "decided (decision " + std::to_string(ended.decision_id()) + ")";
  } else {
    const Ranked& pick = decision->ranking.front();
    line += ToText(pick.candidate) + ", " + FormatNanoseconds(pick.median_ns);
    if (decision->default_ns > 0) {
      line += ", " + FormatSpeedup(decision->default_ns, pick.median_ns) + " the default's speed";
    }
  }
  return Printable(line);
}

Progress::Progress(std::FILE* out, Mode mode, const Schemas& schemas, FindDecision find)
    : out_(out), mode_(mode), schemas_(schemas), find_(std::move(find)) {}

Progress::~Progress() { Clear(); }

void Progress::Update(const v1::Job& job) {
  if (mode_ == Mode::kLive) {
    // One column is left free: a full line would wrap and be drawn twice.
    Draw(ProgressLines(schemas_, job, TerminalWidth(fileno(out_)) - 1));
  } else if (mode_ == Mode::kLines) {
    ReportEnded(job);
  }
}

void Progress::ReportEnded(const v1::Job& job) {
  for (int i = 0; i < job.contests_size(); ++i) {
    const v1::Contest& contest = job.contests(i);
    if (!IsEnded(contest.state()) || !reported_.insert(i).second) continue;
    if (contest.already_decided()) continue;  // The summary lists them.
    std::optional<Decision> decision;
    if (contest.decision_id() != 0) decision = find_(contest.decision_id());
    Note(FinishedLine(schemas_, job, i, decision ? &*decision : nullptr));
  }
}

void Progress::Note(const std::string& line) {
  if (mode_ == Mode::kSilent) return;
  Clear();
  std::fprintf(out_, "%s\n", line.c_str());
  std::fflush(out_);
}

void Progress::Draw(const std::vector<std::string>& lines) {
  // One write, so that the terminal never shows half a picture.
  std::string text = drawn_ > 1 ? "\x1b[" + std::to_string(drawn_ - 1) + "A" : "";
  for (size_t i = 0; i < lines.size(); ++i) {
    text += "\r" + lines[i] + "\x1b[K" + (i + 1 < lines.size() ? "\n" : "");
  }
  drawn_ = lines.size();
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fflush(out_);
}

void Progress::Clear() {
  if (drawn_ == 0) return;
  const std::string up = drawn_ > 1 ? "\x1b[" + std::to_string(drawn_ - 1) + "A" : "";
  std::fprintf(out_, "%s\r\x1b[J", up.c_str());
  std::fflush(out_);
  drawn_ = 0;
}

}  // namespace tactic::cli
