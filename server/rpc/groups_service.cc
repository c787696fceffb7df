#include "server/rpc/groups_service.h"

#include <memory>
#include <utility>

#include "absl/functional/function_ref.h"
#include "server/core/status_macros.h"
#include "server/rpc/agree_reactor.h"
#include "server/rpc/edge_checks.h"
#include "server/rpc/group_messages.h"
#include "server/rpc/grpc_status.h"
#include "server/rpc/parse.h"
#include "server/rpc/refusal.h"

namespace tactic {
namespace {

grpc::ServerUnaryReactor* Serve(grpc::CallbackServerContext* context,
                                const google::protobuf::MessageLite& request,
                                absl::FunctionRef<absl::Status()> body) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::Status status = CheckSize(request);
  if (status.ok()) status = body();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

}  // namespace

void GroupsService::Drain() {
  groups_.Drain();
  streams_.Drain();
}

grpc::ServerWriteReactor<v1::AgreeResponse>* GroupsService::Agree(Context* context,
                                                                  const v1::AgreeRequest* request) {
  const auto open = [&]() -> absl::StatusOr<std::shared_ptr<AgreeReactor>> {
    RETURN_IF_ERROR(CheckSize(*request));
    ASSIGN_OR_RETURN(GroupRequest parsed, Parse(*request));
    auto stream = std::make_shared<AgreeReactor>(streams_, pump_, groups_, std::move(parsed));
    RETURN_IF_ERROR(streams_.Add(stream));
    return stream;
  };
  absl::StatusOr<std::shared_ptr<AgreeReactor>> stream = open();
  if (!stream.ok())
    return new Refusal<grpc::ServerWriteReactor<v1::AgreeResponse>>(stream.status());
  return AgreeReactor::Start(*std::move(stream), *context);
}

grpc::ServerUnaryReactor* GroupsService::Acknowledge(Context* context,
                                                     const v1::AcknowledgeRequest* request,
                                                     v1::AcknowledgeResponse* response) {
  return Serve(context, *request, [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const Acknowledgement given, Parse(*request));
    ASSIGN_OR_RETURN(const AgreementState state,
                     groups_.Acknowledge(given.agreement, given.member, given.refusal));
    response->set_state(Render(state));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* GroupsService::GetAgreement(Context* context,
                                                      const v1::GetAgreementRequest* request,
                                                      v1::GetAgreementResponse* response) {
  return Serve(context, *request, [&]() -> absl::Status {
    RETURN_IF_ERROR(ToStatus(CheckName("agreement", request->agreement())));
    response->set_state(Render(groups_.StateOf(request->agreement())));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* GroupsService::ListGroups(Context* context,
                                                    const v1::ListGroupsRequest* request,
                                                    v1::ListGroupsResponse* response) {
  return Serve(context, *request, [&] {
    for (const GroupView& view : groups_.List()) Render(view, response->add_groups());
    return absl::OkStatus();
  });
}

}  // namespace tactic
