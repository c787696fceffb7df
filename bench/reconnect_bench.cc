// How long after a daemon is up again its clients are FRESH: many clients of this process, which
// hold a watch each, and a real tacticd that is stopped (it says Goodbye) and killed (it does not)
// in turn. From the moment that the daemon says that it serves. Prints one JSON object.
//
//   reconnect_bench <tacticd> [directory] [clients]     (default: the current directory, 256)
#include <signal.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/daemon_process.h"
#include "bench/filled_store.h"
#include "tactic/client.h"

namespace tactic {
namespace {

using bench::DaemonProcess;
using bench::Fail;
using Clock = std::chrono::steady_clock;
using Clients = std::vector<std::unique_ptr<Client>>;

constexpr int kRestarts = 5;  // Of each kind.
constexpr int kDecisions = 1000;
constexpr auto kDown = std::chrono::seconds(3);  // Long enough for the longest wait of a client.
constexpr auto kLook = std::chrono::milliseconds(1);
constexpr auto kPatience = std::chrono::seconds(60);

double MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// Adds for each client the time from `start` to its next stream: on it the first frame says that
// its table is complete, since the store is the one that it knows.
void AwaitAll(const Clients& clients, const std::vector<uint64_t>& connects,
              Clock::time_point start, std::vector<double>& times) {
  std::vector<size_t> waiting;
  for (size_t i = 0; i < clients.size(); ++i) waiting.push_back(i);
  while (!waiting.empty()) {
    std::erase_if(waiting, [&](size_t i) {
      const ClientStatistics now = clients[i]->Statistics();
      if (now.connects <= connects[i] || now.freshness != Freshness::kFresh) return false;
      times.push_back(MillisecondsSince(start));
      return true;
    });
    if (Clock::now() - start > kPatience) Fail("a client did not come back in a minute");
    std::this_thread::sleep_for(kLook);
  }
}

void Restart(const std::string& program, const std::string& directory, int signal,
             std::unique_ptr<DaemonProcess>& daemon, const Clients& clients,
             std::vector<double>& times) {
  daemon->Stop(signal);
  std::this_thread::sleep_for(kDown);
  std::vector<uint64_t> connects;
  for (const auto& client : clients) connects.push_back(client->Statistics().connects);
  daemon = std::make_unique<DaemonProcess>(program, directory);
  AwaitAll(clients, connects, Clock::now(), times);
}

double Percentile(const std::vector<double>& sorted, double percent) {
  return sorted[static_cast<size_t>(static_cast<double>(sorted.size() - 1) * percent / 100 + 0.5)];
}

std::string Summary(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  char text[128];
  std::snprintf(text, sizeof(text), "{\"p50_ms\": %.0f, \"p99_ms\": %.0f, \"max_ms\": %.0f}",
                Percentile(times, 50), Percentile(times, 99), times.back());
  return text;
}

void Run(const std::string& program, const std::string& directory, int count) {
  const std::filesystem::path state = std::filesystem::path(directory) / "state";
  std::filesystem::create_directories(state);
  bench::FillStore(state / "tactic.db", kDecisions);
  auto daemon = std::make_unique<DaemonProcess>(program, directory);
  Clients clients;
  for (int i = 0; i < count; ++i) {
    clients.push_back(
        std::make_unique<Client>(ClientOptions{.target = DaemonProcess::Address(directory)}));
  }
  for (const auto& client : clients) {
    if (!client->WaitUntilReady(kPatience)) Fail("a client got no snapshot in a minute");
  }
  std::vector<double> stopped, killed;
  for (int i = 0; i < kRestarts; ++i) {
    Restart(program, directory, SIGTERM, daemon, clients, stopped);
    Restart(program, directory, SIGKILL, daemon, clients, killed);
  }
  std::printf(
      "{\"bench\": \"reconnect\", \"clients\": %d, \"decisions\": %d, \"restarts\": %d, "
      "\"after_stop\": %s, \"after_kill\": %s, \"p99_limit_ms\": 5000}\n",
      count, kDecisions, 2 * kRestarts, Summary(stopped).c_str(), Summary(killed).c_str());
}

}  // namespace
}  // namespace tactic

int main(int argc, char** argv) {
  if (argc < 2) tactic::bench::Fail("usage: reconnect_bench <tacticd> [directory] [clients]");
  const std::filesystem::path parent = std::filesystem::absolute(argc > 2 ? argv[2] : ".");
  const int clients = argc > 3 ? std::atoi(argv[3]) : 256;
  if (clients < 1) tactic::bench::Fail("clients must be at least 1");
  std::string scratch = (parent / "reconnect_bench.XXXXXX").string();
  if (mkdtemp(scratch.data()) == nullptr) tactic::bench::Fail("cannot make " + scratch);
  tactic::Run(std::filesystem::absolute(argv[1]).string(), scratch, clients);
  std::filesystem::remove_all(scratch);
}
