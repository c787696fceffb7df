// A client process of the end-to-end tests. Reads commands from standard input, one a line, and
// answers each with a line:
//   ready            waits for the table        -> "yes" or "no"
//   choose M N K     ChooseOne of gemm          -> "hit <decision> <candidate>" or "miss 0
//   <candidate>" tune M N K       tunes it and waits         -> "decided <count>" or "unfinished
//   <why>"
// Ends with its input.
#include <chrono>
#include <iostream>
#include <sstream>
#include <string>

#include "tactic/client.h"
#include "tactic/host_runners.h"
#include "tactic/sdk/runner.h"

namespace tactic::e2e {
namespace {

constexpr std::chrono::seconds kPatience(50);

class Chooser {
 public:
  explicit Chooser(const std::string& target) : client_({.target = target, .name = "chooser"}) {
    RegisterHostRunners(registry_);
    OpSpec spec;
    spec.op = "gemm";
    spec.inputs = {{}, {}};
    for (const auto& runner : registry_.Find("gemm")->runners) {
      spec.runners.push_back(runner->Id());
    }
    gemm_.emplace(client_.Register(spec).value());
  }

  std::string Answer(const std::string& line) {
    std::istringstream words(line);
    std::string command;
    int64_t m = 0;
    int64_t n = 0;
    int64_t k = 0;
    words >> command >> m >> n >> k;
    if (command == "ready") return client_.WaitUntilReady(kPatience) ? "yes" : "no";
    if (command == "choose") return Choose(m, n, k);
    if (command == "tune") return Tune(m, n, k);
    return "unknown command";
  }

 private:
  std::string Choose(int64_t m, int64_t n, int64_t k) {
    const Choice choice = gemm_->ChooseOne({{m, k}, {k, n}});
    const RunnerId& runner = gemm_->spec().runners[static_cast<size_t>(choice.runner)];
    return (choice.hit ? "hit " : "miss ") + std::to_string(choice.decision_id) + " " +
           ToText(Candidate{runner, choice.tactic()});
  }

  std::string Tune(int64_t m, int64_t n, int64_t k) {
    const Problem problem = gemm_->ProblemOf({{m, k}, {k, n}}).value();
    const TuneOutcome outcome = client_.Tune({problem}, {}, kPatience);
    return outcome.finished ? "decided " + std::to_string(outcome.decided)
                            : "unfinished " + outcome.message;
  }

  sdk::Registry registry_;
  Client client_;
  std::optional<OpHandle> gemm_;
};

}  // namespace
}  // namespace tactic::e2e

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  tactic::e2e::Chooser chooser(argv[1]);
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << chooser.Answer(line) << std::endl;
  }
}
