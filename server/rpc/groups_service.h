// Groups on the wire: proto/tactic/v1/groups.proto is its manual.
#pragma once

#include "grpcpp/grpcpp.h"
#include "server/core/groups.h"
#include "server/rpc/stream_registry.h"
#include "server/rpc/task_thread.h"
#include "tactic/v1/groups.grpc.pb.h"

namespace tactic {

// One thread of its own; thread-safe. `groups` outlives it, and it outlives the server that it is
// registered with.
class GroupsService final : public v1::Groups::CallbackService {
 public:
  explicit GroupsService(Groups& groups) : groups_(groups) {}

  // All that is under way is off, the streams end, and no new ones are taken.
  void Drain();

 private:
  using Context = grpc::CallbackServerContext;
  using Unary = grpc::ServerUnaryReactor;
  static constexpr size_t kMostStreams = 512;

  grpc::ServerWriteReactor<v1::AgreeResponse>* Agree(Context* context,
                                                     const v1::AgreeRequest* request) override;
  Unary* Acknowledge(Context* context, const v1::AcknowledgeRequest* request,
                     v1::AcknowledgeResponse* response) override;
  Unary* GetAgreement(Context* context, const v1::GetAgreementRequest* request,
                      v1::GetAgreementResponse* response) override;
  Unary* ListGroups(Context* context, const v1::ListGroupsRequest* request,
                    v1::ListGroupsResponse* response) override;

  Groups& groups_;
  StreamRegistry streams_{kMostStreams};
  TaskThread pump_{kMostStreams};  // Wakes streams.
};

}  // namespace tactic
