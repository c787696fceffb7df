// Rows of another autotuner's cache as decisions, and decisions as such a cache.
//
// Imported decisions have no evidence, and an environment of their own: it names the program that
// the file is of as a component, which no lane ever reports. So they never answer for a device;
// they say what to measure first.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "client/interop/cache_file.h"
#include "tactic/model/decision.h"

namespace tactic::interop {

struct ImportMapping {
  std::string program;                         // "tensorrt_llm", "flashinfer".
  std::map<std::string, std::string> ops;      // Theirs to ours. If any, only these are taken.
  std::map<std::string, std::string> runners;  // Theirs to ours; others keep their name.
  // Element types, which the files do not say: by input, the last one for all that follow.
  std::vector<DType> dtypes;
  std::string arch;  // "sm_90"; empty: as the file says.
  MeasurementPolicy policy;
};

struct ImportedDecisions {
  std::vector<Decision> decisions;  // One a key, its candidates by time; unknown times last.
  uint64_t rows = 0;                // That they are made of.
  std::vector<SkippedRow> skipped;  // Those of the file too.
};
// InvalidArgument: nothing can be made of any row (no dtype, no arch).
Result<ImportedDecisions> ToDecisions(const CacheFile& file, const ImportMapping& mapping);

struct ExportMapping {
  std::map<std::string, std::string> ops;      // Ours to theirs. If any, only these are written.
  std::map<std::string, std::string> runners;  // Ours to theirs; others keep their name.
};
// A cache that TensorRT-LLM loads: an entry for each runner that a decision ranks. Its keys know
// neither policy nor attributes: of decisions that differ in those only, the last is written. It
// has room for one device: InvalidArgument if the decisions are of several.
Result<std::string> WriteTensorRtLlm(const std::vector<Decision>& decisions,
                                     const ExportMapping& mapping);

}  // namespace tactic::interop
