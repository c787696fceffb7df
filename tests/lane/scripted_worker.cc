// A worker that speaks the real protocol from a script and measures nothing: for what a real worker
// does only when it is broken. The script is the device: `--device=NAME` or `--device=NAME:PATH`.
//
//   good          two candidates, the second faster
//   once          likewise, and then exits
//   disturbed     likewise; says how well it measures, and what disturbed it
//   worn          likewise; asks to be replaced after each contest
//   slow          begins, then waits for a cancel and answers it
//   deaf          begins, then answers nothing
//   exit          prints a line and exits with code 3
//   silent        never gets ready
//   old           speaks another protocol
//   text          writes text into the channel
//   early         begins with something else than Ready
//   dies          exits as soon as it has work
//   dies_until    likewise, until PATH exists
//   dies_ready_until  exits before it is ready, unless PATH exists or it is the first
//   drifts        its runner is of version 2 once PATH exists; makes it, and exits as soon as it
//                 has work
//   mute          begins, sends half a frame, and no more
//   chatty        begins, then reports progress without end
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "proto/wire/frame.h"
#include "tactic/v1/worker.pb.h"

namespace tactic {
namespace {

constexpr int kChannel = 3;
constexpr int kJournal = 4;

struct Script {
  std::string name;
  std::string path;
};

void Write(const std::string& bytes) {
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t sent = write(kChannel, bytes.data() + at, bytes.size() - at);
    if (sent <= 0) _exit(0);
    at += static_cast<size_t>(sent);
  }
}

std::string FrameOf(const v1::FromWorker& message) {
  return *wire::EncodeFrame(message.SerializeAsString());
}

// The next message; the end of the channel is the end of the process.
v1::ToWorker Receive() {
  static wire::FrameDecoder decoder;
  while (true) {
    const Result<std::optional<std::string>> payload = decoder.Next();
    if (!payload.ok()) _exit(4);
    if (payload->has_value()) {
      v1::ToWorker message;
      if (!message.ParseFromString(**payload)) _exit(5);
      return message;
    }
    char buffer[4096];
    const ssize_t got = read(kChannel, buffer, sizeof buffer);
    if (got <= 0) _exit(0);
    decoder.Feed({buffer, static_cast<size_t>(got)});
  }
}

void SetRunner(const std::string& version, v1::RunnerId* runner) {
  runner->set_name("scripted");
  runner->set_unique_id(version);
}

void SendReady(uint32_t protocol, const std::string& version, bool with_check) {
  v1::FromWorker message;
  v1::Ready* ready = message.mutable_ready();
  ready->set_protocol(protocol);
  ready->mutable_device()->set_kind(v1::DEVICE_KIND_HOST);
  ready->mutable_device()->set_arch("scripted");
  ready->mutable_device()->set_units(1);
  v1::OpInfo* op = ready->add_ops();
  op->mutable_schema()->set_op("echo");
  v1::InputSchema* input = op->mutable_schema()->add_inputs();
  input->set_name("x");
  input->add_dims("n");
  input->add_dtypes(v1::D_TYPE_F32);
  input->add_layouts(v1::LAYOUT_ROW_MAJOR);
  SetRunner(version, op->add_runners());
  if (with_check) ready->mutable_self_check()->set_empty_graph_ns(3000);
  Write(FrameOf(message));
}

void SendCandidates(uint64_t run) {
  v1::FromWorker message;
  message.mutable_candidates()->set_run(run);
  for (int i = 0; i < 2; ++i) {
    v1::Candidate* candidate = message.mutable_candidates()->add_candidates();
    SetRunner("1", candidate->mutable_runner());
    if (i == 0) continue;
    v1::Parameter* parameter = candidate->add_tactic();
    parameter->set_name("fast");
    parameter->mutable_value()->set_bool_value(true);
  }
  Write(FrameOf(message));
}

void SendVerdict(const Script& script, uint64_t run) {
  v1::FromWorker observed;
  observed.mutable_observed()->set_run(run);
  if (script.name == "disturbed") {
    v1::Disturbance* discard = observed.mutable_observed()->add_discards();
    discard->set_cause("the clock fell");
    discard->set_discarded(2);
  }
  v1::FromWorker message;
  v1::Finished* finished = message.mutable_finished();
  finished->set_run(run);
  for (const uint32_t i : {0, 1}) {
    v1::Observed::Item* item = observed.mutable_observed()->add_items();
    item->set_candidate(i);
    item->set_outcome(v1::OUTCOME_MEASURED);
    item->set_nanoseconds(200 - 100 * i);
    finished->add_order(1 - i);
    finished->add_outcomes(v1::OUTCOME_MEASURED);
    finished->add_low_ns(0);
    finished->add_high_ns(0);
  }
  finished->set_reason(v1::REASON_CLEAR);
  finished->set_tied(1);
  if (script.name == "disturbed") finished->add_disturbances("it was hot\x1b");
  if (script.name == "worn") finished->set_worn_out("it leaks");
  Write(FrameOf(observed) + FrameOf(message));
}

void SendCancelled(uint64_t run) {
  v1::FromWorker message;
  message.mutable_finished()->set_run(run);
  message.mutable_finished()->set_cancelled(true);
  Write(FrameOf(message));
}

std::string Progress(uint64_t run) {
  v1::FromWorker message;
  message.mutable_progress()->set_run(run);
  message.mutable_progress()->set_phase("racing");
  return FrameOf(message);
}

// As after one step, of no candidate.
void WriteJournal() {
  const uint64_t sequence = 1;
  if (pwrite(kJournal, &sequence, sizeof sequence, 0) != sizeof sequence) _exit(6);
}

void GetReady(const Script& script) {
  const bool marked = std::filesystem::exists(script.path);
  if (script.name == "exit" || (script.name == "dies_ready_until" && !marked)) {
    static constexpr char kLine[] = "no such device\x1b[31m\n";
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kLine, sizeof kLine - 1);
    _exit(3);
  }
  if (script.name == "silent") Receive();
  if (script.name == "text") Write("hello, I am a worker\n");
  if (script.name == "early") Write(Progress(1));
  SendReady(script.name == "old" ? 2 : 1, script.name == "drifts" && marked ? "2" : "1",
            script.name == "disturbed");
  if (script.name == "drifts") std::ofstream(script.path) << "x";
}

void Work(const Script& script, uint64_t run) {
  if (script.name == "dies" || script.name == "drifts" || script.name == "dies_ready_until")
    _exit(3);
  if (script.name == "dies_until" && !std::filesystem::exists(script.path)) _exit(3);
  WriteJournal();
  SendCandidates(run);
  if (script.name == "mute") Write("TCTF");
  if (script.name == "chatty") {
    while (true) Write(Progress(run));
  }
  if (script.name == "mute" || script.name == "slow" || script.name == "deaf") {
    if (script.name != "mute") Write(Progress(run));
    Receive();
    if (script.name == "slow") return SendCancelled(run);
    Receive();
  }
  SendVerdict(script, run);
  if (script.name == "once") _exit(0);
}

int Main(int argc, char** argv) {
  Script script;
  const std::string device = argc > 1 ? std::string(argv[1]).substr(sizeof "--device=" - 1) : "";
  script.name = device.substr(0, device.find(':'));
  if (script.name != device) script.path = device.substr(device.find(':') + 1);
  GetReady(script);
  while (true) Work(script, Receive().run().run());
}

}  // namespace
}  // namespace tactic

int main(int argc, char** argv) { return tactic::Main(argc, argv); }
