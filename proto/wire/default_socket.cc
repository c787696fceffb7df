#include "proto/wire/default_socket.h"

#include <unistd.h>

#include <cstdlib>

namespace tactic::wire {

std::string DefaultSocketPath() {
  constexpr const char* kInFolder = "/tacticd/tacticd.sock";
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && runtime[0] == '/') return std::string(runtime) + kInFolder;
  if (geteuid() == 0) return std::string("/run") + kInFolder;
  return "/tmp/tacticd-" + std::to_string(geteuid()) + "/tacticd.sock";
}

}  // namespace tactic::wire
