// What durability costs: the latency of storing a contest against a bare append and fdatasync in
// the same run and directory, and the time to open and load a store of many decisions. Prints one
// JSON object.
//
//   store_bench [directory] [decisions]     (default: the current directory, 100000)
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/store/sqlite_store.h"

namespace tactic {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCommits = 400;
constexpr int kTrials = 60;

double Milliseconds(Clock::duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "store_bench: %s\n", what.c_str());
  std::exit(1);
}

template <typename T>
T ValueOrFail(absl::StatusOr<T> result) {
  if (!result.ok()) Fail(result.status().ToString());
  return *std::move(result);
}

Key KeyOf(int64_t m) {
  Key key;
  key.problem = {
      "gemm",
      {{"epilogue", std::string("none")}},
      {{DType::kF32, Layout::kRowMajor, {Dim::Dynamic(1, m, 1 << 30), Dim::Static(2048)}},
       {DType::kF32, Layout::kColMajor, {Dim::Static(2048), Dim::Static(8192)}}}};
  key.policy = {CacheState::kWeightsCold, LaunchMode::kEager, Validation::kReference, 0};
  key.environment = {{DeviceKind::kHost, "GenuineIntel-6-143-avx512", 8, 60 << 20, "", "a CPU",
                      uint64_t{64} << 30},
                     "",
                     "",
                     {{"openblas", "0.3.21"}, {"runner:host_blocked", "1"}}};
  return key;
}

Candidate CandidateOf(int64_t i) {
  return {
      {"host_blocked", "1"},
      {{"kc", 64 * i}, {"mc", 96 + i}, {"micro", std::string("avx2_6x16")}, {"threads", i % 8}}};
}

Decision DecisionFor(const Key& key) {
  Decision decision;
  decision.key = key;
  decision.ranking = {{CandidateOf(3), 1000, 990, 1010},
                      {{{"openblas", "0.3.21"}, {}}, 1500, 1400, 1600}};
  decision.default_ns = 2000;
  decision.created_unix_ms = 1;
  return decision;
}

// 60 candidates: all screened, a third raced for 20 rounds.
Evidence EvidenceOf(int trials) {
  Evidence evidence;
  for (int i = 0; i < trials; ++i) {
    Trial trial{CandidateOf(i), Outcome::kMeasured, "", 1000.0 + i, {}};
    const uint32_t rounds = i % 3 == 0 ? 20 : 1;
    for (uint32_t round = 0; round < rounds; ++round) trial.samples.push_back({0, round, 1000.0f});
    evidence.trials.push_back(std::move(trial));
  }
  return evidence;
}

struct Quantiles {
  double p50 = 0;
  double p99 = 0;
  double max = 0;
};

Quantiles Measure(int count, const std::function<void(int)>& step) {
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    const auto start = Clock::now();
    step(i);
    times.push_back(Milliseconds(Clock::now() - start));
  }
  std::sort(times.begin(), times.end());
  const auto at = [&times](double q) {
    return times[static_cast<size_t>(q * static_cast<double>(times.size() - 1))];
  };
  return {at(0.5), at(0.99), times.back()};
}

Quantiles MeasureAppends(const std::filesystem::path& file) {
  const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) Fail("cannot open " + file.string());
  const std::string page(4096, 'x');
  const Quantiles quantiles = Measure(kCommits, [&](int) {
    if (write(fd, page.data(), page.size()) != static_cast<ssize_t>(page.size()) ||
        fdatasync(fd) != 0) {
      Fail("cannot append to " + file.string());
    }
  });
  close(fd);
  return quantiles;
}

Quantiles MeasureCommits(const std::filesystem::path& file) {
  const auto store = ValueOrFail(SqliteStore::Open(file));
  const Evidence evidence = EvidenceOf(kTrials);
  return Measure(kCommits, [&](int i) {
    const Key key = KeyOf(1 + i);
    ValueOrFail(store->PutContest(key, DecisionFor(key), evidence));
  });
}

// Through the store's own code, in memory, where syncing is free; then copied to `file`.
void Fill(const std::filesystem::path& file, int decisions) {
  std::string scratch = "/dev/shm/store_bench.XXXXXX";
  if (mkdtemp(scratch.data()) == nullptr) Fail("cannot make " + scratch);
  const std::filesystem::path filled = std::filesystem::path(scratch) / "load.db";
  {
    const auto store = ValueOrFail(SqliteStore::Open(filled));
    const Evidence evidence = EvidenceOf(2);
    for (int i = 0; i < decisions; ++i) {
      const Key key = KeyOf(1 + i);
      ValueOrFail(store->PutContest(key, DecisionFor(key), evidence));
    }
  }
  std::filesystem::copy_file(filled, file);
  std::filesystem::remove_all(scratch);
}

std::string Json(const char* name, const Quantiles& q) {
  char text[160];
  std::snprintf(text, sizeof text, "\"%s\": {\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}",
                name, q.p50, q.p99, q.max);
  return text;
}

void Run(const std::filesystem::path& dir, int decisions) {
  const Quantiles append = MeasureAppends(dir / "append");
  const Quantiles commit = MeasureCommits(dir / "commits.db");
  const std::filesystem::path file = dir / "load.db";
  Fill(file, decisions);
  const auto start = Clock::now();
  const auto store = ValueOrFail(SqliteStore::Open(file));
  const double open_ms = Milliseconds(Clock::now() - start);
  const auto loading = Clock::now();
  const size_t loaded = ValueOrFail(store->LoadDecisions()).size();
  const double load_ms = Milliseconds(Clock::now() - loading);
  std::printf(
      "{\"bench\": \"store\", \"trials_per_contest\": %d, %s, %s, \"commit_over_append\": "
      "%.2f, \"decisions\": %zu, \"open_ms\": %.1f, \"load_ms\": %.1f, \"file_mib\": %.1f}\n",
      kTrials, Json("append_4k", append).c_str(), Json("commit", commit).c_str(),
      commit.p50 / append.p50, loaded, open_ms, load_ms,
      static_cast<double>(std::filesystem::file_size(file)) / (1 << 20));
}

}  // namespace
}  // namespace tactic

int main(int argc, char** argv) {
  const std::filesystem::path parent = argc > 1 ? argv[1] : ".";
  const int decisions = argc > 2 ? std::atoi(argv[2]) : 100'000;
  std::string scratch = (parent / "store_bench.XXXXXX").string();
  if (mkdtemp(scratch.data()) == nullptr)
    tactic::Fail("cannot make a directory in " + parent.string());
  tactic::Run(scratch, decisions);
  std::filesystem::remove_all(scratch);
}
