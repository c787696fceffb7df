// The way to a daemon: a deadline on every call, and errors in words that tell the user what to do.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>

#include "tactic/model/result.h"
#include "tactic/v1/admin.grpc.pb.h"
#include "tactic/v1/groups.grpc.pb.h"
#include "tactic/v1/tuning.grpc.pb.h"

namespace tactic::cli {

class Connection {
 public:
  // Reaches the daemon at `target`, "unix:/path" or "host:port", within `timeout`, which is also
  // the deadline of each call. kUnavailable: nobody answers; the message says why.
  static Result<Connection> Open(const std::string& target, std::chrono::nanoseconds timeout);

  v1::Tuning::Stub& stub() { return *stub_; }
  v1::Admin::Stub& admin() { return *admin_; }
  v1::Groups::Stub& groups() { return *groups_; }
  const std::string& target() const { return target_; }
  std::chrono::nanoseconds timeout() const { return timeout_; }

  // The context of one unary call, with the deadline.
  std::unique_ptr<grpc::ClientContext> Context() const;

  // `status`, which is not OK, for the user. kUnavailable: the daemon cannot be reached; what it
  // answers itself is kInvalidArgument, kNotFound or kFailedPrecondition.
  Error ErrorOf(const grpc::Status& status) const;
  // Whether `status` says that the connection broke, rather than that the daemon answered.
  bool Lost(const grpc::Status& status) const;
  // Waits for a daemon that was lost. False: not back after `patience`.
  bool WaitUntilBack(std::chrono::nanoseconds patience);

  template <typename Request, typename Response>
  using Method = grpc::Status (v1::Tuning::Stub::*)(grpc::ClientContext*, const Request&,
                                                    Response*);
  template <typename Request, typename Response>
  Result<Response> Call(Method<Request, Response> method, const Request& request) {
    Response response;
    const auto context = Context();
    const grpc::Status status = (stub_.get()->*method)(context.get(), request, &response);
    if (!status.ok()) return ErrorOf(status);
    return response;
  }

 private:
  Connection(std::string target, std::chrono::nanoseconds timeout,
             std::shared_ptr<grpc::Channel> channel);

  std::string target_;
  std::chrono::nanoseconds timeout_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Tuning::Stub> stub_;
  std::unique_ptr<v1::Admin::Stub> admin_;
  std::unique_ptr<v1::Groups::Stub> groups_;
};

}  // namespace tactic::cli
