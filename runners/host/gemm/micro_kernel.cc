#include "runners/host/gemm/micro_kernel.h"

#include <algorithm>
#include <vector>

namespace tactic::gemm {

namespace {

// All that this program has, the widest first.
const std::vector<const Micro*>& AllMicros() {
  static const std::vector<const Micro*> all = [] {
    std::vector<const Micro*> micros;
    const auto append = [&](const MicroSet& set) {
      for (const Micro& micro : set.micros) micros.push_back(&micro);
    };
#if defined(__x86_64__)
    append(Avx512Micros());
    append(Avx2Micros());
#endif
    append(PortableMicros());
    return micros;
  }();
  return all;
}

}  // namespace

const MicroSet& HostMicros() {
#if defined(__x86_64__)
  static const sdk::VectorSet vectors = sdk::HostVectorSet();
  if (vectors == sdk::VectorSet::kAvx512) return Avx512Micros();
  if (vectors == sdk::VectorSet::kAvx2Fma) return Avx2Micros();
#endif
  return PortableMicros();
}

std::span<const Micro* const> MicrosFor(sdk::VectorSet vectors) {
  const std::vector<const Micro*>& all = AllMicros();
  const auto first = std::find_if(all.begin(), all.end(),
                                  [&](const Micro* micro) { return micro->vector_set <= vectors; });
  return {first, all.end()};
}

const Micro* FindMicro(std::string_view name) {
  for (const Micro* micro : AllMicros()) {
    if (micro->name == name) return micro;
  }
  return nullptr;
}

}  // namespace tactic::gemm
