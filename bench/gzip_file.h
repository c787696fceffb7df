#pragma once

#include <string>

#include "tactic/model/result.h"

namespace tactic::bench {

// The content of a file, unpacked if it is a gzip file, whatever its name. Errors name the file and
// what is wrong: it cannot be read, it is damaged, it unpacks to more than `limit_bytes`.
Result<std::string> ReadMaybeGzip(const std::string& path, size_t limit_bytes);

}  // namespace tactic::bench
