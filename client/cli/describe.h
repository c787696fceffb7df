// What the daemon's values are called on the screen: problems by the dimension names of their op,
// states in lower case.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tactic/model/decision.h"
#include "tactic/model/op_schema.h"
#include "tactic/model/result.h"
#include "tactic/v1/tuning.pb.h"

namespace tactic::cli {

// The ops that a daemon's lanes know. Copyable.
class Schemas {
 public:
  Schemas() = default;
  explicit Schemas(const v1::GetServerInfoResponse& info);

  const OpSchema* Find(const std::string& op) const;  // nullptr: unknown.
  // kInvalidArgument lists the known ops; kFailedPrecondition says why none is known.
  Result<OpSchema> Get(const std::string& op) const;

  // "m=1 k=2048 n=512 f32", then the layouts and attributes that are not the op's defaults. Of an
  // op that no lane knows: its tensors.
  std::string SizesText(const Problem& problem) const;
  std::string SizesText(const v1::Problem& problem) const;
  // The same with the op in front.
  std::string ProblemText(const Problem& problem) const;
  std::string ProblemText(const v1::Problem& problem) const;

 private:
  std::map<std::string, OpSchema> by_op_;
  std::string trouble_;  // Of the lanes; empty: all is well.
};

std::string StateName(v1::JobState state);      // "running"
std::string StateName(v1::ContestState state);  // "decided"
std::string StateName(v1::LaneState state);     // "ready"
bool IsEnded(v1::JobState state);
bool IsEnded(v1::ContestState state);
// A line on how an ended job ended, if it was cut short: "j-7 was expired: the deadline passed".
std::string HowItEnded(const v1::Job& job);
// Whether every problem of an ended job has its decision.
bool AllDecided(const v1::Job& job);

// "weights_cold, eager, reference"; with the budget if there is one.
std::string PolicyText(const MeasurementPolicy& policy);
// "Intel(R) Xeon(R) (host, 2 cores, 32 MiB cache)".
std::string DeviceText(const DeviceClass& device);

}  // namespace tactic::cli
