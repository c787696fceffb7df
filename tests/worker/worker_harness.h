// The supervisor's end of a worker, for tests: a channel, a journal page, and a worker in a thread
// or in a process.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "proto/wire/frame.h"
#include "proto/wire/launch_journal.h"
#include "tactic/sdk/runner.h"
#include "tactic/v1/worker.pb.h"

namespace tactic {

// A device on which tests are quick: a small cache, so that little memory makes data cold.
DeviceClass SmallDevice();

// Both ends of a stream socket and a journal page. The worker's end is given away by one of the
// subclasses.
class WorkerHarness {
 public:
  WorkerHarness();
  virtual ~WorkerHarness();

  void Send(const v1::ToWorker& message);
  void SendBytes(const std::string& bytes);
  // The next message; nullopt: the worker closed its end, or nothing came for a minute.
  std::optional<v1::FromWorker> Next();
  // All messages up to and with Finished.
  std::vector<v1::FromWorker> UntilFinished();
  void Close();

  const wire::LaunchJournal& journal() const { return *journal_; }

 protected:
  int worker_fd_ = -1;
  int journal_fd_ = -1;

 private:
  int fd_ = -1;
  wire::FrameDecoder decoder_;
  wire::LaunchJournal* journal_ = nullptr;
};

// Serves in a thread of the test.
class ThreadWorker : public WorkerHarness {
 public:
  explicit ThreadWorker(sdk::Registry registry);
  ~ThreadWorker() override;
  // Waits until it has ended; its exit code.
  int Join();

 private:
  sdk::Registry registry_;
  int exit_code_ = -1;
  std::thread thread_;
};

// A worker program.
class ProcessWorker : public WorkerHarness {
 public:
  // Starts `program`; its standard output and error go into a pipe.
  explicit ProcessWorker(const std::string& program);
  ~ProcessWorker() override;

  // Waits until a launch has said that it began.
  void AwaitLaunch();
  void Kill();
  // Waits until it has ended; its wait status.
  int Wait();
  // All that it printed. After Wait().
  std::string Output();

 private:
  int pid_ = -1;
  std::optional<int> status_;
  int launch_fd_ = -1;
  int output_fd_ = -1;
};

// Runs `program` with these arguments to its end: its exit code and what it printed.
std::pair<int, std::string> RunProgram(const std::string& program,
                                       std::vector<std::string> arguments);

}  // namespace tactic
