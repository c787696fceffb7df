#include "runners/worker/worker.h"

#include <fcntl.h>

#include <charconv>
#include <cstdio>
#include <optional>
#include <string>

#include "proto/convert/convert.h"
#include "runners/timing/host_session.h"
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

v1::FromWorker ReadyMessage(const sdk::Registry& registry, const timing::DeviceSession& session) {
  v1::FromWorker message;
  v1::Ready& ready = *message.mutable_ready();
  ready.set_protocol(kProtocol);
  convert::ToProto(session.device(), ready.mutable_device());
  ready.set_driver(session.driver());
  ready.set_runtime(session.runtime());
  if (const auto check = session.self_check()) {
    convert::ToProto(*check, ready.mutable_self_check());
  }
  for (const auto& entry : registry.entries()) Render(entry, *ready.add_ops());
  return message;
}

int Complain(const Error& error, int exit_code) {
  std::fprintf(stderr, "tacticd-worker: %s\n", error.message.c_str());
  return exit_code;
}

// A device as --device names it: "host", "cuda:1".
struct DeviceName {
  std::string kind;
  int index = 0;
};

std::optional<DeviceName> ParseDeviceName(const std::string& text) {
  const size_t colon = text.find(':');
  DeviceName name{text.substr(0, colon)};
  if (colon == std::string::npos) return name;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, name.index);
  if (error != std::errc() || rest != end) return std::nullopt;
  return name;
}

const DeviceSupport* FindSupport(const std::vector<DeviceSupport>& devices,
                                 const std::optional<DeviceName>& name) {
  for (const DeviceSupport& support : devices) {
    if (name && support.kind == name->kind) return &support;
  }
  return nullptr;
}

Error UnknownDevice(const std::string& device, const std::vector<DeviceSupport>& devices) {
  std::string known;
  for (const DeviceSupport& support : devices) {
    known += (known.empty() ? "" : ", ") + std::string(support.kind);
    if (support.kind != "host") known += ":N";
  }
  return InvalidArgument("--device is '" + device + "'; this build can measure on: " + known);
}

Result<std::unique_ptr<timing::DeviceSession>> OpenHost(int) {
  return std::unique_ptr<timing::DeviceSession>(
      std::make_unique<timing::HostSession>(sdk::DetectHostDevice()));
}

}  // namespace

int Serve(Channel& channel, Journal& journal, const sdk::Registry& registry,
          timing::DeviceSession& session) {
  journal.Idle();
  if (const Check sent = channel.Send(ReadyMessage(registry, session)); !sent.ok()) return kExitOk;
  while (const std::optional<v1::ToWorker> message = channel.Receive()) {
    // A cancel here is of a run that has ended.
    if (message->has_run()) DoRun(message->run(), {channel, journal, registry, session});
  }
  if (channel.problem().empty()) return kExitOk;
  return Complain(InvalidArgument("the daemon sent what is no message: " + channel.problem()),
                  kExitProtocol);
}

DeviceSupport HostSupport(void (*register_runners)(sdk::Registry&)) {
  return {"host", OpenHost, register_runners};
}

int RunWorker(int argc, char** argv, const std::vector<DeviceSupport>& devices) {
  const auto arguments = ParseWorkerArguments(argc, argv);
  if (!arguments.ok()) return Complain(arguments.error(), kExitUsage);
  if (arguments->help) return std::fputs(WorkerUsage().c_str(), stdout) < 0 ? kExitUsage : kExitOk;
  if (arguments->version)
    return std::puts("tacticd-worker " TACTIC_VERSION) < 0 ? kExitUsage : kExitOk;
  const std::optional<DeviceName> name = ParseDeviceName(arguments->device);
  const DeviceSupport* const support = FindSupport(devices, name);
  if (support == nullptr) {
    return Complain(UnknownDevice(arguments->device, devices), kExitBadConfig);
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
  auto session = support->open(name->index);
  if (!session.ok()) return Complain(session.error(), kExitBadConfig);
  sdk::Registry registry;
  support->register_runners(registry);
  Channel channel(arguments->channel_fd);
  return Serve(channel, *journal, registry, **session);
}

}  // namespace tactic
