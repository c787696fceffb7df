// A job's progress on standard error: drawn in place on a terminal, one line for each finished
// contest elsewhere.
#pragma once

#include <cstddef>
#include <cstdio>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client/cli/describe.h"
#include "tactic/model/decision.h"
#include "tactic/v1/tuning.pb.h"

namespace tactic::cli {

// The live picture, pure: a bar over the contests, then what is measured now. Lines of at most
// `width` columns, no line ends.
std::vector<std::string> ProgressLines(const Schemas& schemas, const v1::Job& job, size_t width);

// "[ 3/28] gemm m=4 k=2048 n=512 f32: host_blocked kc=256, 1.92 ms, 1.84x …": one ended contest.
// `decision` is nullptr when it has none.
std::string FinishedLine(const Schemas& schemas, const v1::Job& job, int contest,
                         const Decision* decision);

class Progress {
 public:
  enum class Mode { kLive, kLines, kSilent };
  // Finds a decision for a finished line; nullopt: cannot be had.
  using FindDecision = std::function<std::optional<Decision>(uint64_t id)>;

  // `out` and `schemas` outlive this.
  Progress(std::FILE* out, Mode mode, const Schemas& schemas, FindDecision find);
  ~Progress();  // Clears what is drawn in place.
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Update(const v1::Job& job);
  // A line that stays, above what is drawn in place.
  void Note(const std::string& line);
  void Clear();

 private:
  void Draw(const std::vector<std::string>& lines);
  void ReportEnded(const v1::Job& job);

  std::FILE* const out_;
  const Mode mode_;
  const Schemas& schemas_;
  const FindDecision find_;
  size_t drawn_ = 0;        // Lines on the screen that belong to the picture.
  std::set<int> reported_;  // Contests that have their line.
};

}  // namespace tactic::cli
