#include "bench/gzip_file.h"

#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace tactic::bench {

Result<std::string> ReadMaybeGzip(const std::string& path, size_t limit_bytes) {
  errno = 0;
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) return InvalidArgument(path + ": cannot be opened: " + std::strerror(errno));
  std::string text;
  std::array<char, 1 << 16> chunk{};
  while (true) {
    errno = 0;
    const int got = gzread(file.get(), chunk.data(), chunk.size());
    if (got > 0) text.append(chunk.data(), static_cast<size_t>(got));
    if (text.size() > limit_bytes) {
      return InvalidArgument(path + ": unpacks to more than " + std::to_string(limit_bytes) +
                             " bytes");
    }
    if (got == static_cast<int>(chunk.size())) continue;
    int code = Z_OK;
    const char* message = gzerror(file.get(), &code);
    if (code == Z_OK || code == Z_STREAM_END) return text;
    const char* what = code == Z_ERRNO ? std::strerror(errno) : message;
    return InvalidArgument(path + ": cannot be read: " + what);
  }
}

}  // namespace tactic::bench
