#include "tests/support/temp_dir.h"

#include <stdlib.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace tactic::testing {

TempDir::TempDir() {
  std::string name = std::filesystem::temp_directory_path() / "tactic.XXXXXX";
  if (mkdtemp(name.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "mkdtemp " + name);
  }
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;  // A file that a test left unreadable must not end the program.
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace tactic::testing
