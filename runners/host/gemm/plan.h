// The tactics of `host_blocked`: what their parameters mean, which are valid, and which are worth
// measuring. All of it is a function of the problem and the machine.
//
//   micro     micro-kernel, by name ("avx512_14x32"): vector set, kind, tile
//   pack_b    panel kernels: copy b into panels first, instead of reading it in place
//   kc nc mc  block of the sum, of columns, of rows that is worked on at a time (axpy: only nc)
//   unroll    steps of the inner loop written out: 1 or 4
//   prefetch  bytes ahead of each load of b to prefetch; 0 = none
//   split     what the threads divide: columns "n", rows "m", or the sum "k"
//   threads   1 to the cores that the process may use
#pragma once

#include <cstdint>
#include <vector>

#include "runners/host/gemm/gemm_op.h"
#include "runners/host/gemm/micro_kernel.h"
#include "runners/host/machine.h"
#include "tactic/model/decision.h"

namespace tactic::gemm {

enum class Split : uint8_t { kN, kM, kK };

// A tactic with nothing left open.
struct Plan {
  const Micro* micro = nullptr;
  bool pack_b = false;
  int64_t kc = 0;
  int64_t nc = 0;
  int64_t mc = 0;
  int unroll = 1;
  int64_t prefetch = 0;
  Split split = Split::kN;
  int threads = 1;
  bool operator==(const Plan&) const = default;
};

// How many threads a problem of this size can keep busy: what the default uses.
int ThreadsWorthWaking(const Shape& shape, const HostMachine& machine);

// The plan that `tactic` asks for; what it leaves out takes the values of the default, which is all
// of it for the empty tactic. InvalidArgument: unknown, out of range, or not meant for this kind of
// kernel or layout. FailedPrecondition: this machine has no such vectors.
Result<Plan> PlanFor(const Shape& shape, const HostMachine& machine, const Tactic& tactic);

// The same as a tactic: every parameter that applies.
Tactic ToTactic(const Plan& plan);

// At most `most`, the most promising first, none twice, the default not among them.
inline constexpr size_t kMaxTactics = 160;  // Few enough to measure each.
std::vector<Tactic> TacticsFor(const Shape& shape, const HostMachine& machine,
                               size_t most = kMaxTactics);

}  // namespace tactic::gemm
