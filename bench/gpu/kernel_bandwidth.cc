// How near our own CUDA kernels come to the bandwidth of the device's memory. For each kernel at a
// few sizes, a contest as the worker runs it, with all inputs cold; and beside it one of plain
// copies that read and write as many bytes. One JSON object; needs a GPU.
//
//   kernel_bandwidth [OP]
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/gpu/copy_op.h"
#include "runners/cuda/session.h"
#include "runners/cuda_kernels/decode_attention.h"
#include "runners/timing/contest_plan.h"
#include "runners/timing/quiet_observer.h"
#include "runners/timing/run_race.h"
#include "tactic/cuda_kernels.h"

namespace tactic::bench {
namespace {

using Sizes = std::map<std::string, int64_t>;

struct Timed {
  Candidate candidate;
  double ns = 0;
};

struct Contest {
  Timed by_default;
  Timed pick;
  std::map<std::string, double> best_ns;  // Of each runner.
  size_t candidates = 0;
  int failed = 0;
};

// nullopt: it could not be measured; standard error says why.
std::optional<Contest> Tune(timing::DeviceSession& session, const sdk::Registry& registry,
                            const Problem& problem) {
  timing::ContestPlan plan;
  plan.problem = problem;
  plan.policy = Resolve({.cache = CacheState::kAllCold}, DeviceKind::kCuda);
  plan.entry = registry.Find(problem.op);
  plan.runners = SelectRunners(*plan.entry, {}).value();
  const CandidateList list = ListCandidates(plan.runners, problem);
  timing::QuietObserver observer;
  auto sampler = timing::MakeSampler(plan, list, session, observer);
  if (!sampler.ok()) {
    std::fprintf(stderr, "%s\n", sampler.error().message.c_str());
    return std::nullopt;
  }
  timing::Race race = timing::MakeRace(plan, list);
  timing::RunRace(race, **sampler, observer);
  const timing::Verdict verdict = race.Decide();
  if (verdict.pick < 0 || race.MedianOf(0) == 0) {
    std::fprintf(stderr, "%s: %s\n", ToText(problem).c_str(), race.TrialOf(0).detail.c_str());
    return std::nullopt;
  }
  const auto timed = [&](int i) {
    return Timed{list.candidates[static_cast<size_t>(i)], race.MedianOf(i)};
  };
  Contest contest{timed(0), timed(verdict.pick), {}, list.candidates.size(), race.Failed()};
  for (const int i : verdict.order) {
    const Timed one = timed(i);
    double& best = contest.best_ns[one.candidate.runner.name];
    if (best == 0 || one.ns < best) best = one.ns;
  }
  return contest;
}

// What a call must read and write: every input and output once, but of caches of keys and values
// only the tokens that are there.
double LeastBytes(const sdk::Op& op, const Problem& problem) {
  double bytes = 0;
  for (const Tensor& tensor : problem.inputs) bytes += static_cast<double>(Bytes(tensor));
  for (const Tensor& tensor : op.Outputs(problem)) bytes += static_cast<double>(Bytes(tensor));
  if (problem.op != "decode_attention") return bytes;
  const auto size = SizesByName(op.Schema(), problem);
  const double token = 4.0 * static_cast<double>(size.at("kv_heads") * size.at("head_dim"));
  bytes -= token * static_cast<double>(size.at("pages") * size.at("page_size"));
  for (const int32_t length : cuda_kernels::TunedLengths(problem)) bytes += token * length;
  return bytes;
}

double GigabytesPerSecond(double bytes, double ns) { return bytes / ns; }

struct Case {
  std::string op;
  Sizes sizes;
  DType dtype = DType::kBF16;
};

// Sequences whose pages are all different.
Case Decode(int64_t batch, int64_t tokens, int64_t head_dim) {
  constexpr int64_t kPageSize = 16;
  const int64_t pages = tokens / kPageSize;
  return {"decode_attention",
          {{"batch", batch},
           {"heads", 32},
           {"kv_heads", 8},
           {"head_dim", head_dim},
           {"page_size", kPageSize},
           {"pages_per_seq", pages},
           {"pages", batch * pages}}};
}

std::vector<Case> Cases() {
  return {{"rms_norm", {{"rows", 512}, {"cols", 4096}}},
          {"rms_norm", {{"rows", 8192}, {"cols", 4096}}},
          {"rms_norm", {{"rows", 32768}, {"cols", 8192}}},
          {"silu_and_mul", {{"rows", 64}, {"width", 28672}}},
          {"silu_and_mul", {{"rows", 1024}, {"width", 28672}}},
          {"silu_and_mul", {{"rows", 8192}, {"width", 28672}}},
          {"softmax", {{"rows", 512}, {"cols", 4096}}},
          {"softmax", {{"rows", 262144}, {"cols", 1024}}},
          {"softmax", {{"rows", 65536}, {"cols", 4096}}},
          {"softmax", {{"rows", 4096}, {"cols", 65536}}},
          {"softmax", {{"rows", 65536}, {"cols", 2048}}, DType::kF32},
          Decode(1, 32768, 128),
          Decode(16, 2048, 128),
          Decode(64, 4096, 128),
          Decode(64, 4096, 64)};
}

Problem ProblemOf(const sdk::Registry& registry, const Case& c) {
  const OpSchema schema = registry.Find(c.op)->op->Schema();
  Problem problem = MakeProblem(schema, c.sizes, c.dtype, {}, {}).value();
  FillDefaults(schema, problem);
  return problem;
}

// Prints `c` as one element of the JSON array; false: it could not be measured.
bool Report(timing::DeviceSession& session, const sdk::Registry& registry, const Case& c,
            bool first) {
  const Problem problem = ProblemOf(registry, c);
  const double bytes = LeastBytes(*registry.Find(c.op)->op, problem);
  constexpr int64_t kVector = 4;
  const auto copied = static_cast<int64_t>(bytes / (2 * sizeof(float))) / kVector * kVector;
  const auto ours = Tune(session, registry, problem);
  const auto copy =
      Tune(session, registry, ProblemOf(registry, {"copy", {{"elements", copied}}, DType::kF32}));
  if (!ours || !copy) return false;
  const double by_kernel = GigabytesPerSecond(bytes, copy->best_ns.at("copy"));
  const double by_memcpy = GigabytesPerSecond(bytes, copy->best_ns.at("memcpy"));
  const double best = GigabytesPerSecond(bytes, ours->pick.ns);
  std::printf(
      "%s\n {\"problem\": \"%s\", \"bytes\": %.0f, \"candidates\": %zu, \"failed\": %d,\n"
      "  \"default\": {\"us\": %.2f, \"gb_per_s\": %.0f},\n"
      "  \"best\": {\"tactic\": \"%s\", \"us\": %.2f, \"gb_per_s\": %.0f},\n"
      "  \"copy_gb_per_s\": %.0f, \"memcpy_gb_per_s\": %.0f, \"best_of_copy\": %.3f}",
      first ? "" : ",", ToText(problem).c_str(), bytes, ours->candidates, ours->failed,
      ours->by_default.ns / 1e3, GigabytesPerSecond(bytes, ours->by_default.ns),
      ours->pick.candidate.tactic.ToText().c_str(), ours->pick.ns / 1e3, best, by_kernel, by_memcpy,
      best / by_kernel);
  std::fflush(stdout);
  return true;
}

int Main(const std::string& op) {
  auto session = cuda::OpenSession(0);
  if (!session.ok()) {
    std::fprintf(stderr, "%s\n", session.error().message.c_str());
    return 1;
  }
  sdk::Registry registry;
  RegisterCudaKernels(registry);
  RegisterCopy(registry);
  std::printf(
      "{\"bench\": \"kernel_bandwidth\", \"gpu\": \"%s\", \"driver\": \"%s\", "
      "\"cuda_runtime\": \"%s\", \"cache\": \"all_cold\", \"kernels\": [",
      (*session)->device().label.c_str(), (*session)->driver().c_str(),
      (*session)->runtime().c_str());
  bool all = true;
  bool first = true;
  for (const Case& c : Cases()) {
    if (!op.empty() && c.op != op) continue;
    const bool measured = Report(**session, registry, c, first);
    first = first && !measured;
    all = all && measured;
  }
  std::printf("\n]}\n");
  return all ? 0 : 1;
}

}  // namespace
}  // namespace tactic::bench

int main(int argc, char** argv) { return tactic::bench::Main(argc > 1 ? argv[1] : ""); }
