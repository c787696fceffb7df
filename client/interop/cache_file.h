// What the cache files of other autotuners have in common: rows, each the best tactic that one
// runner had for one operation at one shape profile. docs/interop.md describes the formats, and
// what becomes of each part.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tactic/model/parameters.h"
#include "tactic/model/result.h"

namespace tactic::interop {

struct CacheRow {
  std::string op;
  std::string runner;     // Its class's name.
  std::string unique_id;  // What else tells it; empty: nothing.
  // By input and dimension. -1: follows from other dimensions. {0}: the input is absent.
  std::vector<std::vector<int64_t>> shapes;
  Tactic tactic;
  double milliseconds = 0;  // 0: not known.
};

// A row, by its key in the file, that could not be used, and why.
struct SkippedRow {
  std::string key;
  std::string why;
};

struct CacheFile {
  std::map<std::string, std::string> metadata;  // As text.
  std::optional<std::string> arch;              // "sm_90", if the file says.
  std::string device_name;
  int64_t created_unix_ms = 0;  // 0: not known.
  std::vector<CacheRow> rows;   // In the file's order.
  std::vector<SkippedRow> skipped;
};

// TensorRT-LLM's. `rank`: of a file with a section for each rank, only the shared one and this
// one; nullopt: all. InvalidArgument: not of this form; NotFound: no section of this rank.
Result<CacheFile> ReadTensorRtLlm(std::string_view text, std::optional<int> rank = std::nullopt);

// FlashInfer's. `expected`: what the metadata must say, by field; "*" in the file fits all.
// FailedPrecondition: a field says something else, or (unless `accept_unknown`) it is absent or
// unknown there. A file without metadata is accepted.
struct FlashInferOptions {
  std::map<std::string, std::string> expected;
  bool accept_unknown = false;
};
Result<CacheFile> ReadFlashInfer(std::string_view text, const FlashInferOptions& options = {});

}  // namespace tactic::interop
