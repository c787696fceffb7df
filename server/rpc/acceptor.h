// The accept loop.
#pragma once

#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "server/log/log.h"
#include "server/os/fd.h"

namespace tactic {

// Accepts on listening sockets and hands the connections on. gRPC's own loop ends for good when it
// once gets no descriptor, and nothing tells; this one refuses connections, says so in the log, and
// goes on. One thread.
class Acceptor {
 public:
  struct Options {
    // Descriptor numbers are given out lowest first, so a number tells how many are open: from this
    // one on connections are refused.
    int first_refused_fd = 0;
  };
  // Takes the connection; called on the acceptor's thread.
  using Handler = std::function<void(Fd connection)>;

  // `listening` and `logger` outlive it.
  static absl::StatusOr<std::unique_ptr<Acceptor>> Start(std::vector<int> listening,
                                                         const Logger& logger, Options options,
                                                         Handler handler);
  ~Acceptor();  // Ends the thread.
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

 private:
  Acceptor(std::vector<int> listening, const Logger& logger, Options options, Handler handler,
           Fd stop, Fd spare);
  void Loop();
  void AcceptFrom(int listening);
  void Refuse(const char* why);
  void RefuseWithoutDescriptor(int listening);

  const std::vector<int> listening_;
  const Logger& logger_;
  const Options options_;
  const Handler handler_;
  Fd stop_;   // An eventfd: readable once the loop should end.
  Fd spare_;  // Given up for a moment, so that a connection can be refused when none is left.
  int64_t last_warning_s_ = -1;
  std::thread thread_;
};

}  // namespace tactic
