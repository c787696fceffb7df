// Which plans are worth measuring. Every family of kernels that suits the problem has a list of
// choices for each parameter, best guess first; a plan's rank is how far down the lists its choices
// are. The list of candidates is all plans by rank, cut where the runner says.
#include <algorithm>
#include <utility>
#include <vector>

#include "runners/host/gemm/plan.h"

namespace tactic::gemm {

namespace {

struct Division {
  Split split = Split::kN;
  int threads = 1;
};

struct Family {
  int rank = 0;  // Of its best plan.
  bool pack_b = false;
  std::vector<const Micro*> micros;
  std::vector<int64_t> kc, nc, mc, prefetch;
  std::vector<int> unroll;
  std::vector<Division> divisions;
};

struct RankedPlan {
  int rank = 0;
  Plan plan;
};

// Blocks larger than the extent are all one: of those only the first is kept.
std::vector<int64_t> UpTo(int64_t extent, std::vector<int64_t> sizes) {
  std::vector<int64_t> kept;
  bool covered = false;
  for (const int64_t size : sizes) {
    if (size < extent || !covered) kept.push_back(size);
    covered = covered || size >= extent;
  }
  return kept;
}

// Kernels of the kind. Where the problem has fewer rows than several of equal width, they run the
// same code: of those the one with the fewest rows is kept. Among the others, taller than the
// problem is a worse guess than fitting.
std::vector<const Micro*> Kernels(MicroKind kind, const Shape& shape, const HostMachine& machine) {
  std::vector<const Micro*> kept;
  for (const Micro* micro : MicrosFor(machine.vectors)) {
    const bool portable = micro->vector_set == sdk::VectorSet::kSse2;
    if (micro->kind != kind || (portable && machine.vectors != sdk::VectorSet::kSse2)) continue;
    const auto same = std::find_if(kept.begin(), kept.end(), [&](const Micro* other) {
      return other->vector_set == micro->vector_set && other->cols == micro->cols &&
             std::min(other->rows, micro->rows) >= shape.m;
    });
    if (same == kept.end()) {
      kept.push_back(micro);
    } else if (micro->rows < (*same)->rows) {
      *same = micro;
    }
  }
  std::stable_sort(kept.begin(), kept.end(), [&](const Micro* x, const Micro* y) {
    const auto waste = [&](const Micro* micro) {
      return std::pair(-static_cast<int>(micro->vector_set), micro->rows > shape.m);
    };
    return waste(x) < waste(y);
  });
  return kept;
}

// Columns over as many cores as the problem keeps busy first: no core then needs what another one
// writes.
std::vector<Division> Divisions(const Shape& shape, const HostMachine& machine) {
  constexpr int64_t kManyRows = 32, kLongSum = 512, kSmallOutput = 1 << 17;
  const int worth = ThreadsWorthWaking(shape, machine);
  std::vector<Division> divisions = {{Split::kN, worth}};
  if (machine.cores == 1) return divisions;
  if (shape.k >= kLongSum && shape.m * shape.n <= kSmallOutput) {
    divisions.push_back({Split::kK, machine.cores});
  }
  if (shape.m >= kManyRows) divisions.push_back({Split::kM, machine.cores});
  for (const int threads : {machine.cores, machine.cores / 2, 1}) {
    const bool listed = std::any_of(divisions.begin(), divisions.end(), [&](const Division& d) {
      return d.split == Split::kN && d.threads == threads;
    });
    if (!listed) divisions.push_back({Split::kN, threads});
  }
  return divisions;
}

Family AxpyFamily(const Shape& shape, const HostMachine& machine) {
  Family family;
  family.rank = shape.m <= 4 ? 0 : 2;
  family.micros = Kernels(MicroKind::kAxpy, shape, machine);
  family.kc = {0};
  family.mc = {0};
  family.nc = UpTo(shape.n, {4096, 1024, 512});
  family.prefetch = {0, 512, 2048};
  family.unroll = {4, 1};
  return family;
}

Family DotFamily(const Shape& shape, const HostMachine& machine) {
  Family family;
  family.micros = Kernels(MicroKind::kDot, shape, machine);
  family.kc = UpTo(shape.k, {2048, 1024, 8192});
  family.nc = {256};
  family.mc = UpTo(shape.m, {64, 256});
  family.prefetch = {0, 512, 2048};
  family.unroll = {1, 4};
  return family;
}

Family PanelFamily(const Shape& shape, const HostMachine& machine, bool pack_b) {
  Family family;
  family.pack_b = pack_b;
  family.micros = Kernels(MicroKind::kPanel, shape, machine);
  family.kc = UpTo(shape.k, {256, 512, 128, 1024, 384});
  family.nc = pack_b ? UpTo(shape.n, {256, 64, 1024, 512}) : std::vector<int64_t>{256};
  family.mc = UpTo(shape.m, {192, 96});
  family.prefetch = pack_b ? std::vector<int64_t>{0, 512} : std::vector<int64_t>{256, 0, 1024};
  family.unroll = {4, 1};
  return family;
}

std::vector<Family> Families(const Shape& shape, const HostMachine& machine) {
  constexpr int64_t kFewRows = 8, kSomeRows = 32;
  std::vector<Family> families;
  if (shape.m > kFewRows) {
    families.push_back(PanelFamily(shape, machine, true));
    families.back().rank = shape.m < kSomeRows ? 2 : 0;
  }
  if (shape.b_transposed) {
    families.push_back(DotFamily(shape, machine));
  } else {
    families.push_back(PanelFamily(shape, machine, false));
    families.back().rank = shape.m <= 4 ? 2 : shape.m < kSomeRows ? 0 : 2;
    if (shape.m <= kSomeRows) families.push_back(AxpyFamily(shape, machine));
  }
  for (Family& family : families) family.divisions = Divisions(shape, machine);
  return families;
}

// fn(choice, its place in the list), for each choice.
template <typename T, typename Fn>
void ForEach(const std::vector<T>& choices, const Fn& fn) {
  for (size_t i = 0; i < choices.size(); ++i) fn(choices[i], static_cast<int>(i));
}

void Append(const Family& f, std::vector<RankedPlan>& plans) {
  // A division far down the list is rarely right: it counts twice.
  ForEach(f.divisions, [&](const Division& division, int d) {
    ForEach(f.micros, [&](const Micro* micro, int i) {
      ForEach(f.kc, [&](int64_t kc, int k) {
        ForEach(f.nc, [&](int64_t nc, int n) {
          ForEach(f.mc, [&](int64_t mc, int m) {
            ForEach(f.prefetch, [&](int64_t prefetch, int p) {
              ForEach(f.unroll, [&](int unroll, int u) {
                plans.push_back({f.rank + 2 * d + i + k + n + m + p + u,
                                 Plan{micro, f.pack_b, kc, nc, mc, unroll, prefetch, division.split,
                                      division.threads}});
              });
            });
          });
        });
      });
    });
  });
}

}  // namespace

std::vector<Tactic> TacticsFor(const Shape& shape, const HostMachine& machine, size_t most) {
  if (shape.m == 0 || shape.n == 0 || shape.k == 0) return {};
  std::vector<RankedPlan> plans;
  for (const Family& family : Families(shape, machine)) Append(family, plans);
  std::stable_sort(plans.begin(), plans.end(),
                   [](const RankedPlan& x, const RankedPlan& y) { return x.rank < y.rank; });
  const Tactic by_default = ToTactic(PlanFor(shape, machine, Tactic()).value());
  std::vector<Tactic> tactics;
  for (const RankedPlan& ranked : plans) {
    if (tactics.size() == most) break;
    Tactic tactic = ToTactic(ranked.plan);
    if (tactic != by_default) tactics.push_back(std::move(tactic));
  }
  return tactics;
}

}  // namespace tactic::gemm
