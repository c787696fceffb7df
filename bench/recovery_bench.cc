// How long a lane needs to go on after a worker crashed or hung: from the crash, or from the moment
// that the hung step was overdue, to the first progress of the next worker. One JSON object.
//
//   recovery_bench [REPEATS]
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/lane/worker_lane.h"
#include "tests/support/temp_dir.h"

namespace tactic {
namespace {

constexpr absl::Duration kStep = absl::Milliseconds(200);  // What a hung step is given.

ContestSpec SpecOf(const std::string& act, const std::string& directory) {
  ContestSpec spec;
  spec.key.problem.op = "echo";
  spec.key.problem.attributes = {{"acts", act}, {"good", int64_t{4}}, {"directory", directory}};
  spec.key.problem.inputs = {{DType::kF32, Layout::kRowMajor, {Dim::Static(4096)}}};
  spec.key.policy = Resolve({}, DeviceKind::kHost);
  return spec;
}

// Seconds from the time noted in `note` plus `due` to the first progress after a restart; nullopt:
// the contest failed.
std::optional<double> MeasureOnce(WorkerLane& lane, const std::string& act, const std::string& note,
                                  absl::Duration due) {
  const testing::TempDir directory;
  int64_t went_on_ns = 0;
  const absl::StatusOr<ContestResult> result =
      lane.Run(SpecOf(act, directory.path()), {}, [&](const ContestProgress& progress) {
        if (progress.worker_restarts > 0 && went_on_ns == 0) went_on_ns = SystemClock().NowNanos();
      });
  int64_t noted_ns = 0;
  std::ifstream(directory / note) >> noted_ns;
  if (!result.ok() || noted_ns == 0 || went_on_ns == 0) return std::nullopt;
  return static_cast<double>(went_on_ns - noted_ns - absl::ToInt64Nanoseconds(due)) * 1e-9;
}

// Prints "NAME": {…}; false: a contest failed.
bool Report(WorkerLane& lane, const char* name, const std::string& act, const std::string& note,
            absl::Duration due, int repeats) {
  std::vector<double> seconds;
  for (int i = 0; i < repeats; ++i) {
    const std::optional<double> once = MeasureOnce(lane, act, note, due);
    if (!once) return false;
    seconds.push_back(*once);
  }
  std::sort(seconds.begin(), seconds.end());
  const size_t last = seconds.size() - 1;
  std::printf("\"%s\": {\"p50_s\": %.4f, \"p99_s\": %.4f, \"max_s\": %.4f}", name,
              seconds[last / 2], seconds[(99 * seconds.size() + 99) / 100 - 1], seconds[last]);
  return true;
}

int Main(int repeats) {
  WorkerLaneOptions options;
  options.worker = MISBEHAVING_WORKER;
  options.device = "host";
  options.limits.hang.candidate_step = kStep;
  absl::StatusOr<std::unique_ptr<WorkerLane>> lane = WorkerLane::Start(std::move(options));
  if (!lane.ok()) {
    std::fprintf(stderr, "%s\n", lane.status().ToString().c_str());
    return 1;
  }
  std::printf("{\"bench\": \"recovery\", \"lane\": \"host\", \"repeats\": %d, ", repeats);
  const bool crash =
      Report(**lane, "crash_to_going_on", "crash_once", "crashed", absl::ZeroDuration(), repeats);
  std::printf(", ");
  const bool hang = Report(**lane, "overdue_to_going_on", "hang_once", "hung", kStep, repeats);
  std::printf("}\n");
  return crash && hang ? 0 : 1;
}

}  // namespace
}  // namespace tactic

int main(int argc, char** argv) {
  const int repeats = argc > 1 ? std::atoi(argv[1]) : 20;
  return tactic::Main(std::max(repeats, 1));
}
