#include "tests/layering/include_rules.h"

#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>
#include <utility>

namespace tactic::layering {
namespace {

struct Rule {
  std::string_view area;
  std::vector<std::string_view> may_use;  // Besides itself and the standard library.
};

// Longest prefix wins. What is not listed is forbidden.
const std::vector<Rule>& Rules() {
  static const std::vector<Rule> rules = {
      {"proto/model", {"xxhash"}},
      {"proto/wire", {"proto/model"}},
      {"proto/table", {"proto/model", "proto/wire"}},
      {"proto/convert", {"proto/model", "messages"}},
      {"runners/sdk", {"proto/model"}},
      {"runners/timing", {"proto/model", "runners/sdk"}},
      {"runners/host", {"proto/model", "runners/sdk"}},
      {"runners/cuda", {"proto/model", "runners/sdk", "runners/timing", "cuda"}},
      {"runners/cublaslt", {"proto/model", "runners/sdk", "cuda"}},
      {"runners/cuda_kernels", {"proto/model", "runners/sdk", "cuda"}},
      {"runners/worker",
       {"proto/model", "proto/wire", "proto/convert", "messages", "runners/sdk", "runners/timing"}},
      {"runners", {"proto/model", "runners/sdk", "runners/worker"}},
      {"server/core", {"proto/model", "absl"}},
      {"server/log", {"absl"}},
      {"server/os", {}},
      {"server/store", {"proto/model", "server/core", "absl", "sqlite3"}},
      {"server/lane",
       {"proto/model", "proto/wire", "proto/convert", "messages", "server/core", "server/os",
        "absl"}},
      {"server/rpc",
       {"proto/model", "proto/convert", "messages", "stubs", "grpc", "server/core", "server/log",
        "server/os", "absl", "protobuf"}},
      {"server",
       {"proto/model", "proto/wire", "proto/table", "server/core", "server/store", "server/lane",
        "server/rpc", "server/log", "absl", "cli11"}},
      {"client/cache", {"proto/model", "proto/table"}},
      {"client/c", {"proto/model", "client/cache"}},
      {"client/c_link",
       {"proto/model", "client/cache", "client/link", "client/lease", "client/c", "runners/sdk"}},
      {"client/link",
       {"proto/model", "proto/wire", "proto/convert", "messages", "stubs", "grpc", "client/cache",
        "absl"}},
      // Measures in the client's process, with the worker's timing core.
      {"client/lease",
       {"proto/model", "proto/convert", "messages", "stubs", "grpc", "client/cache", "client/link",
        "runners/sdk", "runners/timing"}},
      {"client/cli",
       {"proto/model", "proto/wire", "proto/table", "proto/convert", "messages", "stubs", "grpc",
        "client/cache", "client/link", "client/interop", "absl", "cli11", "nlohmann", "protobuf"}},
      {"client/interop", {"proto/model", "nlohmann"}},
      {"client/tools", {"proto/model", "client/cache", "nlohmann"}},
      // Programs of users: whatever is installed.
      {"client/examples",
       {"proto/model", "client/cache", "client/link", "client/lease", "runners/sdk", "runners/host",
        "nlohmann"}},
  };
  return rules;
}

const Rule* RuleOf(std::string_view area) {
  for (const Rule& rule : Rules()) {
    if (rule.area == area) return &rule;
  }
  return nullptr;
}

// An area covers its subfolders too; a top-level one ("server") only the files right in it.
bool Covers(std::string_view area, std::string_view path) {
  if (!path.starts_with(area) || path.size() <= area.size() || path[area.size()] != '/')
    return false;
  const bool top_level = area.find('/') == std::string_view::npos;
  return !top_level || path.find('/', area.size() + 1) == std::string_view::npos;
}

// Public headers, by the way they are included.
std::string AreaOfPublicHeader(std::string_view include) {
  if (include.starts_with("tactic/model/")) return "proto/model";
  if (include.starts_with("tactic/sdk/")) return "runners/sdk";
  if (include == "tactic/host_runners.h") return "runners/host";
  if (include == "tactic/cublaslt_runners.h") return "runners/cublaslt";
  if (include == "tactic/cuda_kernels.h") return "runners/cuda_kernels";
  for (const char* header :
       {"cache", "capture", "op_handle", "op_spec", "shape_key", "statistics"}) {
    if (include == std::string("tactic/") + header + ".h") return "client/cache";
  }
  for (const char* header : {"tactic", "tactic_statistics", "tactic_table", "tactic_values"}) {
    if (include == std::string("tactic/") + header + ".h") return "client/c";
  }
  for (const char* header : {"tactic_group", "tactic_lease", "tactic_link", "tactic_registry"}) {
    if (include == std::string("tactic/") + header + ".h") return "client/c_link";
  }
  if (include == "tactic/client.h" || include == "tactic/group.h") return "client/link";
  if (include == "tactic/lease.h") return "client/lease";
  if (include.starts_with("tactic/v1/") && include.ends_with(".grpc.pb.h")) return "stubs";
  if (include.starts_with("tactic/v1/")) return "messages";
  return "";
}

}  // namespace

std::string AreaOfInclude(std::string_view include, bool angled) {
  const std::string public_area = AreaOfPublicHeader(include);
  if (!public_area.empty()) return public_area;
  static const std::vector<std::pair<std::string_view, std::string_view>> third_party = {
      {"absl/", "absl"},      {"grpc", "grpc"},          {"google/protobuf/", "protobuf"},
      {"sqlite3", "sqlite3"}, {"CLI/", "cli11"},         {"xxhash", "xxhash"},
      {"cuda", "cuda"},       {"cublas", "cuda"},        {"nvml", "cuda"},
      {"gtest/", "test"},     {"gmock/", "test"},        {"tests/", "test"},
      {"bench/", "test"},     {"nlohmann/", "nlohmann"},
  };
  for (const auto& [prefix, area] : third_party) {
    if (include.starts_with(prefix)) return std::string(area);
  }
  return angled ? "std" : AreaOfFile(include);
}

std::string AreaOfFile(std::string_view path) {
  std::string best;
  for (const Rule& rule : Rules()) {
    if (Covers(rule.area, path) && rule.area.size() > best.size()) best = rule.area;
  }
  return best;
}

std::vector<Violation> CheckText(const std::string& path, const std::string& text) {
  std::vector<Violation> found;
  const std::string area = AreaOfFile(path);
  const Rule* rule = RuleOf(area);
  if (rule == nullptr) {
    found.push_back({path, 0, "", "no rule covers this folder: add one to the table"});
    return found;
  }
  static const std::regex kInclude(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::smatch match;
    if (!std::regex_search(line, match, kInclude)) continue;
    const std::string target = AreaOfInclude(match[2].str(), match[1].str() == "<");
    if (target == "std" || target == area) continue;
    if (std::find(rule->may_use.begin(), rule->may_use.end(), target) != rule->may_use.end())
      continue;
    found.push_back({path, number, match[2].str(),
                     area + " may not use " + (target.empty() ? "an unknown folder" : target)});
  }
  return found;
}

std::vector<Violation> CheckTree(const std::filesystem::path& root, int* files_read) {
  std::vector<Violation> found;
  *files_read = 0;
  for (const char* top : {"proto", "server", "client", "runners"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / top)) {
      const std::string extension = entry.path().extension();
      if (!entry.is_regular_file()) continue;
      if (extension != ".h" && extension != ".cc" && extension != ".cu" && extension != ".cuh")
        continue;
      std::ifstream in(entry.path());
      std::stringstream text;
      text << in.rdbuf();
      const auto violations =
          CheckText(std::filesystem::relative(entry.path(), root).string(), text.str());
      found.insert(found.end(), violations.begin(), violations.end());
      ++*files_read;
    }
  }
  return found;
}

}  // namespace tactic::layering
