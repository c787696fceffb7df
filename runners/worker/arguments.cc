#include "runners/worker/arguments.h"

#include <charconv>
#include <string_view>

namespace tactic {
namespace {

constexpr int kLeastFd = 3;  // 0, 1 and 2 are the standard ones.

Check ParseFd(std::string_view name, std::string_view text, int& fd) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), fd);
  if (error == std::errc{} && end == text.data() + text.size() && fd >= kLeastFd) return Ok();
  return InvalidArgument("--" + std::string(name) + " is '" + std::string(text) +
                         "'; it takes the number of an open descriptor, 3 or more");
}

Check ParseOne(std::string_view argument, WorkerArguments& arguments) {
  const size_t equals = argument.find('=');
  const std::string_view name = argument.substr(0, equals);
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view() : argument.substr(equals + 1);
  if (argument == "--help") {
    arguments.help = true;
  } else if (argument == "--version") {
    arguments.version = true;
  } else if (name == "--channel-fd") {
    return ParseFd("channel-fd", value, arguments.channel_fd);
  } else if (name == "--journal-fd") {
    return ParseFd("journal-fd", value, arguments.journal_fd);
  } else if (name == "--device") {
    arguments.device = value;
  } else {
    return InvalidArgument("unknown argument '" + std::string(argument) + "'");
  }
  return Ok();
}

}  // namespace

Result<WorkerArguments> ParseWorkerArguments(int argc, const char* const* argv) {
  WorkerArguments arguments;
  for (int i = 1; i < argc; ++i) {
    if (const Check check = ParseOne(argv[i], arguments); !check.ok()) return check.error();
  }
  if (arguments.help || arguments.version) return arguments;
  if (arguments.channel_fd < 0) {
    return InvalidArgument("--channel-fd is missing; tacticd starts this program and gives it one");
  }
  if (arguments.journal_fd < 0) {
    return InvalidArgument("--journal-fd is missing; tacticd starts this program and gives it one");
  }
  return arguments;
}

std::string WorkerUsage() {
  return "usage: tacticd-worker --channel-fd=N --journal-fd=N [--device=NAME]\n"
         "\n"
         "Measures kernels for tacticd, which starts it; there is no need to run it by hand.\n"
         "\n"
         "  --channel-fd=N  connected stream socket to the daemon\n"
         "  --journal-fd=N  shared memory of one page: what runs now, and until when\n"
         "  --device=NAME   what to measure on: host (the default), or GPU N: cuda:N\n"
         "  --help          this text\n"
         "  --version       the version\n"
         "\n"
         "Exit codes: 0 the daemon closed the channel, 64 bad arguments, 76 the daemon sent what "
         "is\n"
         "no message, 70 a candidate ended this process's use of the device, 78 a device that "
         "cannot be "
         "measured.\n";
}

}  // namespace tactic
