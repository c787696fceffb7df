#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "client/cli/commands.h"

namespace tactic::cli {

Check Write(const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    const ssize_t written = write(STDOUT_FILENO, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return Error{ErrorCode::kInternal,
                   std::string("cannot write to standard output: ") + std::strerror(errno)};
    }
    done += static_cast<size_t>(written);
  }
  return Ok();
}

}  // namespace tactic::cli
