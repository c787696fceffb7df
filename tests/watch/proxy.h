// Stands between clients and a daemon on unix sockets and spoils their connections as a test says.
// It knows where the daemon's HTTP/2 frames begin, so that a fault can be put at each.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/watch/frame_counter.h"

namespace tactic::testing {

// What happens to a connection once the daemon has sent that much of it.
struct Spoil {
  enum class Kind {
    kCut,      // Both ends are closed.
    kSwallow,  // What the daemon sends is read and lost; the connection stays open.
    kHold,     // Nothing of the daemon's is read until Release.
  };
  Kind kind = Kind::kCut;
  size_t frames = 0;  // So many HTTP/2 frames pass,
  size_t bytes = 0;   // and so many bytes of the next one, or all of it if it is shorter.
};

// Thread-safe. Ends all connections with its own end.
class Proxy {
 public:
  Proxy(const std::string& listen_path, std::string daemon_path);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  // The next connections get these faults, in order; those after them none. Replaces what an
  // earlier call left.
  void Plan(std::deque<Spoil> faults);
  // How many faults have happened.
  size_t faults() const;
  // How many connections there were.
  size_t connections() const;
  // What the daemon sent and was passed on or lost, over all connections.
  uint64_t daemon_bytes() const;
  // Cuts what is connected; that is done when this returns.
  void CutAll();
  // Lets what is held go on, and be whole.
  void Release();

 private:
  struct Connection {
    int client = -1;
    int daemon = -1;
    bool has_fault = false;
    bool faulty = false;  // The fault has happened.
    Spoil fault;
    FrameCounter counter;
    std::string held;
    std::string to_client;
    std::string to_daemon;
  };
  void Loop();
  void Wake() const;
  void Accept();
  // False: the connection is over.
  bool Serve(Connection& connection, short client_events, short daemon_events);
  bool TakeFromDaemon(Connection& connection, const char* data, size_t size);
  bool StopsReading(const Connection& connection) const;  // REQUIRES: mu_.
  static void Close(Connection& connection);

  const std::string daemon_path_;
  int listening_ = -1;
  int wake_ = -1;

  mutable std::mutex mu_;
  std::condition_variable cut_;
  // Guarded by mu_:
  bool stopping_ = false;
  bool cut_all_ = false;
  std::deque<Spoil> plan_;
  size_t faults_ = 0;
  size_t connected_ = 0;
  uint64_t daemon_bytes_ = 0;
  std::list<Connection> connections_;
  std::thread thread_;  // Last: uses all the others.
};

}  // namespace tactic::testing
