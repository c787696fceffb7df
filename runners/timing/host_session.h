// This machine's CPU as a device to measure on.
#pragma once

#include <memory>
#include <string>

#include "runners/timing/data_pool.h"
#include "runners/timing/device_session.h"

namespace tactic::timing {

// Keeps the pool of cold data from contest to contest, since filling it takes a while.
class HostSession final : public DeviceSession {
 public:
  explicit HostSession(DeviceClass device) : device_(std::move(device)) {}

  const DeviceClass& device() const override { return device_; }
  std::string driver() const override { return ""; }
  std::string runtime() const override { return ""; }
  // A memory limit of 0 stands for a quarter of the machine's memory.
  Result<std::unique_ptr<Sampler>> MakeSampler(SamplerRequest request,
                                               LaunchObserver& observer) override;

 private:
  DeviceClass device_;
  DataPool pool_;
};

}  // namespace tactic::timing
