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

#include "bench/filled_store.h"
#include "server/store/sqlite_store.h"

namespace tactic {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCommits = 400;
constexpr int kTrials = 60;

double Milliseconds(Clock::duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
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
  if (fd < 0) bench::Fail("cannot open " + file.string());
  const std::string page(4096, 'x');
  const Quantiles quantiles = Measure(kCommits, [&](int) {
    if (write(fd, page.data(), page.size()) != static_cast<ssize_t>(page.size()) ||
        fdatasync(fd) != 0) {
      bench::Fail("cannot append to " + file.string());
    }
  });
  close(fd);
  return quantiles;
}

Quantiles MeasureCommits(const std::filesystem::path& file) {
  const auto store = bench::ValueOrFail(SqliteStore::Open(file));
  const Evidence evidence = bench::EvidenceOf(kTrials);
  return Measure(kCommits, [&](int i) {
    const Key key = bench::KeyOf(1 + i);
    bench::ValueOrFail(store->PutContest(key, bench::DecisionFor(key), evidence));
  });
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
  bench::FillStore(file, decisions);
  const auto start = Clock::now();
  const auto store = bench::ValueOrFail(SqliteStore::Open(file));
  const double open_ms = Milliseconds(Clock::now() - start);
  const auto loading = Clock::now();
  const size_t loaded = bench::ValueOrFail(store->LoadDecisions()).size();
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
    tactic::bench::Fail("cannot make a directory in " + parent.string());
  tactic::Run(scratch, decisions);
  std::filesystem::remove_all(scratch);
}
