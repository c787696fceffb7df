// What deploy/gpu/check tunes, without the GPU that it needs to run: the ops take its problems.
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "client/cli/problem_flags.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runners/cublaslt/gemm_op.h"
#include "tactic/cuda_kernels.h"
#include "tactic/sdk/runner.h"

namespace tactic {
namespace {

// The arguments of each `tune NAME …` of the script, after NAME.
std::vector<std::vector<std::string>> Commands() {
  std::ifstream in(TACTIC_CHECK_SCRIPT);
  std::string script((std::istreambuf_iterator<char>(in)), {});
  script = std::regex_replace(script, std::regex("\\\\\n"), " ");
  script = std::regex_replace(script, std::regex("\"\\$rows\""), "1..4096:pow2");
  std::vector<std::vector<std::string>> commands;
  std::istringstream lines(script);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first;
    std::string name;
    if (!(words >> first >> name) || first != "tune") continue;
    if (name == "a") continue;  // "tune  a daemon tunes …", of the usage text.
    commands.emplace_back(std::istream_iterator<std::string>(words),
                          std::istream_iterator<std::string>());
  }
  return commands;
}

cli::ProblemFlags FlagsOf(const std::vector<std::string>& command) {
  cli::ProblemFlags flags;
  flags.op = command.front();
  for (size_t i = 1; i + 1 < command.size(); i += 2) {
    const std::string& value = command[i + 1];
    if (command[i] == "--dtype") {
      flags.dtype = value;
    } else if (command[i] == "--layout") {
      flags.layouts.push_back(value);
    } else if (command[i] == "--shapes") {
      flags.shapes.push_back(value);
    } else {
      flags.dims.push_back(command[i].substr(2) + "=" + value);
    }
  }
  return flags;
}

TEST(CheckScriptTest, TunesProblemsThatTheOpsTake) {
  sdk::Registry registry;
  registry.Add(cublaslt::MakeGemmOp());
  RegisterCudaKernels(registry);
  const auto commands = Commands();
  EXPECT_EQ(commands.size(), 5u);
  for (const std::vector<std::string>& command : commands) {
    SCOPED_TRACE(::testing::PrintToString(command));
    const sdk::Registry::Entry* entry = registry.Find(command.front());
    ASSERT_NE(entry, nullptr);
    const auto problems = cli::MakeProblems(entry->op->Schema(), FlagsOf(command));
    ASSERT_TRUE(problems.ok()) << problems.error().message;
    EXPECT_GE(problems->size(), 3u);
    for (const Problem& problem : *problems) EXPECT_FALSE(entry->op->Outputs(problem).empty());
  }
}

}  // namespace
}  // namespace tactic
