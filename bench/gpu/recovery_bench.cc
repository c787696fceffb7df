// How long a GPU lane needs to go on after its worker was killed, from outside and because a kernel
// runs without end: from the kill, or from when that kernel was overdue, to the first sample of the
// next worker. And how long a whole contest takes with a candidate that costs the worker its
// device. One JSON object.
//
//   gpu_recovery_bench [REPEATS]
//
// Runs the worker tacticd-faulty-gpu-worker that lies beside it.
#include <signal.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/lane/worker_lane.h"

namespace tactic {
namespace {

constexpr int64_t kElements = 1 << 20;
constexpr int64_t kMany = 400;  // Candidates: a contest long enough to be killed in.
constexpr absl::Duration kStep = absl::Seconds(1);  // What a hung step is given.

ContestSpec SpecOf(const std::string& acts, int64_t good) {
  ContestSpec spec;
  spec.key.problem.op = "copy";
  spec.key.problem.attributes = {{"acts", acts}, {"good", good}};
  spec.key.problem.inputs = {{DType::kF32, Layout::kRowMajor, {Dim::Static(kElements)}}};
  spec.key.policy = Resolve({}, DeviceKind::kCuda);
  return spec;
}

// The children of this process: its worker.
std::vector<pid_t> Children() {
  std::vector<pid_t> children;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream in(thread.path() / "children");
    for (pid_t child = 0; in >> child;) children.push_back(child);
  }
  return children;
}

// When the last life of the worker was heard of, and when the next one.
struct Lives {
  int64_t last_ns = 0;
  int64_t back_ns = 0;  // 0: it did not come back.

  void Progressed(const ContestProgress& progress) {
    int64_t& now_ns = progress.worker_restarts == 0 ? last_ns : back_ns;
    if (progress.worker_restarts == 0 || back_ns == 0) now_ns = SystemClock().NowNanos();
  }
};

// Kills the worker in the middle of a contest.
std::optional<double> KillOnce(WorkerLane& lane) {
  Lives lives;
  int64_t killed_ns = 0;
  const auto result = lane.Run(SpecOf("", kMany), {}, [&](const ContestProgress& progress) {
    lives.Progressed(progress);
    if (killed_ns != 0) return;
    killed_ns = SystemClock().NowNanos();
    for (const pid_t child : Children()) kill(child, SIGKILL);
  });
  if (!result.ok() || lives.back_ns == 0) return std::nullopt;
  return 1e-9 * static_cast<double>(lives.back_ns - killed_ns);
}

// From when an endless kernel was overdue. It begins directly after the last progress.
std::optional<double> HangOnce(WorkerLane& lane) {
  Lives lives;
  const auto result = lane.Run(SpecOf("endless", 2), {}, [&](const ContestProgress& progress) {
    lives.Progressed(progress);
  });
  if (!result.ok() || lives.back_ns == 0) return std::nullopt;
  return 1e-9 * static_cast<double>(lives.back_ns - lives.last_ns) - absl::ToDoubleSeconds(kStep);
}

std::optional<double> ContestOnce(WorkerLane& lane, const std::string& act) {
  const auto result = lane.Run(SpecOf(act, 2), {}, [](const ContestProgress&) {});
  if (!result.ok()) return std::nullopt;
  return result->evidence.seconds;
}

// Prints "NAME": {…}; false: one of them failed.
template <typename Once>
bool Report(const char* name, int repeats, const Once& once) {
  std::vector<double> seconds;
  for (int i = 0; i < repeats; ++i) {
    const std::optional<double> one = once();
    if (!one) {
      std::fprintf(stderr, "%s: failed\n", name);
      return false;
    }
    seconds.push_back(*one);
  }
  std::sort(seconds.begin(), seconds.end());
  std::printf(", \"%s\": {\"p50_s\": %.3f, \"max_s\": %.3f}", name,
              seconds[(seconds.size() - 1) / 2], seconds.back());
  return true;
}

int Main(int repeats) {
  WorkerLaneOptions options;
  options.worker =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "tacticd-faulty-gpu-worker";
  options.device = "cuda:0";
  options.ready = absl::Seconds(60);
  options.limits.hang.candidate_step = kStep;
  auto lane = WorkerLane::Start(std::move(options));
  if (!lane.ok()) {
    std::fprintf(stderr, "%s\n", lane.status().ToString().c_str());
    return 1;
  }
  const LaneInfo info = (*lane)->Info();
  std::printf("{\"bench\": \"gpu_recovery\", \"gpu\": \"%s\", \"driver\": \"%s\", \"repeats\": %d",
              info.device.label.c_str(), info.driver.c_str(), repeats);
  bool ok = Report("kill_to_going_on", repeats, [&] { return KillOnce(**lane); });
  ok &= Report("overdue_endless_kernel_to_going_on", repeats, [&] { return HangOnce(**lane); });
  for (const char* act : {"", "illegal_address", "misaligned", "device_assert", "host_crash"}) {
    const std::string name = *act == '\0' ? "contest" : std::string("contest_with_") + act;
    ok &= Report(name.c_str(), repeats, [&] { return ContestOnce(**lane, act); });
  }
  std::printf("}\n");
  return ok ? 0 : 1;
}

}  // namespace
}  // namespace tactic

int main(int argc, char** argv) {
  const int repeats = argc > 1 ? std::atoi(argv[1]) : 5;
  return tactic::Main(std::max(repeats, 1));
}
