#pragma once

#include "absl/status/status.h"
#include "server/rpc/grpc_status.h"

namespace tactic {

// A call, of gRPC's reactor type, that ends with an error before it begins.
template <typename Reactor>
class Refusal final : public Reactor {
 public:
  explicit Refusal(const absl::Status& status) { this->Finish(ToGrpcStatus(status)); }
  void OnDone() override { delete this; }
};

}  // namespace tactic
