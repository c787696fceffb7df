#include "proto/table/path.h"

#include <cstdlib>
#include <string_view>

#include "proto/wire/default_socket.h"

namespace tactic::table {

std::string PathBeside(const std::string& socket_path) {
  constexpr std::string_view kSocket = ".sock";
  std::string_view stem = socket_path;
  if (stem.ends_with(kSocket)) stem.remove_suffix(kSocket.size());
  return std::string(stem) + ".table";
}

std::string DefaultPath() {
  const char* given = std::getenv("TACTICD_TABLE");
  if (given != nullptr && given[0] != '\0') return given;
  return PathBeside(wire::DefaultSocketPath());
}

}  // namespace tactic::table
