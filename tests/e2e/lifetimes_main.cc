// Clients that are forked, that end with the program, and that are many: lifetimes MODE TARGET.
// Prints "ok", or what is wrong and fails.
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <string>

#include "tactic/client.h"
#include "tactic/group.h"
#include "tactic/host_runners.h"
#include "tactic/sdk/runner.h"

namespace tactic::e2e {
namespace {

constexpr std::chrono::seconds kPatience(50);
constexpr int kChildOk = 7;

#define REQUIRE(condition)                                              \
  do {                                                                  \
    if (!(condition)) {                                                 \
      std::cout << "line " << __LINE__ << ": " #condition << std::endl; \
      std::_Exit(1);                                                    \
    }                                                                   \
  } while (false)

OpSpec GemmSpec() {
  sdk::Registry registry;
  RegisterHostRunners(registry);
  OpSpec spec;
  spec.op = "gemm";
  spec.inputs = {{}, {}};
  for (const auto& runner : registry.Find("gemm")->runners) spec.runners.push_back(runner->Id());
  return spec;
}

uint64_t Choose(const OpHandle& op) { return op.ChooseOne({{1, 64}, {64, 64}}).decision_id; }

ClientOptions Options(const std::string& target) {
  return {.target = target, .log = [](const std::string&) {}};
}

// Destroyed after the client below, which it knows nothing of.
struct LateChooser {
  std::optional<Cache> cache;
  std::optional<OpHandle> op;
  ~LateChooser() {
    if (op) REQUIRE(Choose(*op) == 0);
  }
} late_chooser;
std::optional<Client> client;  // Destroyed by exit.

uint64_t StartClient(const std::string& target) {
  client.emplace(Options(target));
  const OpHandle op = client->Register(GemmSpec()).value();
  REQUIRE(client->WaitUntilReady(kPatience));
  REQUIRE(Choose(op) != 0);
  return Choose(op);
}

// Runs `child` in a forked child, which then ends by exit, with all that is static.
void Fork(const std::function<void()>& child) {
  const pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    child();
    std::exit(kChildOk);
  }
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == kChildOk);
}

// What a child can do with the client that it inherits.
void UseInherited(uint64_t decision) {
  REQUIRE(client->Inherited());
  const OpHandle op = client->Register(GemmSpec()).value();
  REQUIRE(Choose(op) == decision);
  REQUIRE(client->Statistics().cache.decisions > 0);
  REQUIRE(client->Statistics().last_error.find("before a fork") != std::string::npos);
  REQUIRE(!client->WaitUntilReady(kPatience));
  REQUIRE(!client->WaitForRevision(1, kPatience));
  const TuneOutcome tuned =
      client->Tune({op.ProblemOf({{2, 64}, {64, 64}}).value()}, {}, kPatience);
  REQUIRE(!tuned.finished && tuned.message.find("before a fork") != std::string::npos);
  TuningScope scope(*client);
  const Hold hold(*client);
  REQUIRE(!scope.Wait(kPatience).finished);
  Group group(*client, {"g", "m", 1, ""});
  REQUIRE(!group.Agree(kPatience).ok());
  REQUIRE(client->Pin() == TablePosition());
  REQUIRE(!client->Advance({"s", 1}).ok());
  client->Unpin();
}

void ForkWithALiveClient(const std::string& target) {
  const uint64_t decision = StartClient(target);
  std::optional<Group> group(std::in_place, *client, GroupOptions{"h", "m", 1, ""});
  REQUIRE(group->Agree(kPatience).ok());
  const std::optional<TuningScope> scope(std::in_place, *client);
  Fork([&] {
    UseInherited(decision);
    group.reset();
    Fork([&] { UseInherited(decision); });  // And its children.
    Client own(Options(target));
    REQUIRE(own.WhyNotConnected() != nullptr);
    REQUIRE(std::string(own.WhyNotConnected()).find("GRPC_ENABLE_FORK_SUPPORT") !=
            std::string::npos);
    REQUIRE(!own.Tune({}, {}, kPatience).finished);
  });
  // The parent's goes on.
  REQUIRE(client->WhyNotConnected() == nullptr);
  REQUIRE(group->Agree(kPatience).ok());
}

// gRPC was told, by the environment, to support forks.
void ForkSupported(const std::string& target) {
  const uint64_t decision = StartClient(target);
  Fork([&] {
    Client own(Options(target));
    REQUIRE(own.WaitUntilReady(kPatience));
    REQUIRE(Choose(own.Register(GemmSpec()).value()) == decision);
  });
  REQUIRE(client->WaitUntilReady(kPatience));
}

void ForkAfterTheLastClient(const std::string& target) {
  const uint64_t decision = StartClient(target);
  client.reset();
  Fork([&] { REQUIRE(StartClient(target) == decision); });
  REQUIRE(StartClient(target) == decision);
}

size_t Entries(const char* directory) {
  const std::filesystem::directory_iterator entries(directory);
  return static_cast<size_t>(std::distance(begin(entries), end(entries)));
}

constexpr char kDescriptors[] = "LIFETIMES_DESCRIPTORS";

// Nothing came along that was not there before there was a client.
void StartAfterExec(const std::string& target) {
  REQUIRE(std::to_string(Entries("/proc/self/fd")) == std::getenv(kDescriptors));
  StartClient(target);
}

void ForkAndExec(const std::string& target) {
  setenv(kDescriptors, std::to_string(Entries("/proc/self/fd")).c_str(), 1);
  StartClient(target);
  const pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    execl("/proc/self/exe", "lifetimes", "after_exec", target.c_str(), nullptr);
    std::_Exit(1);
  }
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

// Statics that still choose when the client, and what the library keeps, are gone.
void EndWithStatics(const std::string& target) {
  late_chooser.cache.emplace();
  late_chooser.op.emplace(late_chooser.cache->Register(GemmSpec()).value());
  StartClient(target);
}

struct Held {
  size_t descriptors = Entries("/proc/self/fd");
  size_t threads = Entries("/proc/self/task");
  size_t bytes = mallinfo2().uordblks;
};

void MakeMany(const std::string& target, int count, bool reachable) {
  for (int i = 0; i < count; ++i) {
    Client short_lived(Options(target));
    const OpHandle op = short_lived.Register(GemmSpec()).value();
    if (reachable && i % 4 == 0) REQUIRE(short_lived.WaitUntilReady(kPatience));
    Choose(op);
  }
}

void Many(const std::string& target, bool reachable) {
  constexpr int kCount = 1000;
  MakeMany(target, kCount / 10, reachable);
  const Held before;
  MakeMany(target, kCount, reachable);
  const Held after;
  std::cerr << "descriptors " << before.descriptors << " " << after.descriptors << ", threads "
            << before.threads << " " << after.threads << ", bytes " << before.bytes << " "
            << after.bytes << std::endl;
  // gRPC lets go of some a moment later; what is lost with each client would be a thousand times.
  REQUIRE(after.descriptors < before.descriptors + 50);
  REQUIRE(after.threads < before.threads + 50);
  REQUIRE(after.bytes < before.bytes + size_t{1000} * kCount);
}

int Main(const std::string& mode, const std::string& target) {
  const std::map<std::string, std::function<void()>> modes = {
      {"fork", [&] { ForkWithALiveClient(target); }},
      {"fork_supported", [&] { ForkSupported(target); }},
      {"fork_after", [&] { ForkAfterTheLastClient(target); }},
      {"exec", [&] { ForkAndExec(target); }},
      {"after_exec", [&] { StartAfterExec(target); }},
      {"static", [&] { EndWithStatics(target); }},
      {"many", [&] { Many(target, /*reachable=*/true); }},
      {"many_alone", [&] { Many(target + ".nobody", /*reachable=*/false); }},
  };
  const auto run = modes.find(mode);
  if (run == modes.end()) return 2;
  run->second();
  std::cout << "ok" << std::endl;
  return 0;
}

}  // namespace
}  // namespace tactic::e2e

int main(int argc, char** argv) { return argc == 3 ? tactic::e2e::Main(argv[1], argv[2]) : 2; }
