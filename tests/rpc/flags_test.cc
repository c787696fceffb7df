// The command line, the configuration file, and starting with them.
#include "server/flags.h"

#include <fcntl.h>

#include <cstdlib>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/daemon.h"
#include "server/exit_codes.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace tactic::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

ParsedFlags Parse(std::vector<std::string> arguments) {
  std::vector<const char*> argv = {"tacticd"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  return ParseFlags(static_cast<int>(argv.size()), argv.data());
}

TEST(FlagsTest, Defaults) {
  setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
  const ParsedFlags parsed = Parse({});
  ASSERT_TRUE(parsed.flags);
  EXPECT_THAT(parsed.flags->listen, ElementsAre("unix:/run/user/7/tacticd/tacticd.sock"));
  EXPECT_THAT(parsed.flags->state_dir, EndsWith("/tacticd"));
  EXPECT_THAT(parsed.flags->lanes, ElementsAre("host"));
  EXPECT_THAT(parsed.flags->worker, EndsWith("/tacticd-worker"));
  EXPECT_FALSE(parsed.flags->memory_store);
  EXPECT_EQ(parsed.flags->table_file, "");
  EXPECT_EQ(parsed.flags->ready_fd, -1);
}

TEST(FlagsTest, EveryFlag) {
  const ParsedFlags parsed =
      Parse({"--listen=unix:/a", "--listen", "localhost:1", "--state-dir=/s", "--store=memory",
             "--device=host", "--worker=/bin/true", "--worker-memory=7", "--lease-ttl=200",
             "--log-level=debug", "--log-format=json", "--ready-fd=1", "--table-file=/t"});
  ASSERT_TRUE(parsed.flags) << parsed.message;
  EXPECT_THAT(parsed.flags->listen, ElementsAre("unix:/a", "localhost:1"));
  EXPECT_EQ(parsed.flags->state_dir, "/s");
  EXPECT_TRUE(parsed.flags->memory_store);
  EXPECT_EQ(parsed.flags->worker, "/bin/true");
  EXPECT_EQ(parsed.flags->worker_memory_mib, 7u);
  EXPECT_EQ(parsed.flags->lease_ttl_ms, 200);
  EXPECT_EQ(parsed.flags->log_level, LogLevel::kDebug);
  EXPECT_EQ(parsed.flags->log_format, LogFormat::kJson);
  EXPECT_EQ(parsed.flags->ready_fd, 1);
  EXPECT_EQ(parsed.flags->table_file, "/t");
  EXPECT_EQ(Parse({"--table-file=none"}).flags->table_file, std::nullopt);
}

TEST(FlagsTest, HelpAndVersionAreNoErrors) {
  EXPECT_EQ(Parse({"--help"}).exit_code, kExitOk);
  EXPECT_THAT(Parse({"--help"}).message, HasSubstr("--state-dir"));
  EXPECT_EQ(Parse({"--version"}).exit_code, kExitOk);
  EXPECT_THAT(Parse({"--version"}).message, HasSubstr("tacticd "));
}

TEST(FlagsTest, WhatIsWrongIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {"--listne=x", "listne"},           {"stray", "stray"},
      {"--store=oracle", "oracle"},       {"--log-level=loud", "loud"},
      {"--log-format=xml", "xml"},        {"--ready-fd=-1", "ready-fd"},
      {"--ready-fd=1000000", "not open"}, {"--worker-memory=x", "worker-mem"},
      {"--device=", "--device"},          {"--lease-ttl=99", "lease-ttl"},
      {"--lease-ttl=30001", "lease-ttl"},
  };
  for (const auto& [argument, message] : cases) {
    const ParsedFlags parsed = Parse({argument});
    EXPECT_FALSE(parsed.flags) << argument;
    EXPECT_EQ(parsed.exit_code, kExitUsage) << argument;
    EXPECT_THAT(parsed.message, HasSubstr(message));
  }
  const ParsedFlags worker = Parse({"--worker=/no/such/program"});
  EXPECT_EQ(worker.exit_code, kExitConfiguration);
  EXPECT_THAT(worker.message, HasSubstr("/no/such/program"));
}

TEST(FlagsTest, Devices) {
  const Gpus none{.in_build = true, .present = {}};
  const Gpus two{.in_build = true, .present = {0, 1}};
  const Gpus host_build{.in_build = false, .present = {0}};
  for (const Gpus& gpus : {none, two, host_build}) {
    EXPECT_THAT(LanesOfDevice("host", gpus), IsOkAndHolds(ElementsAre("host")));
  }
  EXPECT_THAT(LanesOfDevice("auto", none), IsOkAndHolds(ElementsAre("host")));
  EXPECT_THAT(LanesOfDevice("auto", host_build), IsOkAndHolds(ElementsAre("host")));
  EXPECT_THAT(LanesOfDevice("auto", two), IsOkAndHolds(ElementsAre("cuda:0", "cuda:1")));
  EXPECT_THAT(LanesOfDevice("all", two), IsOkAndHolds(ElementsAre("cuda:0", "cuda:1")));
  // One that is named need not be there: the lane then says so, and the daemon serves reads.
  EXPECT_THAT(LanesOfDevice("0,2-3", none),
              IsOkAndHolds(ElementsAre("cuda:0", "cuda:2", "cuda:3")));
  EXPECT_THAT(LanesOfDevice("all", none),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no NVIDIA GPU")));
  for (const char* gpu : {"0", "7", "0-7", "0,2-3,255", "all"}) {
    EXPECT_THAT(LanesOfDevice(gpu, host_build),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no CUDA lane")))
        << gpu;
  }
  for (const char* wrong : {"", "gpu", "-1", "3-1", "0-", "-", "0,,1", "0,", "0,0", "0-3,2", "256",
                            "0-99999999999", "1.5", " 0", "0x1", "hosts", "host,0"}) {
    EXPECT_THAT(LanesOfDevice(wrong, two),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--device")))
        << wrong;
  }
  EXPECT_EQ(Parse({"--device=3-1"}).exit_code, kExitUsage);
}

class ConfigFileTest : public ::testing::Test {
 protected:
  ParsedFlags ParseFile(const std::string& text, std::vector<std::string> more = {}) {
    std::ofstream(directory_ / "c.toml") << text;
    more.push_back("--config=" + (directory_ / "c.toml").string());
    return Parse(more);
  }

  TempDir directory_;
};

TEST_F(ConfigFileTest, HoldsFlagsAndTheCommandLineWins) {
  const ParsedFlags parsed = ParseFile(
      "# comment\nlisten = [\"unix:/a\", \"localhost:1\"]\nstate-dir = \"/s\"\nlog-level = "
      "\"error\"\n",
      {"--state-dir=/t"});
  ASSERT_TRUE(parsed.flags) << parsed.message;
  EXPECT_THAT(parsed.flags->listen, ElementsAre("unix:/a", "localhost:1"));
  EXPECT_EQ(parsed.flags->state_dir, "/t");
  EXPECT_EQ(parsed.flags->log_level, LogLevel::kError);
}

TEST_F(ConfigFileTest, TheSampleHoldsTheDefaultsOfRoot) {
  const ParsedFlags parsed = Parse({"--config=" TACTIC_SAMPLE_CONFIG});
  ASSERT_TRUE(parsed.flags) << parsed.message;
  EXPECT_THAT(parsed.flags->listen, ElementsAre("unix:/run/tacticd/tacticd.sock"));
  EXPECT_EQ(parsed.flags->state_dir, "/var/lib/tacticd");
  const Flags defaults = *Parse({}).flags;
  EXPECT_EQ(parsed.flags->worker_memory_mib, defaults.worker_memory_mib);
  EXPECT_EQ(parsed.flags->lease_ttl_ms, defaults.lease_ttl_ms);
  EXPECT_EQ(parsed.flags->log_level, defaults.log_level);
  EXPECT_EQ(parsed.flags->log_format, defaults.log_format);
  EXPECT_EQ(parsed.flags->lanes, defaults.lanes);
}

TEST_F(ConfigFileTest, WhatIsWrongIsRefused) {
  EXPECT_EQ(ParseFile("state_dri = \"/s\"\n").exit_code, kExitConfiguration);
  EXPECT_THAT(ParseFile("state_dri = \"/s\"\n").message, HasSubstr("state_dri"));
  EXPECT_NE(ParseFile("log-level = \"loud\"\n").exit_code, kExitOk);
  EXPECT_EQ(Parse({"--config=/no/such/file"}).exit_code, kExitConfiguration);
}

// Daemons whose worker ends at once, so that nothing is measured.
class DaemonTest : public ::testing::Test {
 protected:
  Flags FlagsOf() {
    Flags flags;
    flags.listen = {"unix:" + (directory_ / "run/d.sock").string()};
    flags.state_dir = directory_ / "state";
    flags.lanes = {"host"};
    flags.worker = "/bin/true";
    return flags;
  }
  int ExitOf(const Flags& flags) {
    Daemon daemon(flags, logger_);
    const std::optional<StartFailure> failure = daemon.Start();
    return failure ? failure->exit_code : kExitOk;
  }

  TempDir directory_;
  const int null_ = open("/dev/null", O_WRONLY | O_CLOEXEC);
  Logger logger_{{LogLevel::kInfo, LogFormat::kText, null_}};
};

TEST_F(DaemonTest, ServesReadsWhenItsWorkerCannotBeStarted) {
  Daemon daemon(FlagsOf(), logger_);
  ASSERT_FALSE(daemon.Start());
  EXPECT_TRUE(std::filesystem::is_socket(directory_ / "run/d.sock"));
  daemon.Tick();
  daemon.Stop();
  EXPECT_FALSE(std::filesystem::exists(directory_ / "run/d.sock"));
  EXPECT_EQ(ExitOf(FlagsOf()), kExitOk);  // All locks are free again.
}

TEST_F(DaemonTest, OneDaemonForASocketAndForAState) {
  Daemon daemon(FlagsOf(), logger_);
  ASSERT_FALSE(daemon.Start());
  EXPECT_EQ(ExitOf(FlagsOf()), kExitAlreadyRuns);
  Flags other_state = FlagsOf();
  other_state.state_dir = directory_ / "other";
  EXPECT_EQ(ExitOf(other_state), kExitAlreadyRuns);
  Flags other_socket = FlagsOf();
  other_socket.listen = {"unix:" + (directory_ / "run/other.sock").string()};
  EXPECT_EQ(ExitOf(other_socket), kExitAlreadyRuns);
}

TEST_F(DaemonTest, ExitCodesTellWhatIsWrong) {
  Flags address = FlagsOf();
  address.listen = {"0.0.0.0:1"};
  EXPECT_EQ(ExitOf(address), kExitUsage);
  Flags state = FlagsOf();
  std::ofstream(directory_ / "file") << "x";
  state.state_dir = directory_ / "file";
  EXPECT_EQ(ExitOf(state), kExitCannotCreate);
  Flags damaged = FlagsOf();
  std::filesystem::create_directories(damaged.state_dir);
  std::ofstream(damaged.state_dir + "/tactic.db")
      << "this is no database, and longer than a header" << std::string(200, '.');
  EXPECT_EQ(ExitOf(damaged), kExitDamaged);
  Flags memory = FlagsOf();
  memory.memory_store = true;
  memory.state_dir = "/no/such/place";
  EXPECT_EQ(ExitOf(memory), kExitOk);
}

}  // namespace
}  // namespace tactic::testing
