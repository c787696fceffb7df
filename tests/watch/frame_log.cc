#include "tests/watch/frame_log.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/client_interceptor.h>

#include <list>
#include <memory>
#include <mutex>
#include <string_view>

#include "tactic/v1/tuning.grpc.pb.h"

namespace tactic::testing {
namespace {

using grpc::experimental::ClientRpcInfo;
using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;

struct Log {
  std::mutex mu;
  std::list<RecordedStream> streams;  // Guarded by mu.
};
Log& TheLog() {
  static Log log;
  return log;
}

// gRPC wants one for every call.
class NoRecorder final : public Interceptor {
 public:
  void Intercept(InterceptorBatchMethods* batch) override { batch->Proceed(); }
};

class Recorder final : public Interceptor {
 public:
  explicit Recorder(RecordedStream& stream) : stream_(stream) {}

  void Intercept(InterceptorBatchMethods* batch) override {
    if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_MESSAGE)) {
      grpc::ByteBuffer copy = *batch->GetSerializedSendMessage();
      std::lock_guard lock(TheLog().mu);
      grpc::SerializationTraits<v1::WatchRequest>::Deserialize(&copy, &stream_.request);
    }
    if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_MESSAGE)) {
      const auto* frame = static_cast<const v1::WatchResponse*>(batch->GetRecvMessage());
      std::lock_guard lock(TheLog().mu);
      if (frame != nullptr) stream_.frames.push_back(*frame);
    }
    batch->Proceed();
  }

 private:
  RecordedStream& stream_;
};

class Factory final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  Interceptor* CreateClientInterceptor(ClientRpcInfo* info) override {
    if (!std::string_view(info->method()).ends_with("/Watch")) return new NoRecorder();
    std::lock_guard lock(TheLog().mu);
    return new Recorder(TheLog().streams.emplace_back());
  }
};

}  // namespace

void RecordWatchCalls() {
  static Factory factory;
  grpc::experimental::RegisterGlobalClientInterceptorFactory(&factory);
}

std::vector<RecordedStream> TakeRecordedStreams() {
  std::lock_guard lock(TheLog().mu);
  std::vector<RecordedStream> taken(TheLog().streams.begin(), TheLog().streams.end());
  TheLog().streams.clear();
  return taken;
}

}  // namespace tactic::testing
