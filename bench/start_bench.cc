// How long a real tacticd takes from exec to answering a Lookup, with a store of many decisions.
// The store is filled in memory, where syncing is free, and then copied to `directory`. One JSON
// object.
//
//   start_bench <tacticd> [directory] [decisions]     (default: the current directory, 100000)
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/daemon_process.h"
#include "bench/filled_store.h"
#include "grpcpp/grpcpp.h"
#include "proto/convert/convert.h"
#include "tactic/v1/tuning.grpc.pb.h"

namespace tactic {
namespace {

using bench::Fail;
using bench::KeyOf;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr int kStarts = 7;

struct StartTimes {
  double ready_ms = 0;
  double answered_ms = 0;
};

void Lookup(const std::string& address, int decisions) {
  const auto stub =
      v1::Tuning::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  v1::LookupRequest request;
  const Key key = KeyOf(decisions);
  convert::ToProto(key.problem, request.mutable_problem());
  convert::ToProto(key.environment, request.mutable_environment());
  grpc::ClientContext context;
  v1::LookupResponse response;
  const grpc::Status status = stub->Lookup(&context, request, &response);
  if (!status.ok()) Fail("Lookup: " + status.error_message());
  if (!response.has_decision()) Fail("Lookup missed what is in the store");
}

StartTimes StartOnce(const std::string& program, const std::string& directory, int decisions) {
  StartTimes times;
  const Clock::time_point start = Clock::now();
  const bench::DaemonProcess daemon(program, directory);
  times.ready_ms = Milliseconds(Clock::now() - start).count();
  Lookup(bench::DaemonProcess::Address(directory), decisions);
  times.answered_ms = Milliseconds(Clock::now() - start).count();
  return times;
}

void Run(const std::string& program, const std::string& directory, int decisions) {
  const std::filesystem::path state = std::filesystem::path(directory) / "state";
  std::filesystem::create_directories(state);
  bench::FillStore(state / "tactic.db", decisions);
  std::vector<double> ready;
  std::vector<double> answered;
  for (int i = 0; i < kStarts; ++i) {
    const StartTimes times = StartOnce(program, directory, decisions);
    ready.push_back(times.ready_ms);
    answered.push_back(times.answered_ms);
  }
  std::sort(ready.begin(), ready.end());
  std::sort(answered.begin(), answered.end());
  std::printf(
      "{\"bench\": \"start\", \"decisions\": %d, \"starts\": %d, \"ready_ms\": {\"min\": %.1f, "
      "\"median\": %.1f, \"max\": %.1f}, \"first_lookup_ms\": {\"min\": %.1f, \"median\": %.1f, "
      "\"max\": %.1f}}\n",
      decisions, kStarts, ready.front(), ready[kStarts / 2], ready.back(), answered.front(),
      answered[kStarts / 2], answered.back());
}

}  // namespace
}  // namespace tactic

int main(int argc, char** argv) {
  if (argc < 2) tactic::bench::Fail("usage: start_bench <tacticd> [directory] [decisions]");
  const std::filesystem::path parent = std::filesystem::absolute(argc > 2 ? argv[2] : ".");
  const int decisions = argc > 3 ? std::atoi(argv[3]) : 100'000;
  if (decisions < 1) tactic::bench::Fail("decisions must be at least 1");
  std::string scratch = (parent / "start_bench.XXXXXX").string();
  if (mkdtemp(scratch.data()) == nullptr) tactic::bench::Fail("cannot make " + scratch);
  tactic::Run(std::filesystem::absolute(argv[1]).string(), scratch, decisions);
  std::filesystem::remove_all(scratch);
}
