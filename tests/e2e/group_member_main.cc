// A member of a group in the end-to-end tests: group_member TARGET GROUP MEMBER SIZE. Reads
// commands from standard input, one a line, and answers each with a line:
//   agree MS   -> "passed <agreement> <revision>", "not_passed <why>" or "unknown <why>"
//   choose M   -> of gemm M x 64 x 64: "<decision> <candidate>", decision 0 for a miss
// Ends with its input.
#include <chrono>
#include <iostream>
#include <sstream>
#include <string>

#include "tactic/group.h"
#include "tactic/host_runners.h"
#include "tactic/sdk/runner.h"

namespace tactic::e2e {
namespace {

class GroupMember {
 public:
  GroupMember(const std::string& target, GroupOptions options)
      : client_({.target = target, .name = options.member, .log = [](const std::string&) {}}),
        group_(client_, std::move(options)) {
    RegisterHostRunners(registry_);
    OpSpec spec;
    spec.op = "gemm";
    spec.inputs = {{}, {}};
    for (const auto& runner : registry_.Find("gemm")->runners) spec.runners.push_back(runner->Id());
    gemm_.emplace(client_.Register(spec).value());
  }

  std::string Answer(const std::string& line) {
    std::istringstream words(line);
    std::string command;
    int64_t number = 0;
    words >> command >> number;
    if (command == "agree") return Agree(std::chrono::milliseconds(number));
    if (command == "choose") return Choose(number);
    return "unknown command";
  }

 private:
  std::string Agree(std::chrono::milliseconds limit) {
    // The environment comes with the daemon's first answer.
    client_.WaitUntilReady(limit);
    const Agreed agreed = group_.Agree(limit);
    if (agreed.ok()) {
      return "passed " + agreed.agreement + " " + std::to_string(agreed.position.revision);
    }
    const bool unknown = agreed.end == Agreed::End::kUnknown;
    return (unknown ? "unknown " : "not_passed ") + agreed.message;
  }

  std::string Choose(int64_t m) const {
    const Choice choice = gemm_->ChooseOne({{m, 64}, {64, 64}});
    const RunnerId& runner = gemm_->spec().runners[static_cast<size_t>(choice.runner)];
    return std::to_string(choice.decision_id) + " " + ToText(Candidate{runner, choice.tactic()});
  }

  sdk::Registry registry_;
  Client client_;
  Group group_;
  std::optional<OpHandle> gemm_;
};

}  // namespace
}  // namespace tactic::e2e

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  tactic::e2e::GroupMember member(
      argv[1], {.name = argv[2], .member = argv[3], .size = std::stoul(argv[4]), .target = {}});
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << member.Answer(line) << std::endl;
  }
}
