// A worker whose runner does to it what kernels do to workers.
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <limits>

#include "runners/worker/worker.h"
#include "tests/worker/menu_runner.h"

namespace tactic {
namespace {

// Tells the test that a launch began, on a descriptor that the test passes along.
constexpr int kSignalFd = 5;

void Crash(const timing::Launch&) { raise(SIGSEGV); }

void Hang(const timing::Launch&) {
  const char begun = 'h';
  while (write(kSignalFd, &begun, 1) != 1) {
  }
  while (true) pause();
}

void Exit(const timing::Launch&) { _exit(0); }

void Print(const timing::Launch& launch) {
  timing::Add(launch);
  std::puts("a kernel that prints");
  std::fflush(stdout);
}

// Asks for more than there is until it is refused.
void Bomb(const timing::Launch&) {
  std::vector<std::unique_ptr<char[]>> held;
  while (true) held.push_back(std::unique_ptr<char[]>(new char[size_t{1} << 30]));
}

void RegisterMenu(sdk::Registry& registry) {
  registry.Add(std::make_unique<timing::AddOp>());
  registry.Add("add", std::make_unique<MenuRunner>(
                          "menu", std::vector<std::pair<std::string, MenuRunner::Body>>{
                                      {"crash", Crash}, {"print", Print}, {"good", timing::Add}}));
  registry.Add("add", std::make_unique<MenuRunner>(
                          "grim", std::vector<std::pair<std::string, MenuRunner::Body>>{
                                      {"hang", Hang}, {"exit", Exit}, {"bomb", Bomb}}));
}

}  // namespace
}  // namespace tactic

int main(int argc, char** argv) {
  return tactic::RunWorker(argc, argv, {tactic::HostSupport(tactic::RegisterMenu)});
}
