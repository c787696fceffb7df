// Writes the files that table_program.c opens into a directory: two decisions for gemm, one after
// the other, and what is no table.
#include <cstdio>
#include <fstream>
#include <string>

#include "proto/table/builder.h"

namespace tactic {
namespace {

Environment HostEnvironment() {
  Environment environment;
  environment.device.arch = "GenuineIntel-6-207-avx512";
  environment.components = {{"runner:blocked", "1"}};
  return environment;
}

std::string ImageOf(uint64_t revision) {
  Decision decision;
  decision.id = decision.revision = revision;
  decision.key.problem = {"gemm",
                          {},
                          {{DType::kF32, Layout::kRowMajor, {Dim::Static(8), Dim::Static(64)}},
                           {DType::kF32, Layout::kColMajor, {Dim::Static(64), Dim::Static(32)}}}};
  decision.key.policy = Resolve({}, DeviceKind::kHost);
  decision.key.environment = HostEnvironment();
  decision.ranking = {
      {.candidate = {{"blocked", "1"}, {{"kc", static_cast<int64_t>(64 * revision)}}}}};
  table::Builder builder;
  builder.Put(decision);
  table::Facts facts{"a-store", revision, 7, true, {{"gemm", {}, HostEnvironment()}}};
  return builder.Image(facts).value();
}

}  // namespace
}  // namespace tactic

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string directory = argv[1];
  const auto write = [&](const std::string& name, const std::string& content) {
    std::ofstream(directory + "/" + name, std::ios::binary) << content;
  };
  write("first.table", tactic::ImageOf(1));
  write("second.table", tactic::ImageOf(2));
  std::string damaged = tactic::ImageOf(3);
  damaged.back() ^= 1;
  write("damaged.table", damaged);
  damaged[8] = 9;
  write("newer.table", damaged);
  write("foreign.table", "nothing of ours");
  return 0;
}
