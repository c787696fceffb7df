// What ChooseOne costs: a hit and a miss; while updates stream in; over the cores; of a client
// whose daemon is dead. Beside it, with the same sequence and number of entries: one
// absl::flat_hash_map find, the usual cache (a string as the key, under a std::shared_mutex), and a
// Python autotuner (bench/peers, a child process; null without python3). One JSON object.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <new>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "bench/peers/python_autotuner.h"
#include "bench/peers/shared_mutex_cache.h"
#include "bench/ticks.h"
#include "tactic/cache.h"
#include "tactic/client.h"

namespace {
std::atomic<uint64_t> allocations{0};
}  // namespace

// Out of line: the compiler would take what it sees of malloc and free for a mismatch.
[[gnu::noinline]] void* operator new(size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* p = std::malloc(bytes)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, size_t) noexcept { std::free(p); }

namespace tactic {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kOps = 20;
constexpr int kLayersPerOp = 50;
constexpr int kBuckets = 10;  // m = 1, 2, 4 ... 512.
constexpr size_t kCalls = 1 << 14;
constexpr int kRepeats = 101;
constexpr size_t kBatch = 64;
constexpr int kUpdatesPerSecond = 1000;
constexpr int kPassesInATurn = 20;
constexpr int kTurns = 51;
constexpr int kDeadTurns = 15;  // Each fills a cache anew.

const RunnerId kRunner{"host_blocked", "1"};

// Small, so that the calls themselves take little of the caches.
struct Call {
  int32_t op;
  int32_t m, k, n;
};

Environment HostEnvironment() {
  Environment environment;
  environment.device.arch = "GenuineIntel-6-207-avx512";
  environment.device.units = 2;
  environment.device.cache_bytes = 32 << 20;
  environment.components = {{"runner:host_blocked", "1"}};
  return environment;
}

std::string OpName(int op) { return "op" + std::to_string(op); }

struct Layer {
  int64_t k, n;
};

Layer LayerOf(int op, int layer) { return {64 * (layer + 1), 128 * (op + 1) + 16 * layer}; }

OpSpec SpecOf(int op) {
  OpSpec spec;
  spec.op = OpName(op);
  spec.inputs.resize(3);
  spec.runners = {kRunner};
  spec.dynamic = {DynamicDim{}};
  return spec;
}

Decision DecisionFor(int op, int layer, int bucket, uint64_t revision) {
  const auto [k, n] = LayerOf(op, layer);
  Decision decision;
  decision.id = revision;
  decision.revision = revision;
  Problem& problem = decision.key.problem;
  problem.op = OpName(op);
  problem.inputs = {{.dims = {Dim::Static(int64_t{1} << bucket), Dim::Static(k)}},
                    {.dims = {Dim::Static(k), Dim::Static(n)}},
                    {.dims = {Dim::Static(n)}}};
  decision.key.environment = HostEnvironment();
  decision.key.policy = Resolve({}, DeviceKind::kHost);
  decision.ranking = {{.candidate = {kRunner, {{"kc", int64_t{bucket}}}}}};
  return decision;
}

std::vector<Decision> AllDecisions() {
  std::vector<Decision> all;
  for (int op = 0; op < kOps; ++op) {
    for (int layer = 0; layer < kLayersPerOp; ++layer) {
      for (int b = 0; b < kBuckets; ++b) {
        all.push_back(DecisionFor(op, layer, b, all.size() + 1));
      }
    }
  }
  return all;
}

// Shapes of random decisions, each at a random size of its bucket; and which decisions.
struct Calls {
  std::vector<Call> calls;
  std::vector<int> decisions;
};
Calls RandomCalls(std::mt19937_64& random) {
  Calls drawn;
  for (size_t i = 0; i < kCalls; ++i) {
    const int op = random() % kOps;
    const int layer = random() % kLayersPerOp;
    const int bucket = random() % kBuckets;
    const int32_t top = 1 << bucket;
    const auto [k, n] = LayerOf(op, layer);
    drawn.calls.push_back({op, top - static_cast<int32_t>(random() % ((top + 1) / 2)),
                           static_cast<int32_t>(k), static_cast<int32_t>(n)});
    drawn.decisions.push_back((op * kLayersPerOp + layer) * kBuckets + bucket);
  }
  return drawn;
}

double NanosecondsPerCall(const std::function<void()>& pass) {
  const auto start = Clock::now();
  pass();
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count() / kCalls;
}

// The least disturbed pass: what else runs on the machine only adds.
double Best(const std::vector<double>& values) {
  return *std::min_element(values.begin(), values.end());
}

std::atomic<uint64_t> sink{0};

double Quantile(std::vector<double>& values, double q) {
  const auto at =
      values.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

// How much longer `one` takes than `other`. The machine may change its speed from one second to the
// next, so they take turns, and the answer is the median over these.
double RatioInTurns(int turns, const std::function<double()>& one,
                    const std::function<double()>& other) {
  std::vector<double> ratios;
  for (int turn = 0; turn < turns; ++turn) {
    const double before = turn % 2 == 0 ? 0 : other();
    const double taken = one();
    ratios.push_back(taken / (turn % 2 == 0 ? other() : before));
  }
  return Quantile(ratios, 0.5);
}

// All decisions in a cache, and calls that hit them.
class Bench {
 public:
  explicit Bench(Cache& cache) : cache_(cache) {
    Calls drawn = RandomCalls(random_);
    calls_ = std::move(drawn.calls);
    std::vector<std::pair<std::string, Environment>> environments;
    for (int op = 0; op < kOps; ++op) {
      environments.emplace_back(OpName(op), HostEnvironment());
      ops_.push_back(cache_.Register(SpecOf(op)).value());
    }
    cache_.SetEnvironments(std::move(environments));
    cache_.Replace(AllDecisions());
    for (int i = 0; i < kOps * kLayersPerOp * kBuckets; ++i) keys_.push_back(random_());
    for (size_t i = 0; i < keys_.size(); ++i) map_[keys_[i]] = static_cast<int>(i);
    for (const int decision : drawn.decisions) sequence_.push_back(keys_[decision]);
    for (const Call& call : calls_) {
      if (batches_[call.op].size() == kBatch) continue;
      batches_[call.op].push_back(ShapeKey({call.m, call.k}, {call.k, call.n}, {call.n}));
    }
    for (int i = 0; i < kOps * kLayersPerOp * kBuckets; ++i) {
      const auto [k, n] = LayerOf(i / kBuckets / kLayersPerOp, i / kBuckets % kLayersPerOp);
      usual_.Put(OpName(i / kBuckets / kLayersPerOp), int64_t{1} << i % kBuckets, k, n, i);
    }
  }

  void Hits(int64_t n_offset = 0) {
    uint64_t sum = 0;
    for (const Call& call : calls_) {
      const int64_t n = call.n + n_offset;
      sum += ops_[call.op].ChooseOne(ShapeKey({call.m, call.k}, {call.k, n}, {n})).decision_id;
    }
    sink.fetch_add(sum, std::memory_order_relaxed);
  }
  void Misses() { Hits(/*n_offset=*/1); }
  // With ranks that the compiler does not know.
  void HitsByShapes() {
    uint64_t sum = 0;
    for (const Call& call : calls_) {
      sum += ops_[call.op].ChooseOne({{call.m, call.k}, {call.k, call.n}, {call.n}}).decision_id;
    }
    sink.fetch_add(sum, std::memory_order_relaxed);
  }
  // With keys that are at hand, a batch of one op after the other.
  void HitsInBatches() {
    uint64_t sum = 0;
    for (size_t done = 0, op = 0; done < kCalls; done += kBatch, op = (op + 1) % kOps) {
      ops_[op].ChooseEach(batches_[op], choices_);
      for (const Choice& choice : choices_) sum += choice.decision_id;
    }
    sink.fetch_add(sum, std::memory_order_relaxed);
  }
  void Finds() {
    uint64_t sum = 0;
    for (uint64_t key : sequence_) sum += map_.find(key)->second;
    sink.fetch_add(sum, std::memory_order_relaxed);
  }
  void UsualFinds() {
    uint64_t sum = 0;
    for (const Call& call : calls_) sum += usual_.Find(OpName(call.op), call.m, call.k, call.n);
    sink.fetch_add(sum, std::memory_order_relaxed);
  }

  double BestOf(void (Bench::*pass)(), int repeats) {
    std::vector<double> times;
    for (int i = 0; i < repeats; ++i) times.push_back(NanosecondsPerCall([&] { (this->*pass)(); }));
    return Best(times);
  }
  // Nanoseconds a hit, over long enough for what runs beside it to show.
  double TurnOfHits() {
    double total = 0;
    for (int i = 0; i < kPassesInATurn; ++i) total += NanosecondsPerCall([this] { Hits(); });
    return total / kPassesInATurn;
  }

  // Single calls, less what reading the clock takes.
  struct Tail {
    double p50 = 0, p99 = 0, p999 = 0;
  };
  Tail SingleCalls() {
    const double tick = bench::NanosecondsPerTick();
    std::vector<double> empty, times;
    for (int pass = 0; pass < 8; ++pass) {
      for (const Call& call : calls_) {
        const uint64_t start = bench::Ticks();
        const uint64_t between = bench::Ticks();
        const Choice choice =
            ops_[call.op].ChooseOne({{call.m, call.k}, {call.k, call.n}, {call.n}});
        const uint64_t end = bench::Ticks();
        sink.fetch_add(choice.decision_id, std::memory_order_relaxed);
        empty.push_back(tick * static_cast<double>(between - start));
        times.push_back(tick * static_cast<double>(end - between));
      }
    }
    const double clock = Quantile(empty, 0.5);
    return {Quantile(times, 0.5) - clock, Quantile(times, 0.99) - clock,
            Quantile(times, 0.999) - clock};
  }

  // Calls a second of `threads` threads together.
  double Throughput(unsigned threads) {
    std::atomic<bool> go{false};
    std::atomic<unsigned> ready{0};
    std::vector<double> rates(threads);
    std::vector<std::thread> running;
    for (unsigned t = 0; t < threads; ++t) {
      running.emplace_back([&, t] {
        ready.fetch_add(1);
        while (!go.load(std::memory_order_acquire)) std::this_thread::yield();
        std::vector<double> times;
        for (int i = 0; i < 4 * kRepeats; ++i) {
          times.push_back(NanosecondsPerCall([this] { Hits(); }));
        }
        rates[t] = 1e9 / Best(times);
      });
    }
    while (ready.load() < threads) std::this_thread::yield();
    go.store(true, std::memory_order_release);
    for (std::thread& thread : running) thread.join();
    double total = 0;
    for (double rate : rates) total += rate;
    return total;
  }

  // A turn while one decision after the other is superseded.
  double TurnWithUpdates() {
    std::atomic<bool> stop{false};
    std::thread updates([&] {
      auto due = Clock::now();
      while (!stop.load(std::memory_order_relaxed)) {
        const uint64_t next = ++revision_;
        cache_.Apply({DecisionFor(next % kOps, next % kLayersPerOp, next % kBuckets, next)});
        due += std::chrono::microseconds(1'000'000 / kUpdatesPerSecond);
        std::this_thread::sleep_until(due);
      }
    });
    const double taken = TurnOfHits();
    stop.store(true, std::memory_order_relaxed);
    updates.join();
    return taken;
  }

  void Run(double dead_ratio, const std::string& python_ns) {
    for (int i = 0; i < 3; ++i) Hits(), Misses(), Finds();
    std::vector<double> hit, find, ratio, miss, shapes;
    uint64_t counted = 0;
    for (int i = 0; i < kRepeats; ++i) {
      const std::function<void()> hits = [this] { Hits(); };
      Hits();  // What both are measured after has them in the caches.
      const uint64_t before = allocations.load();
      const double nanoseconds = NanosecondsPerCall(hits);
      counted += allocations.load() - before;
      hit.push_back(nanoseconds);
      Finds();
      find.push_back(NanosecondsPerCall([this] { Finds(); }));
      ratio.push_back(hit.back() / find.back());
      shapes.push_back(NanosecondsPerCall([this] { HitsByShapes(); }));
      miss.push_back(NanosecondsPerCall([this] { Misses(); }));
    }
    const double hit_ns = Best(hit);
    const double find_ns = Best(find);
    const Tail tail = SingleCalls();
    const double usual_ns = BestOf(&Bench::UsualFinds, 15);
    const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    const double alone = Throughput(1);
    const double together = Throughput(cores);
    const double with_updates = RatioInTurns(
        kTurns, [this] { return TurnWithUpdates(); }, [this] { return TurnOfHits(); });
    const bool python = python_ns != "null";
    std::printf(
        "{\"bench\": \"choose_one\", \"decisions\": %d, \"ops\": %d, \"hit_ns\": %.2f, "
        "\"map_find_ns\": %.2f, \"ratio_to_map_find\": %.2f, \"hit_by_shapes_ns\": %.2f, "
        "\"hit_in_batch_ns\": %.2f, "
        "\"shared_mutex_ns\": %.1f, "
        "\"python_ns\": %s, \"speedup_vs_python\": %s, \"miss_ns\": %.2f, "
        "\"allocations_per_call\": %.6f, \"threads\": %u, \"linear_scaling\": %.3f, "
        "\"updates_per_second\": %d, \"with_updates_ratio\": %.3f, \"daemon_dead_ratio\": %.3f, "
        "\"p50_ns\": %.1f, \"p99_ns\": %.1f, \"p999_ns\": %.1f}\n",
        kOps * kLayersPerOp * kBuckets, kOps, hit_ns, find_ns, Quantile(ratio, 0.5), Best(shapes),
        BestOf(&Bench::HitsInBatches, kRepeats), usual_ns, python_ns.c_str(),
        python ? std::to_string(std::stod(python_ns) / hit_ns).c_str() : "null", Best(miss),
        static_cast<double>(counted) / (kCalls * kRepeats), cores, together / (cores * alone),
        kUpdatesPerSecond, with_updates, dead_ratio, tail.p50, tail.p99, tail.p999);
    const CacheStatistics statistics = cache_.Statistics();
    if (statistics.hits == 0 || statistics.malformed != 0) std::abort();
  }

 private:
  std::mt19937_64 random_{20260101};
  std::vector<Call> calls_;
  Cache& cache_;
  std::vector<OpHandle> ops_;
  uint64_t revision_ = kOps * kLayersPerOp * kBuckets;
  std::vector<uint64_t> keys_;
  std::vector<uint64_t> sequence_;
  absl::flat_hash_map<uint64_t, int> map_;
  std::vector<std::vector<ShapeKey>> batches_{kOps};
  std::vector<Choice> choices_{kBatch};
  bench::SharedMutexCache usual_;
};

double TurnOf(Cache& cache) {
  Bench bench(cache);
  bench.Hits();
  return bench.TurnOfHits();
}

// How much longer a hit takes while the client looks for a daemon that is not there. Each turn has
// a cache of its own, filled alike.
double DeadRatio() {
  const auto dead = [] {
    ClientOptions options;
    options.target = "unix:/nonexistent/tacticd.sock";
    options.log = [](const std::string&) {};
    Client client(std::move(options));
    return TurnOf(client.cache());
  };
  const auto alone = [] {
    Cache cache;
    return TurnOf(cache);
  };
  return RatioInTurns(kDeadTurns, dead, alone);
}

}  // namespace
}  // namespace tactic

// choose_one_bench [--json] [PYTHON_AUTOTUNER]     (default: the one of the tree that it was built
//                                                  in; it prints JSON in any case)
// choose_one_bench --passes N             for bench/instructions_a_call: only hits, in N passes
int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "--passes") {
    tactic::Cache cache;
    tactic::Bench bench(cache);
    for (int i = 0; i < std::atoi(argv[2]); ++i) bench.Hits();
    return 0;
  }
  if (argc > 1 && std::string_view(argv[1]) == "--json") --argc, ++argv;
  const std::string python_ns = tactic::bench::PythonNanoseconds(
      argc > 1 ? argv[1] : PYTHON_AUTOTUNER, tactic::kOps, tactic::kLayersPerOp, tactic::kBuckets);
  const double dead_ratio = tactic::DeadRatio();
  tactic::Cache cache;
  tactic::Bench(cache).Run(dead_ratio, python_ns);
}
