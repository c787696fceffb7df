// A daemon of its own for each end-to-end test, and the programs to talk to it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/e2e/process.h"
#include "tests/support/temp_dir.h"

namespace tactic::e2e {

using Json = nlohmann::json;

// Where the build put the program called `name`.
std::string Program(const std::string& name);

// Exit codes of tacticd (docs/operations.md).
inline constexpr int kDaemonOk = 0;
inline constexpr int kDaemonUsage = 64;
inline constexpr int kDaemonCannotCreate = 73;
inline constexpr int kDaemonAlreadyRuns = 75;
inline constexpr int kDaemonDamaged = 76;
inline constexpr int kDaemonConfig = 78;

// The whole file, as bytes; empty if there is none.
std::string ReadFile(const std::filesystem::path& path);
void WriteFile(const std::filesystem::path& path, const std::string& bytes);

class EndToEnd : public ::testing::Test {
 protected:
  // The daemon's log, if the test failed.
  void TearDown() override;

  const testing::TempDir& directory() const { return directory_; }
  std::filesystem::path state_dir() const { return directory_ / "state"; }
  std::filesystem::path database() const;  // The only database file in the state directory.
  std::string target() const { return "unix:" + (directory_ / "d.sock").string(); }
  Process& daemon() { return *daemon_; }

  // Of daemons that are started from now on: the device, and "NAME=value" beyond this process's
  // own.
  void SetDevice(std::string device) { device_ = std::move(device); }
  void SetEnvironment(std::vector<std::string> more) { environment_ = std::move(more); }

  // Of a daemon on this test's state and socket.
  std::vector<std::string> DaemonArguments() const;
  // Starts the daemon, with `more` flags, and returns when it serves.
  void StartDaemon(const std::vector<std::string>& more = {});
  void KillDaemon();          // kill -9, and waits until it is gone.
  Exit TerminateDaemon();     // SIGTERM.
  Finished RunDaemonToEnd();  // One that is expected to refuse to start.

  std::vector<std::string> CtlArguments(const std::vector<std::string>& arguments) const;
  // tacticctl with the target.
  Finished Ctl(const std::vector<std::string>& arguments) const;
  // The same with --json; the test fails if it exits otherwise, or its output is no JSON.
  Json CtlJson(const std::vector<std::string>& arguments, int exit_code = 0) const;
  // Job of gemm on m = each of `rows`, n = k = 64; started, not waited for. Its id.
  std::string TuneDetached(const std::string& rows) const;

 private:
  testing::TempDir directory_;
  std::string device_ = "host";
  std::vector<std::string> environment_;
  std::unique_ptr<Process> daemon_;
};

}  // namespace tactic::e2e
