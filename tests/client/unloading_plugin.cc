// A plugin of somebody's program: all of a client in a shared object.
#include "tactic/client.h"
#include "tests/client/gemm_op.h"

extern "C" __attribute__((visibility("default"))) bool TryClient(const char* target) {
  tactic::ClientOptions options;
  options.target = target;
  options.log = [](const std::string&) {};
  tactic::Client client(std::move(options));
  const tactic::OpHandle gemm = client.Register(tactic::testing::GemmSpec()).value();
  return !gemm.ChooseOne({{8, 64}, {64, 32}}).hit;
}
