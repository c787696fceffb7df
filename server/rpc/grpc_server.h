// The gRPC server around the service: listening, health, reflection, limits, and how it ends.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "grpcpp/grpcpp.h"
#include "server/log/log.h"
#include "server/rpc/acceptor.h"
#include "server/rpc/listener.h"
#include "server/rpc/tuning_service.h"

namespace tactic {

// Serves from Start until Stop or destruction.
class GrpcServer {
 public:
  struct Options {
    int max_connections = 512;
    std::vector<grpc::Service*> more_services;  // Besides the tuning service; outlive it.
  };

  // Listens at all of `listeners`. `service` and `logger` outlive it.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(std::vector<Listener> listeners,
                                                           TuningService& service,
                                                           const Logger& logger, Options options);
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  // Where it listens, with the ports that were chosen.
  std::vector<std::string> addresses() const;

  // What health says of a service by that name from now on. Thread-safe; not after Drain.
  void SetHealth(const std::string& service, bool serving);
  // Health says NOT_SERVING, connections are refused, streams get a goodbye. Calls go on.
  void Drain();
  // Drains, waits for calls that run, and cuts off what is left after `patience`. Once.
  void Stop(std::chrono::milliseconds patience);

 private:
  GrpcServer(std::vector<Listener> listeners, TuningService& service)
      : listeners_(std::move(listeners)), service_(service) {}
  absl::Status Build(const Options& options);
  absl::Status Accept(const Logger& logger, const Options& options);

  std::vector<Listener> listeners_;
  TuningService& service_;
  // Connections enter here; made by the builder.
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> door_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace tactic
