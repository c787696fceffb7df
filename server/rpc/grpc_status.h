// From absl::Status to grpc::Status: the only place of the server that names both.
#pragma once

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace tactic {

// The codes have the same numbers. Messages are cut at 2 KiB and carry printable UTF-8 only, since
// they travel in a header.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace tactic
