#include "server/rpc/grpc_server.h"

#include <sys/resource.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "server/core/status_macros.h"

namespace tactic {
namespace {

constexpr char kServiceName[] = "tactic.v1.Tuning";
// Above our own limit of a request, so that our message is the one that is seen.
constexpr int kMaxReceiveBytes = 4 << 20;
constexpr int kKeepaliveMs = 30'000;
constexpr int kKeepaliveTimeoutMs = 10'000;
constexpr int kMinClientPingMs = 5'000;
// Descriptors that are not connections: the store, workers, the log.
constexpr int kOtherDescriptors = 64;

// Both take effect for servers that are built later.
void EnablePlugins() {
  static std::once_flag once;
  std::call_once(once, [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

void SetLimits(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Clients ping every 10 s; a server that allows less often cuts them off.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kMinClientPingMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
}

int FirstRefusedFd(int listening, int max_connections) {
  rlimit limit{};
  const bool limited = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  const int wanted = listening + kOtherDescriptors + max_connections;
  return limited ? std::min(wanted, static_cast<int>(limit.rlim_cur) - kOtherDescriptors) : wanted;
}

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(std::vector<Listener> listeners,
                                                              TuningService& service,
                                                              const Logger& logger,
                                                              Options options) {
  EnablePlugins();
  std::unique_ptr<GrpcServer> server(new GrpcServer(std::move(listeners), service));
  RETURN_IF_ERROR(server->Build(options));
  RETURN_IF_ERROR(server->Accept(logger, options));
  return server;
}

absl::Status GrpcServer::Build(const Options& options) {
  using Type = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
  grpc::ServerBuilder builder;
  SetLimits(builder);
  builder.RegisterService(&service_);
  for (grpc::Service* service : options.more_services) builder.RegisterService(service);
  door_ = builder.experimental().AddExternalConnectionAcceptor(Type::FROM_FD,
                                                               grpc::InsecureServerCredentials());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) return absl::InternalError("the gRPC server cannot be started");
  server_->GetHealthCheckService()->SetServingStatus(kServiceName, true);
  return absl::OkStatus();
}

absl::Status GrpcServer::Accept(const Logger& logger, const Options& options) {
  std::vector<int> listening;
  for (Listener& listener : listeners_) {
    RETURN_IF_ERROR(listener.Listen());
    listening.push_back(listener.fd());
  }
  const int newest = listening.empty() ? 0 : listening.back();
  const Acceptor::Options limits = {FirstRefusedFd(newest, options.max_connections)};
  ASSIGN_OR_RETURN(
      acceptor_,
      Acceptor::Start(std::move(listening), logger, limits, [door = door_.get()](Fd connection) {
        grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
        parameters.fd = connection.Release();
        door->HandleNewConnection(&parameters);
      }));
  return absl::OkStatus();
}

GrpcServer::~GrpcServer() { Stop(std::chrono::milliseconds(0)); }

std::vector<std::string> GrpcServer::addresses() const {
  std::vector<std::string> texts;
  for (const Listener& listener : listeners_) texts.push_back(ToText(listener.address()));
  return texts;
}

void GrpcServer::SetHealth(const std::string& service, bool serving) {
  server_->GetHealthCheckService()->SetServingStatus(service, serving);
}

void GrpcServer::Drain() {
  if (server_ == nullptr) return;
  server_->GetHealthCheckService()->SetServingStatus(false);
  acceptor_.reset();
  for (Listener& listener : listeners_) listener.Close();
  service_.Drain();
}

void GrpcServer::Stop(std::chrono::milliseconds patience) {
  if (server_ == nullptr) return;
  Drain();
  server_->Shutdown(std::chrono::system_clock::now() + patience);
  server_->Wait();
  server_.reset();
}

}  // namespace tactic
