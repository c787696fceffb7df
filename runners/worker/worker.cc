#include "runners/worker/worker.h"

#include <fcntl.h>

#include <cstdio>
#include <optional>
#include <string>

#include "proto/convert/convert.h"
#include "runners/worker/arguments.h"
#include "runners/worker/contest.h"
#include "runners/worker/process.h"
#include "tactic/sdk/host.h"

namespace tactic {
namespace {

constexpr uint32_t kProtocol = 1;

void Render(const sdk::Registry::Entry& entry, v1::OpInfo& info) {
  convert::ToProto(entry.op->Schema(), info.mutable_schema());
  for (const auto& runner : entry.runners) convert::ToProto(runner->Id(), info.add_runners());
  for (const Component& component : sdk::ComponentsOf(entry)) {
    convert::ToProto(component, info.add_components());
  }
}

v1::FromWorker ReadyMessage(const sdk::Registry& registry, const DeviceClass& device) {
  v1::FromWorker message;
  v1::Ready& ready = *message.mutable_ready();
  ready.set_protocol(kProtocol);
  convert::ToProto(device, ready.mutable_device());
  for (const auto& entry : registry.entries()) Render(entry, *ready.add_ops());
  return message;
}

int Complain(const Error& error, int exit_code) {
  std::fprintf(stderr, "tacticd-worker: %s\n", error.message.c_str());
  return exit_code;
}

}  // namespace

int Serve(Channel& channel, Journal& journal, const sdk::Registry& registry,
          const DeviceClass& device) {
  journal.Idle();
  if (const Check sent = channel.Send(ReadyMessage(registry, device)); !sent.ok()) return kExitOk;
  timing::DataPool pool;
  while (const std::optional<v1::ToWorker> message = channel.Receive()) {
    // A cancel here is of a run that has ended.
    if (message->has_run()) DoRun(message->run(), {channel, journal, registry, device, pool});
  }
  if (channel.problem().empty()) return kExitOk;
  return Complain(InvalidArgument("the daemon sent what is no message: " + channel.problem()),
                  kExitProtocol);
}

int RunWorker(int argc, char** argv, void (*register_runners)(sdk::Registry&)) {
  const auto arguments = ParseWorkerArguments(argc, argv);
  if (!arguments.ok()) return Complain(arguments.error(), kExitUsage);
  if (arguments->help) return std::fputs(WorkerUsage().c_str(), stdout) < 0 ? kExitUsage : kExitOk;
  if (arguments->version)
    return std::puts("tacticd-worker " TACTIC_VERSION) < 0 ? kExitUsage : kExitOk;
  if (arguments->device != "host") {
    return Complain(
        InvalidArgument("--device is '" + arguments->device + "'; this build can measure on: host"),
        kExitBadConfig);
  }
  auto journal = Journal::Open(arguments->journal_fd);
  if (!journal.ok()) return Complain(journal.error(), kExitUsage);
  if (fcntl(arguments->channel_fd, F_SETFD, FD_CLOEXEC) != 0) {
    return Complain(InvalidArgument("--channel-fd is " + std::to_string(arguments->channel_fd) +
                                    ", which is not an open descriptor"),
                    kExitUsage);
  }
  if (const Check check = PrepareProcess(DefaultMemoryCeiling()); !check.ok()) {
    return Complain(check.error(), kExitBadConfig);
  }
  sdk::Registry registry;
  register_runners(registry);
  Channel channel(arguments->channel_fd);
  return Serve(channel, *journal, registry, sdk::DetectHostDevice());
}

}  // namespace tactic
