// What Lookup costs over a unix socket, against a handler of the same server that does nothing:
// calls in a row, and from several threads at once. The two take turns, block by block, so that
// both see the same machine. Client and server share the process. One JSON object.
//
//   lookup_rpc_bench [decisions]     (default: 10000)
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/filled_store.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/impl/codegen/client_unary_call.h"
#include "grpcpp/impl/codegen/server_callback_handlers.h"
#include "proto/convert/convert.h"
#include "server/core/catalog.h"
#include "server/core/tuner.h"
#include "server/rpc/grpc_server.h"
#include "server/rpc/tuning_service.h"
#include "server/store/memory_store.h"
#include "tactic/v1/tuning.grpc.pb.h"

namespace tactic {
namespace {

using bench::Fail;
using bench::ValueOrFail;
using Clock = std::chrono::steady_clock;
using Empty = v1::GetServerInfoRequest;  // A message without fields.

constexpr char kEmptyMethod[] = "/bench.Empty/Call";
constexpr int kBlocks = 40;
constexpr int kCallsPerBlock = 500;
constexpr int kThreads = 4;

// A service with one method that answers at once, as generated code would register it.
class EmptyService final : public grpc::Service {
 public:
  EmptyService() {
    AddMethod(new grpc::internal::RpcServiceMethod(kEmptyMethod,
                                                   grpc::internal::RpcMethod::NORMAL_RPC, nullptr));
    MarkMethodCallback(0, new grpc::internal::CallbackUnaryHandler<Empty, Empty>(
                              [](grpc::CallbackServerContext* context, const Empty*, Empty*) {
                                grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
                                reactor->Finish(grpc::Status::OK);
                                return reactor;
                              }));
  }
};

// Knows gemm, measures nothing.
class IdleLane final : public Lane {
 public:
  LaneInfo Info() const override {
    LaneInfo info;
    info.name = "host";
    info.state = LaneState::kReady;
    info.device.arch = "bench";
    OpInfo& gemm = info.ops.emplace_back();
    gemm.schema = {"gemm",
                   {{"a", {"m", "k"}, {DType::kF32}, {Layout::kRowMajor}, false},
                    {"b", {"k", "n"}, {DType::kF32}, {Layout::kRowMajor}, true}},
                   {}};
    gemm.runners = {{"host_blocked", "1"}};
    gemm.components = {{"runner:host_blocked", "1"}};
    return info;
  }
  absl::StatusOr<ContestResult> Run(const ContestSpec&, std::stop_token,
                                    absl::FunctionRef<void(const ContestProgress&)>) override {
    return absl::UnavailableError("measures nothing");
  }
};

Problem ProblemOf(int64_t m) {
  return {"gemm",
          {},
          {{DType::kF32, Layout::kRowMajor, {Dim::Static(m), Dim::Static(2048)}},
           {DType::kF32, Layout::kRowMajor, {Dim::Static(2048), Dim::Static(512)}}}};
}

std::vector<Decision> Decisions(int count, const LaneInfo& lane) {
  std::vector<Decision> decisions(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    Decision& decision = decisions[static_cast<size_t>(i)];
    decision.id = decision.revision = static_cast<uint64_t>(i) + 1;
    decision.key = {ProblemOf(i + 1), Resolve({}, lane.device.kind),
                    EnvironmentOf(lane, lane.ops[0])};
    decision.ranking = {
        {{{"host_blocked", "1"}, {{"kc", int64_t{256}}, {"mc", int64_t{96}}}}, 1000, 990, 1010}};
  }
  return decisions;
}

// One kind of call, on one channel.
using Call = std::function<void(grpc::ChannelInterface&, int)>;

void CallEmpty(grpc::ChannelInterface& channel, int) {
  static const grpc::internal::RpcMethod method(kEmptyMethod,
                                                grpc::internal::RpcMethod::NORMAL_RPC);
  grpc::ClientContext context;
  Empty response;
  const grpc::Status status = grpc::internal::BlockingUnaryCall<Empty, Empty>(
      &channel, method, &context, Empty(), &response);
  if (!status.ok()) Fail("empty call: " + status.error_message());
}

Call CallLookup(v1::Tuning::Stub& stub, int decisions) {
  return [&stub, decisions](grpc::ChannelInterface&, int i) {
    v1::LookupRequest request;
    convert::ToProto(ProblemOf(1 + i % decisions), request.mutable_problem());
    grpc::ClientContext context;
    v1::LookupResponse response;
    const grpc::Status status = stub.Lookup(&context, request, &response);
    if (!status.ok()) Fail("Lookup: " + status.error_message());
    if (!response.has_decision()) Fail("Lookup missed what is there");
  };
}

struct Figures {
  std::vector<double> latencies_us;  // Of calls in a row.
  std::vector<double> rates;         // Calls a second in a row, by block.
  std::vector<double> shared_rates;  // The same from kThreads threads.
};

double SecondsFor(int threads, grpc::ChannelInterface& channel, const Call& call,
                  std::vector<double>* latencies_us) {
  const Clock::time_point start = Clock::now();
  std::vector<std::jthread> clients;
  for (int t = 0; t < threads; ++t) {
    clients.emplace_back([&, t] {
      for (int i = t; i < kCallsPerBlock; i += threads) {
        const Clock::time_point before = Clock::now();
        call(channel, i);
        const std::chrono::duration<double, std::micro> took = Clock::now() - before;
        if (latencies_us != nullptr) latencies_us->push_back(took.count());
      }
    });
  }
  clients.clear();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void MeasureBlock(grpc::ChannelInterface& channel, const Call& call, Figures& figures) {
  figures.rates.push_back(kCallsPerBlock / SecondsFor(1, channel, call, &figures.latencies_us));
  figures.shared_rates.push_back(kCallsPerBlock / SecondsFor(kThreads, channel, call, nullptr));
}

double Quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(q * static_cast<double>(values.size() - 1))];
}

void Print(const char* name, const Figures& figures) {
  std::printf(
      "\"%s\": {\"calls_per_s\": %.0f, \"calls_per_s_%d_threads\": %.0f, \"p50_us\": %.1f, "
      "\"p99_us\": %.1f}, ",
      name, Quantile(figures.rates, 0.5), kThreads, Quantile(figures.shared_rates, 0.5),
      Quantile(figures.latencies_us, 0.5), Quantile(figures.latencies_us, 0.99));
}

void Report(int decisions, const Figures& empty, const Figures& lookup) {
  std::printf(
      "{\"bench\": \"lookup_rpc\", \"decisions\": %d, \"blocks\": %d, "
      "\"calls_per_block\": %d, ",
      decisions, kBlocks, kCallsPerBlock);
  Print("empty", empty);
  Print("lookup", lookup);
  std::printf("\"rate_ratio\": %.3f, \"rate_ratio_%d_threads\": %.3f}\n",
              Quantile(lookup.rates, 0.5) / Quantile(empty.rates, 0.5), kThreads,
              Quantile(lookup.shared_rates, 0.5) / Quantile(empty.shared_rates, 0.5));
}

void Run(const std::string& directory, int decisions) {
  IdleLane lane;
  MemoryStore store;
  Catalog catalog("bench", static_cast<uint64_t>(decisions), Decisions(decisions, lane.Info()));
  const auto tuner = ValueOrFail(Tuner::Create(store, catalog, {&lane}, SystemClock(), {}));
  const Logger logger({LogLevel::kError, LogFormat::kText, STDERR_FILENO});
  Leases leases(*tuner, catalog, SystemClock(), {.epoch = "bench"});
  TuningService service(*tuner, catalog, leases, logger, {});
  EmptyService nothing;
  const std::string address = "unix:" + directory + "/bench.sock";
  std::vector<Listener> listeners;
  listeners.push_back(ValueOrFail(Listener::Reserve(ValueOrFail(ParseListenAddress(address)))));
  GrpcServer::Options options;
  options.more_services = {&nothing};
  const auto server =
      ValueOrFail(GrpcServer::Start(std::move(listeners), service, logger, std::move(options)));
  const auto channel = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  const auto stub = v1::Tuning::NewStub(channel);
  const Call lookup_call = CallLookup(*stub, decisions);
  Figures warm_up;
  MeasureBlock(*channel, CallEmpty, warm_up);
  MeasureBlock(*channel, lookup_call, warm_up);
  Figures empty;
  Figures lookup;
  for (int block = 0; block < kBlocks; ++block) {
    MeasureBlock(*channel, CallEmpty, empty);
    MeasureBlock(*channel, lookup_call, lookup);
  }
  Report(decisions, empty, lookup);
}

}  // namespace
}  // namespace tactic

int main(int argc, char** argv) {
  const int decisions = argc > 1 ? std::atoi(argv[1]) : 10'000;
  if (decisions < 1) tactic::bench::Fail("decisions must be at least 1");
  std::string scratch = "/tmp/lookup_rpc_bench.XXXXXX";
  if (mkdtemp(scratch.data()) == nullptr) tactic::bench::Fail("cannot make " + scratch);
  tactic::Run(scratch, decisions);
  std::filesystem::remove_all(scratch);
}
