#include "tests/worker/worker_harness.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "runners/timing/host_session.h"
#include "runners/worker/worker.h"

namespace tactic {
namespace {

constexpr int kPatienceMs = 60'000;

void Must(bool held) {
  if (!held) std::abort();
}

std::array<int, 2> Pipe() {
  std::array<int, 2> ends{};
  Must(pipe2(ends.data(), O_CLOEXEC) == 0);
  return ends;
}

std::string ReadAll(int fd) {
  std::string all;
  std::array<char, 4096> bytes;
  for (ssize_t got = 0; (got = read(fd, bytes.data(), bytes.size())) > 0;) {
    all.append(bytes.data(), static_cast<size_t>(got));
  }
  return all;
}

// Starts `program`, with the descriptors `from` at the numbers `to`.
int Spawn(const std::string& program, std::vector<std::string> arguments,
          const std::vector<std::pair<int, int>>& descriptors) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const auto& [from, to] : descriptors) posix_spawn_file_actions_adddup2(&actions, from, to);
  arguments.insert(arguments.begin(), program);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  int pid = -1;
  Must(posix_spawn(&pid, program.c_str(), &actions, nullptr, argv.data(), environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

// `fd` moved out of the way of the numbers that a child gets.
int Above(int fd) {
  const int moved = fcntl(fd, F_DUPFD_CLOEXEC, 20);
  close(fd);
  return moved;
}

}  // namespace

DeviceClass SmallDevice() {
  DeviceClass device;
  device.arch = "test";
  device.units = 1;
  device.cache_bytes = 1 << 16;
  device.memory_bytes = uint64_t{1} << 30;
  return device;
}

WorkerHarness::WorkerHarness() {
  std::array<int, 2> ends{};
  Must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  fd_ = Above(ends[0]);
  worker_fd_ = Above(ends[1]);
  journal_fd_ = Above(memfd_create("journal", MFD_CLOEXEC));
  Must(ftruncate(journal_fd_, 4096) == 0);
  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, journal_fd_, 0);
  Must(page != MAP_FAILED);
  journal_ = static_cast<wire::LaunchJournal*>(page);
}

WorkerHarness::~WorkerHarness() {
  Close();
  close(journal_fd_);
  munmap(journal_, 4096);
}

void WorkerHarness::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

void WorkerHarness::SendBytes(const std::string& bytes) {
  Must(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
}

void WorkerHarness::Send(const v1::ToWorker& message) {
  SendBytes(wire::EncodeFrame(message.SerializeAsString()).value());
}

std::optional<v1::FromWorker> WorkerHarness::Next() {
  while (true) {
    auto payload = decoder_.Next();
    Must(payload.ok());
    if (payload->has_value()) {
      v1::FromWorker message;
      Must(message.ParseFromString(**payload));
      return message;
    }
    pollfd waiting{fd_, POLLIN, 0};
    if (poll(&waiting, 1, kPatienceMs) <= 0) return std::nullopt;
    std::array<char, 65536> bytes;
    const ssize_t got = recv(fd_, bytes.data(), bytes.size(), 0);
    if (got <= 0) return std::nullopt;
    decoder_.Feed({bytes.data(), static_cast<size_t>(got)});
  }
}

std::vector<v1::FromWorker> WorkerHarness::UntilFinished() {
  std::vector<v1::FromWorker> messages;
  while (auto message = Next()) {
    messages.push_back(*std::move(message));
    if (messages.back().has_finished()) break;
  }
  return messages;
}

ThreadWorker::ThreadWorker(sdk::Registry registry) : registry_(std::move(registry)) {
  thread_ = std::thread([this] {
    auto journal = Journal::Open(journal_fd_);
    Channel channel(worker_fd_);
    timing::HostSession session(SmallDevice());
    exit_code_ = Serve(channel, *journal, registry_, session);
  });
}

ThreadWorker::~ThreadWorker() {
  Close();
  if (thread_.joinable()) thread_.join();
}

int ThreadWorker::Join() {
  thread_.join();
  return exit_code_;
}

ProcessWorker::ProcessWorker(const std::string& program) {
  const auto launch = Pipe();
  const auto output = Pipe();
  launch_fd_ = Above(launch[0]);
  output_fd_ = Above(output[0]);
  const int launch_end = Above(launch[1]);
  const int output_end = Above(output[1]);
  pid_ =
      Spawn(program, {"--channel-fd=3", "--journal-fd=4", "--device=host"},
            {{output_end, 1}, {output_end, 2}, {worker_fd_, 3}, {journal_fd_, 4}, {launch_end, 5}});
  close(launch_end);
  close(output_end);
  close(worker_fd_);
}

ProcessWorker::~ProcessWorker() {
  Kill();
  Wait();
  close(launch_fd_);
  close(output_fd_);
}

void ProcessWorker::AwaitLaunch() {
  char begun = 0;
  Must(read(launch_fd_, &begun, 1) == 1);
}

void ProcessWorker::Kill() {
  if (!status_) kill(pid_, SIGKILL);
}

int ProcessWorker::Wait() {
  if (!status_) {
    int status = 0;
    Must(waitpid(pid_, &status, 0) == pid_);
    status_ = status;
  }
  return *status_;
}

std::string ProcessWorker::Output() { return ReadAll(output_fd_); }

std::pair<int, std::string> RunProgram(const std::string& program,
                                       std::vector<std::string> arguments) {
  const auto output = Pipe();
  const int read_end = Above(output[0]);
  const int write_end = Above(output[1]);
  const int pid = Spawn(program, std::move(arguments), {{write_end, 1}, {write_end, 2}});
  close(write_end);
  std::string printed = ReadAll(read_end);
  close(read_end);
  int status = 0;
  Must(waitpid(pid, &status, 0) == pid);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, std::move(printed)};
}

}  // namespace tactic
