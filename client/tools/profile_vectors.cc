// Runs a file of recorded profile vectors (client/tools/vectors.h) through the rules of the client.
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "client/tools/vectors.h"

namespace tactic::tools {
namespace {

constexpr const char* kUsage =
    "usage: profile_vectors FILE.json\n"
    "Compares the client's profile rules with recorded ones: prints each difference, then\n"
    "{\"cases\":N,\"failed\":K}. A case that cannot be read has failed.\n"
    "Exit codes: 0 all agree; 1 a case failed; 2 no file, or not of the format.\n";

// What is wrong with the case, a line each.
std::vector<std::string> Run(const Json& json) {
  const auto expected = ReadCase(json);
  if (!expected.ok()) return {"cannot be read: " + expected.error().message};
  return Differences(*expected);
}

std::string NameOf(const Json& json) {
  const bool named = json.is_object() && json.contains("name") && json["name"].is_string();
  return named ? " '" + json["name"].get<std::string>() + "'" : "";
}

int Main(int argc, char** argv) {
  const std::string argument = argc == 2 ? argv[1] : "";
  if (argument == "--help") {
    std::fputs(kUsage, stdout);
    return 0;
  }
  if (argument.empty()) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  std::ifstream file(argument, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) {
    std::fprintf(stderr, "profile_vectors: cannot read '%s'\n", argument.c_str());
    return 2;
  }
  const auto cases = CasesOf(text.str());
  if (!cases.ok()) {
    std::fprintf(stderr, "profile_vectors: %s: %s\n", argument.c_str(),
                 cases.error().message.c_str());
    return 2;
  }
  size_t failed = 0;
  for (size_t i = 0; i < cases->size(); ++i) {
    const std::vector<std::string> wrong = Run((*cases)[i]);
    failed += wrong.empty() ? 0 : 1;
    for (const std::string& line : wrong) {
      std::printf("case %zu%s: %s\n", i, NameOf((*cases)[i]).c_str(), line.c_str());
    }
  }
  std::printf("{\"cases\":%zu,\"failed\":%zu}\n", cases->size(), failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace tactic::tools

int main(int argc, char** argv) { return tactic::tools::Main(argc, argv); }
