// How long a decision takes from the daemon's commit to the tables of the clients that watch: a
// SQLite store, the real service on a unix socket, and several clients of this process. Prints one
// JSON object.
//
//   propagation_bench [directory] [commits]     (default: the current directory, 400)
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/core/catalog.h"
#include "server/core/clock.h"
#include "server/core/tuner.h"
#include "server/log/log.h"
#include "server/rpc/grpc_server.h"
#include "server/rpc/listener.h"
#include "server/rpc/tuning_service.h"
#include "server/store/sqlite_store.h"
#include "tactic/client.h"

namespace tactic {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kClients = 4;
constexpr auto kPatience = std::chrono::seconds(10);
constexpr auto kBetweenCommits = std::chrono::milliseconds(2);

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "propagation_bench: %s\n", what.c_str());
  std::exit(1);
}

template <typename T>
T ValueOrFail(absl::StatusOr<T> result) {
  if (!result.ok()) Fail(result.status().ToString());
  return *std::move(result);
}

double Milliseconds(SteadyClock::duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

double Percentile(std::vector<double> values, double percent) {
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<size_t>(last * percent / 100 + 0.5)];
}

// Decisions are put into the store directly; nothing is measured.
class IdleLane final : public Lane {
 public:
  LaneInfo Info() const override { return {.name = "host", .state = LaneState::kReady}; }
  absl::StatusOr<ContestResult> Run(const ContestSpec&, std::stop_token,
                                    absl::FunctionRef<void(const ContestProgress&)>) override {
    return absl::UnavailableError("this lane measures nothing");
  }
};

const RunnerId kRunner{"host_blocked", "1"};

Decision SampleDecision() {
  Decision decision;
  decision.key.problem = {
      "gemm",
      {},
      {{DType::kF32, Layout::kRowMajor, {Dim::Static(16), Dim::Static(2048)}},
       {DType::kF32, Layout::kRowMajor, {Dim::Static(2048), Dim::Static(8192)}}}};
  decision.key.policy = Resolve({}, DeviceKind::kHost);
  decision.key.environment.device.arch = "GenuineIntel-6-207-avx512";
  decision.key.environment.device.units = 2;
  decision.key.environment.components = {{"runner:host_blocked", "1"}};
  decision.ranking = {{.candidate = {kRunner, {{"kc", int64_t{256}}}}, .median_ns = 1e6}};
  decision.default_ns = 2e6;
  return decision;
}

// The daemon without its process: store, catalog and service.
class Daemon {
 public:
  explicit Daemon(const std::filesystem::path& directory)
      : store_(ValueOrFail(SqliteStore::Open(directory / "tactic.db"))),
        catalog_(store_->Info().store_id, store_->Info().revision, {}),
        tuner_(ValueOrFail(Tuner::Create(*store_, catalog_, {&lane_}, SystemClock(), {}))),
        leases_(*tuner_, catalog_, SystemClock(), {.epoch = "bench"}),
        service_(*tuner_, catalog_, leases_, logger_, ServiceOptions{.version = "bench"}) {
    address_ = "unix:" + (directory / "d.sock").string();
    std::vector<Listener> listeners;
    listeners.push_back(ValueOrFail(Listener::Reserve(ValueOrFail(ParseListenAddress(address_)))));
    server_ = ValueOrFail(GrpcServer::Start(std::move(listeners), service_, logger_, {}));
  }
  ~Daemon() { server_->Stop(std::chrono::milliseconds(1000)); }

  const std::string& address() const { return address_; }

  // Commits the decision and makes it visible; its id. `commit_ms` is what the store took.
  uint64_t Put(const Decision& decision, double& commit_ms) {
    const auto start = SteadyClock::now();
    auto stored = ValueOrFail(store_->PutContest(decision.key, decision, Evidence{}));
    commit_ms = Milliseconds(SteadyClock::now() - start);
    const uint64_t id = stored->id;
    catalog_.Publish(*std::move(stored));
    return id;
  }

 private:
  Logger logger_{{LogLevel::kError, LogFormat::kText, 2}};
  IdleLane lane_;
  std::unique_ptr<SqliteStore> store_;
  Catalog catalog_;
  std::unique_ptr<Tuner> tuner_;
  Leases leases_;
  TuningService service_;
  std::string address_;
  std::unique_ptr<GrpcServer> server_;
};

struct Follower {
  std::unique_ptr<Client> client;
  OpHandle op;
};

std::vector<Follower> StartFollowers(const std::string& address, const Decision& decision) {
  OpSpec spec;
  spec.op = decision.key.problem.op;
  spec.inputs = {{}, {}};
  spec.runners = {kRunner};
  spec.dynamic = {DynamicDim{}};
  std::vector<Follower> followers;
  for (int i = 0; i < kClients; ++i) {
    auto client = std::make_unique<Client>(
        ClientOptions{.target = address, .environments = {{spec.op, decision.key.environment}}});
    OpHandle op = client->Register(spec).value();
    if (!client->WaitUntilReady(kPatience)) Fail("a client got no snapshot in 10 s");
    followers.push_back({std::move(client), op});
  }
  return followers;
}

// Milliseconds from `start` to the moment that each follower answers with this decision.
void AwaitAll(const std::vector<Follower>& followers, uint64_t id, SteadyClock::time_point start,
              std::vector<double>& latencies) {
  std::list<const Follower*> waiting;
  for (const Follower& follower : followers) waiting.push_back(&follower);
  while (!waiting.empty()) {
    waiting.remove_if([&](const Follower* follower) {
      if (follower->op.ChooseOne({{16, 2048}, {2048, 8192}}).decision_id != id) return false;
      latencies.push_back(Milliseconds(SteadyClock::now() - start));
      return true;
    });
    if (SteadyClock::now() - start > kPatience) Fail("a decision did not arrive in 10 s");
    std::this_thread::yield();
  }
}

void Run(const std::filesystem::path& directory, int commits) {
  Daemon daemon(directory);
  const Decision decision = SampleDecision();
  const std::vector<Follower> followers = StartFollowers(daemon.address(), decision);
  std::vector<double> commit_ms, total_ms;
  for (int i = 0; i < commits; ++i) {
    const auto start = SteadyClock::now();
    const uint64_t id = daemon.Put(decision, commit_ms.emplace_back());
    AwaitAll(followers, id, start, total_ms);
    std::this_thread::sleep_for(kBetweenCommits);
  }
  std::printf(
      "{\"clients\": %d, \"commits\": %d, \"commit_p50_ms\": %.2f, \"commit_p99_ms\": %.2f, "
      "\"to_table_p50_ms\": %.2f, \"to_table_p99_ms\": %.2f}\n",
      kClients, commits, Percentile(commit_ms, 50), Percentile(commit_ms, 99),
      Percentile(total_ms, 50), Percentile(total_ms, 99));
}

}  // namespace
}  // namespace tactic

int main(int argc, char** argv) {
  const std::filesystem::path parent = std::filesystem::absolute(argc > 1 ? argv[1] : ".");
  const int commits = argc > 2 ? std::atoi(argv[2]) : 400;
  if (commits < 1) tactic::Fail("commits must be a number from 1");
  std::string directory = (parent / "propagation.XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) tactic::Fail("cannot make " + directory);
  tactic::Run(directory, commits);
  std::filesystem::remove_all(directory);
}
