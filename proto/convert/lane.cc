#include "proto/convert/lane.h"

#include "proto/convert/convert.h"

namespace tactic::convert {

Result<Environment> EnvironmentOf(const v1::Lane& lane, const v1::OpInfo& op) {
  v1::Environment message;
  *message.mutable_device() = lane.device();
  message.set_driver(lane.driver());
  message.set_runtime(lane.runtime());
  *message.mutable_components() = op.components();
  return FromProto("environment", message);
}

}  // namespace tactic::convert
