#include "runners/host/gemm/plan.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tactic/sdk/tactic_reader.h"

namespace tactic::gemm {

namespace {

constexpr int64_t kMinBlock = 4;
constexpr int64_t kMaxBlock = int64_t{1} << 20;
constexpr int64_t kMaxPrefetch = 1 << 16;
constexpr std::string_view kSplitNames[] = {"n", "m", "k"};

std::string_view Name(Split split) { return kSplitNames[static_cast<int>(split)]; }

Split ParseSplit(std::string_view name) {
  const auto* found = std::find(std::begin(kSplitNames), std::end(kSplitNames), name);
  return static_cast<Split>(found - std::begin(kSplitNames));
}

// Copying b pays when each copied element is used by this many rows or more.
constexpr int64_t kRowsWorthPacking = 32;

// A thread that is given less than this many multiply-adds (about 10 us of them) costs more to wake
// than it saves.
constexpr double kWorkOfThread = 1 << 18;

// The first kernel of the kind that suits the layout and the number of rows.
const Micro& DefaultMicro(const Shape& shape, const HostMachine& machine) {
  MicroKind kind = MicroKind::kPanel;
  if (shape.b_transposed && shape.m < kRowsWorthPacking) kind = MicroKind::kDot;
  if (!shape.b_transposed && shape.m <= 4) kind = MicroKind::kAxpy;
  for (const Micro* micro : MicrosFor(machine.vectors)) {
    if (micro->kind == kind) return *micro;
  }
  return *MicrosFor(machine.vectors).front();
}

// Blocks that suit the caches of most CPUs of the last ten years: a panel of b (kc x tile) in half
// of a 32 KiB L1, a block of a or b in half of a 512 KiB L2.
Plan Defaults(const Shape& shape, const HostMachine& machine, const Micro& micro) {
  Plan plan;
  plan.micro = &micro;
  plan.pack_b =
      micro.kind == MicroKind::kPanel && (shape.b_transposed || shape.m >= kRowsWorthPacking);
  plan.kc = micro.kind == MicroKind::kDot ? 2048 : 256;
  plan.nc = micro.kind == MicroKind::kAxpy ? 2048 : 256;
  plan.mc = 192;
  // In place, each row of a panel is on another page, where the hardware does not prefetch.
  plan.prefetch = micro.kind == MicroKind::kPanel && !plan.pack_b ? 256 : 0;
  plan.threads = ThreadsWorthWaking(shape, machine);
  return plan;
}

std::string_view WordFor(sdk::VectorSet vectors) {
  switch (vectors) {
    case sdk::VectorSet::kAvx512:
      return "AVX-512";
    case sdk::VectorSet::kAvx2Fma:
      return "AVX2 and FMA";
    case sdk::VectorSet::kSse2:
      break;
  }
  return "no wider vectors than the portable ones";
}

std::vector<std::string_view> MicroNames() {
  std::vector<std::string_view> names;
  for (const Micro* micro : MicrosFor(sdk::VectorSet::kAvx512)) names.push_back(micro->name);
  return names;
}

// The kernel that the tactic names, or the default one.
Result<const Micro*> ReadMicro(const Shape& shape, const HostMachine& machine,
                               sdk::TacticReader& reader) {
  static const std::vector<std::string_view> names = MicroNames();
  const Micro& otherwise = DefaultMicro(shape, machine);
  const Micro* micro = FindMicro(reader.Text("micro", names, otherwise.name));
  if (micro->vector_set > machine.vectors) {
    return Error{ErrorCode::kFailedPrecondition,
                 "tactic parameter micro is " + std::string(micro->name) + ", which needs " +
                     std::string(WordFor(micro->vector_set)) + "; this CPU has " +
                     std::string(WordFor(machine.vectors))};
  }
  if (micro->kind == MicroKind::kDot && !shape.b_transposed) {
    reader.Reject("micro", "a panel or axpy kernel where b is row_major");
  }
  if (micro->kind == MicroKind::kAxpy && shape.b_transposed) {
    reader.Reject("micro", "a panel or dot kernel where b is col_major");
  }
  return micro;
}

}  // namespace

int ThreadsWorthWaking(const Shape& shape, const HostMachine& machine) {
  const double work =
      static_cast<double>(shape.m) * static_cast<double>(shape.n) * static_cast<double>(shape.k);
  return static_cast<int>(std::clamp(work / kWorkOfThread, 1.0, double(machine.cores)));
}

Result<Plan> PlanFor(const Shape& shape, const HostMachine& machine, const Tactic& tactic) {
  sdk::TacticReader reader(tactic);
  const Result<const Micro*> micro = ReadMicro(shape, machine, reader);
  if (!micro.ok()) return micro.error();
  Plan plan = Defaults(shape, machine, **micro);
  const MicroKind kind = plan.micro->kind;
  if (kind == MicroKind::kPanel) {
    plan.pack_b = reader.Bool("pack_b", plan.pack_b);
    if (!plan.pack_b && shape.b_transposed) {
      reader.Reject("pack_b", "true where b is col_major and micro is a panel kernel");
    }
  }
  if (kind != MicroKind::kAxpy) {
    plan.kc = reader.Int("kc", kMinBlock, kMaxBlock, plan.kc);
    plan.mc = reader.Int("mc", kMinBlock, kMaxBlock, plan.mc);
  }
  plan.nc = reader.Int("nc", kMinBlock, kMaxBlock, plan.nc);
  plan.unroll = static_cast<int>(reader.OneOf("unroll", kUnrollFactors, plan.unroll));
  plan.prefetch = reader.Int("prefetch", 0, kMaxPrefetch, plan.prefetch);
  plan.split = ParseSplit(reader.Text("split", kSplitNames, Name(plan.split)));
  plan.threads = static_cast<int>(reader.Int("threads", 1, machine.cores, plan.threads));
  const Check check = reader.Finish();
  if (!check.ok()) return check.error();
  return plan;
}

Tactic ToTactic(const Plan& plan) {
  const MicroKind kind = plan.micro->kind;
  std::vector<Parameter> items = {
      {"micro", std::string(plan.micro->name)}, {"nc", plan.nc},
      {"unroll", int64_t{plan.unroll}},         {"prefetch", plan.prefetch},
      {"split", std::string(Name(plan.split))}, {"threads", int64_t{plan.threads}},
  };
  if (kind != MicroKind::kAxpy) {
    items.push_back({"kc", plan.kc});
    items.push_back({"mc", plan.mc});
  }
  if (kind == MicroKind::kPanel) items.push_back({"pack_b", plan.pack_b});
  return Tactic(std::move(items));
}

}  // namespace tactic::gemm
