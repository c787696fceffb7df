// The table file with many decisions: making, opening and choosing from it; what each of 64
// processes that map it holds for itself; and beside it, in the same run, a table in memory of the
// same decisions. One JSON object.
//
//   table_file_bench [directory] [decisions] [processes]   (default: the system's temporary
//                                                            directory, 100000, 64)
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "proto/table/builder.h"
#include "proto/table/publisher.h"
#include "tactic/cache.h"

namespace tactic {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kOps = 20;
constexpr int kBuckets = 10;  // m = 1, 2, 4 … 512.
constexpr int kTactics = 64;  // Of each op's first runner: what its decisions pick.
constexpr int kRepeats = 21;
constexpr size_t kCalls = 1 << 14;
constexpr int kChanges = 2000;

const RunnerId kFirst{"host_blocked", "1"};
const RunnerId kSecond{"openblas", "0.3.21"};

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "table_file_bench: %s\n", what.c_str());
  std::exit(1);
}

template <typename T>
T ValueOrFail(Result<T> result) {
  if (!result.ok()) Fail(result.error().message);
  return std::move(result).value();
}

double MillisecondsOf(const std::function<void()>& what) {
  const Clock::time_point start = Clock::now();
  what();
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

Environment HostEnvironment() {
  Environment environment;
  environment.device.arch = "GenuineIntel-6-207-avx512";
  environment.device.units = 2;
  environment.device.cache_bytes = 32 << 20;
  environment.components = {{"openblas", "0.3.21"}, {"runner:host_blocked", "1"}};
  return environment;
}

std::string OpName(int op) { return "op" + std::to_string(op); }

std::vector<std::pair<std::string, Environment>> Environments() {
  std::vector<std::pair<std::string, Environment>> environments;
  for (int op = 0; op < kOps; ++op) environments.emplace_back(OpName(op), HostEnvironment());
  return environments;
}

std::vector<OpHandle> RegisterAll(Cache& cache) {
  std::vector<OpHandle> ops;
  for (int op = 0; op < kOps; ++op) {
    OpSpec spec;
    spec.op = OpName(op);
    spec.inputs.resize(3);
    spec.runners = {kFirst, kSecond};
    spec.dynamic = {DynamicDim{}};
    ops.push_back(ValueOrFail(cache.Register(std::move(spec))));
  }
  return ops;
}

struct Call {
  int32_t op, m, k, n;
};

// The one that decision `i` answers, at its bucket's size.
Call CallOf(int i) {
  const int layer = i / kBuckets / kOps;
  return {i / kBuckets % kOps, 1 << i % kBuckets, 64 * (layer % 97 + 1), 16 * (layer + 1)};
}

Decision DecisionFor(int i) {
  const Call call = CallOf(i);
  Decision decision;
  decision.id = decision.revision = static_cast<uint64_t>(i) + 1;
  Problem& problem = decision.key.problem;
  problem.op = OpName(call.op);
  problem.inputs = {{.dims = {Dim::Static(call.m), Dim::Static(call.k)}},
                    {.dims = {Dim::Static(call.k), Dim::Static(call.n)}},
                    {.dims = {Dim::Static(call.n)}}};
  decision.key.environment = HostEnvironment();
  decision.key.policy = Resolve({}, DeviceKind::kHost);
  const int64_t tactic = i * 7919 % kTactics;
  const Tactic first = {{"kc", 64 * (tactic % 8 + 1)},
                        {"mc", 48 * (tactic / 8 + 1)},
                        {"micro", std::string("avx2_6x16")},
                        {"threads", int64_t{2}}};
  decision.ranking = {{.candidate = {kFirst, first}}, {.candidate = {kSecond, {}}}};
  return decision;
}

std::vector<Decision> AllDecisions(int count) {
  std::vector<Decision> all;
  all.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) all.push_back(DecisionFor(i));
  return all;
}

table::Facts FactsOf(int decisions) {
  table::Facts facts{"bench", static_cast<uint64_t>(decisions), 0, true, {}};
  for (auto& [op, environment] : Environments()) facts.ops.push_back({op, {}, environment});
  return facts;
}

// A process that chooses from the file. Says so, and stays until its input ends.
int RunReader(const std::string& path, int decisions) {
  Cache cache;
  const std::vector<OpHandle> ops = RegisterAll(cache);
  if (const Check opened = cache.OpenTable(path); !opened.ok()) Fail(opened.error().message);
  int hits = 0;
  for (int i = 0; i < decisions; ++i) {
    const auto [op, m, k, n] = CallOf(i);
    hits += ops[static_cast<size_t>(op)].ChooseOne({{m, k}, {k, n}, {n}}).hit ? 1 : 0;
  }
  const char answer = hits == decisions ? 'y' : 'n';
  if (write(STDOUT_FILENO, &answer, 1) != 1) return 1;
  char end = 0;
  return read(STDIN_FILENO, &end, 1) == 0 ? 0 : 1;
}

struct Reader {
  pid_t pid = -1;
  int to = -1;  // Its input, which ends when this is closed.
};

Reader StartReader(const std::string& path, int decisions) {
  std::array<int, 2> in{}, out{};
  if (pipe2(in.data(), O_CLOEXEC) != 0 || pipe2(out.data(), O_CLOEXEC) != 0) Fail("no pipe");
  const std::string count = std::to_string(decisions);
  const pid_t pid = fork();
  if (pid < 0) Fail("cannot fork");
  if (pid == 0) {
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    execl("/proc/self/exe", "table_file_bench", "--reader", path.c_str(), count.c_str(), nullptr);
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  char answer = 0;
  if (read(out[0], &answer, 1) != 1 || answer != 'y') Fail("a reader missed");
  close(out[0]);
  return {pid, in[1]};
}

double PrivateKib(pid_t pid) {
  std::ifstream rollup("/proc/" + std::to_string(pid) + "/smaps_rollup");
  double kib = 0;
  for (std::string word; rollup >> word;) {
    double value = 0;
    if (word.starts_with("Private_") && rollup >> value) kib += value;
  }
  if (kib == 0) Fail("cannot read smaps_rollup");
  return kib;
}

// Of each process, ascending, while all of them run.
std::vector<double> PrivateOfReaders(const std::string& path, int decisions, int processes) {
  std::vector<Reader> readers;
  for (int i = 0; i < processes; ++i) readers.push_back(StartReader(path, decisions));
  std::vector<double> kib;
  for (const Reader& reader : readers) kib.push_back(PrivateKib(reader.pid));
  for (const Reader& reader : readers) {
    close(reader.to);
    int status = 0;
    waitpid(reader.pid, &status, 0);
    if (status != 0) Fail("a reader did not end well");
  }
  std::sort(kib.begin(), kib.end());
  return kib;
}

// A cache, and calls in random order that hit it.
class Chooser {
 public:
  explicit Chooser(int decisions) : ops_(RegisterAll(cache_)) {
    std::mt19937_64 random(20260101);
    for (size_t i = 0; i < kCalls; ++i) {
      calls_.push_back(CallOf(static_cast<int>(random() % static_cast<uint64_t>(decisions))));
    }
  }
  Cache& cache() { return cache_; }

  double NanosecondsPerHit() {
    uint64_t sum = 0;
    const double ms = MillisecondsOf([&] {
      for (const auto& [op, m, k, n] : calls_) {
        sum += ops_[static_cast<size_t>(op)].ChooseOne({{m, k}, {k, n}, {n}}).decision_id;
      }
    });
    if (sum == 0) Fail("nothing was hit");
    return ms * 1e6 / kCalls;
  }

 private:
  Cache cache_;
  std::vector<OpHandle> ops_;
  std::vector<Call> calls_;
};

struct Times {
  double put_ms = 0, image_ms = 0, publish_ms = 0, open_ms = 1e9;
  double file_hit_ns = 1e9, memory_hit_ns = 1e9;
  double replace_ms = 1e9, rebuild_ms = 1e9, memory_mib = 0, apply_us = 0;
};

size_t HeapBytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

uint64_t WriteFile(const std::vector<Decision>& decisions, const std::string& path, Times& times) {
  table::Builder builder;
  std::string image;
  times.put_ms = MillisecondsOf([&] {
    for (const Decision& decision : decisions) builder.Put(decision);
  });
  times.image_ms = MillisecondsOf(
      [&] { image = ValueOrFail(builder.Image(FactsOf(static_cast<int>(decisions.size())))); });
  const auto publisher = ValueOrFail(table::Publisher::Open(path));
  times.publish_ms = MillisecondsOf([&] { ValueOrFail(publisher.Publish(image)); });
  return image.size();
}

void FillMemory(Cache& cache, const std::vector<Decision>& decisions, Times& times) {
  cache.SetEnvironments(Environments());
  const size_t before = HeapBytes();
  std::vector<Decision> copy = decisions;
  times.replace_ms = MillisecondsOf([&] { cache.Replace(std::move(copy)); });
  // The copy is gone by now.
  times.memory_mib = static_cast<double>(HeapBytes() - before) / (1 << 20);
  for (int i = 0; i < 5; ++i) {
    auto environments = Environments();
    const double ms = MillisecondsOf([&] { cache.SetEnvironments(std::move(environments)); });
    times.rebuild_ms = std::min(times.rebuild_ms, ms);
  }
}

// Of one decision, superseded by itself, on average over many.
void ApplyOneByOne(Cache& cache, int decisions, Times& times) {
  std::vector<Decision> changes;
  for (int i = 0; i < kChanges; ++i) {
    changes.push_back(DecisionFor(static_cast<int>(i * int64_t{7919} % decisions)));
    changes.back().revision = static_cast<uint64_t>(decisions + i);
  }
  const double ms = MillisecondsOf([&] {
    for (Decision& change : changes) cache.Apply({std::move(change)});
  });
  times.apply_us = ms * 1e3 / kChanges;
}

void Run(const std::string& directory, int count, int processes) {
  const std::string path = directory + "/bench.table";
  const std::vector<Decision> decisions = AllDecisions(count);
  Times times;
  const uint64_t bytes = WriteFile(decisions, path, times);
  const std::vector<double> kib = PrivateOfReaders(path, count, processes);

  Chooser mapped(count), given(count);
  for (int i = 0; i < kRepeats; ++i) {
    const double ms = MillisecondsOf(
        [&] { ValueOrFail(mapped.cache().OpenTable(path, {std::chrono::milliseconds(0)})); });
    times.open_ms = std::min(times.open_ms, ms);
  }
  FillMemory(given.cache(), decisions, times);
  for (int i = 0; i < kRepeats; ++i) {
    times.file_hit_ns = std::min(times.file_hit_ns, mapped.NanosecondsPerHit());
    times.memory_hit_ns = std::min(times.memory_hit_ns, given.NanosecondsPerHit());
  }
  ApplyOneByOne(given.cache(), count, times);
  std::printf(
      "{\"bench\": \"table_file\", \"decisions\": %d, \"ops\": %d, \"put_ms\": %.1f, "
      "\"image_ms\": %.1f, \"publish_ms\": %.1f, \"open_ms\": %.2f, \"file_bytes\": %llu, "
      "\"bytes_per_decision\": %.1f, \"processes\": %d, \"private_kib_median\": %.0f, "
      "\"private_kib_max\": %.0f, \"file_hit_ns\": %.1f, \"memory_hit_ns\": %.1f, "
      "\"file_to_memory_ratio\": %.2f, \"memory_replace_ms\": %.1f, \"memory_table_ms\": %.1f, "
      "\"memory_mib\": %.1f, \"memory_apply_us\": %.1f}\n",
      count, kOps, times.put_ms, times.image_ms, times.publish_ms, times.open_ms,
      static_cast<unsigned long long>(bytes), static_cast<double>(bytes) / count, processes,
      kib[kib.size() / 2], kib.back(), times.file_hit_ns, times.memory_hit_ns,
      times.file_hit_ns / times.memory_hit_ns, times.replace_ms, times.rebuild_ms, times.memory_mib,
      times.apply_us);
}

}  // namespace
}  // namespace tactic

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() == 3 && arguments[0] == "--reader") {
    return tactic::RunReader(arguments[1], std::atoi(argv[3]));
  }
  const std::filesystem::path parent = arguments.empty() ? std::filesystem::temp_directory_path()
                                                         : std::filesystem::path(arguments[0]);
  const int decisions = arguments.size() > 1 ? std::atoi(argv[2]) : 100'000;
  const int processes = arguments.size() > 2 ? std::atoi(argv[3]) : 64;
  if (decisions < 1 || processes < 1) tactic::Fail("decisions and processes must be at least 1");
  std::string scratch = (parent / "table_file_bench.XXXXXX").string();
  if (mkdtemp(scratch.data()) == nullptr) tactic::Fail("cannot make " + scratch);
  tactic::Run(scratch, decisions, processes);
  std::filesystem::remove_all(scratch);
}
