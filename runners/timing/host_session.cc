#include "runners/timing/host_session.h"

#include <utility>

#include "runners/timing/host_sampler.h"

namespace tactic::timing {

Result<std::unique_ptr<Sampler>> HostSession::MakeSampler(SamplerRequest request,
                                                          LaunchObserver& observer) {
  HostSamplerOptions options;
  options.policy = request.policy;
  options.cache_bytes = device_.cache_bytes;
  options.memory_bytes = request.memory_bytes > 0 ? request.memory_bytes : device_.memory_bytes / 4;
  auto sampler = HostSampler::Create(request.op, request.problem, std::move(request.candidates),
                                     options, pool_, observer);
  if (!sampler.ok()) return sampler.error();
  return std::unique_ptr<Sampler>(*std::move(sampler));
}

}  // namespace tactic::timing
