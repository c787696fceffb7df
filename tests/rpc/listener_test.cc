// Addresses, locks, sockets, the accept loop.
#include "server/rpc/listener.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <latch>
#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/rpc/acceptor.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace tactic::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

mode_t ModeOf(const std::filesystem::path& path) {
  struct stat info {};
  EXPECT_EQ(lstat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

// A client's socket, not connected yet.
Fd NewClient() { return Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }
bool Connect(const Fd& client, const std::string& path) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, path.data(), path.size());
  return connect(client.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0;
}

TEST(ListenAddressTest, WhatIsTaken) {
  const std::pair<const char*, const char*> cases[] = {
      {"unix:/run/x.sock", "unix:/run/x.sock"},
      {"127.0.0.1:50051", "127.0.0.1:50051"},
      {"127.8.0.1:0", "127.8.0.1:0"},
      {"localhost:65535", "127.0.0.1:65535"},
      {"[::1]:80", "[::1]:80"},
  };
  for (const auto& [text, parsed] : cases) {
    const auto address = ParseListenAddress(text);
    ASSERT_THAT(address, IsOk()) << text;
    EXPECT_EQ(ToText(*address), parsed);
  }
}

TEST(ListenAddressTest, WhatIsNot) {
  for (const char* text : {"", ":", "unix:", "unix:x.sock", "x", "localhost", "localhost:",
                           "localhost:65536", "localhost:-1", "localhost:8x", "0.0.0.0:1", "[::]:1",
                           "::1:80", "10.0.0.1:80", "example.org:80", ":80", "127.0.0.1.1:1"}) {
    EXPECT_THAT(ParseListenAddress(text), StatusIs(absl::StatusCode::kInvalidArgument,
                                                   HasSubstr(std::string("'") + text + "'")));
  }
  EXPECT_THAT(ParseListenAddress("0.0.0.0:50051"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not authenticated")));
  EXPECT_THAT(ParseListenAddress("unix:/" + std::string(107, 'x')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("107")));
}

TEST(FileLockTest, OneAtATime) {
  const TempDir directory;
  const std::string path = directory / "lock";
  {
    const auto first = FileLock::Acquire(path);
    ASSERT_THAT(first, IsOk());
    EXPECT_THAT(FileLock::Acquire(path),
                StatusIs(absl::StatusCode::kAlreadyExists,
                         AllOf(HasSubstr(std::to_string(getpid())), HasSubstr(path))));
  }
  EXPECT_THAT(FileLock::Acquire(path), IsOk());
}

TEST(FileLockTest, WhereItCannotBe) {
  const TempDir directory;
  EXPECT_THAT(FileLock::Acquire(directory / "missing/lock"),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("missing/lock")));
  std::filesystem::create_symlink("elsewhere", directory / "link");
  EXPECT_THAT(FileLock::Acquire(directory / "link"), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_FALSE(std::filesystem::exists(directory / "elsewhere"));
}

class ListenerTest : public ::testing::Test {
 protected:
  Listener Reserve(const std::string& text) {
    return Listener::Reserve(ParseListenAddress(text).value()).value();
  }

  TempDir directory_;
  const std::string path_ = directory_ / "new/deep/d.sock";
  const std::string address_ = "unix:" + path_;
};

TEST_F(ListenerTest, TheSocketIsForUserAndGroupInADirectoryOfItsOwn) {
  Listener listener = Reserve(address_);
  ASSERT_THAT(listener.Listen(), IsOk());
  EXPECT_EQ(ModeOf(path_), 0660u);
  EXPECT_EQ(ModeOf(directory_ / "new/deep"), 0750u);
  EXPECT_EQ(ModeOf(directory_ / "new"), 0750u);
  EXPECT_TRUE(Connect(NewClient(), path_));
  listener.Close();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ListenerTest, ASecondDaemonIsRefusedAndTheFirstUndisturbed) {
  Listener listener = Reserve(address_);
  ASSERT_THAT(listener.Listen(), IsOk());
  EXPECT_THAT(
      Listener::Reserve(ParseListenAddress(address_).value()),
      StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("process " + std::to_string(getpid()))));
  EXPECT_TRUE(Connect(NewClient(), path_));
}

TEST_F(ListenerTest, TheSocketOfADeadDaemonIsReplaced) {
  std::filesystem::create_directories(directory_ / "new/deep");
  {
    const Fd dead = NewClient();
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, path_.data(), path_.size());
    ASSERT_EQ(bind(dead.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
  }
  ASSERT_TRUE(std::filesystem::exists(path_));
  Listener listener = Reserve(address_);
  ASSERT_THAT(listener.Listen(), IsOk());
  EXPECT_TRUE(Connect(NewClient(), path_));
}

TEST_F(ListenerTest, WhatIsNoSocketIsLeftAlone) {
  std::filesystem::create_directories(directory_ / "new/deep");
  std::ofstream(path_) << "precious";
  Listener listener = Reserve(address_);
  EXPECT_THAT(listener.Listen(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no socket")));
  EXPECT_TRUE(std::filesystem::is_regular_file(path_));
}

TEST_F(ListenerTest, TcpChoosesAPortAndDoesNotShareIt) {
  Listener listener = Reserve("127.0.0.1:0");
  ASSERT_THAT(listener.Listen(), IsOk());
  EXPECT_NE(listener.address().port, 0);
  Listener second = Reserve(ToText(listener.address()));
  EXPECT_THAT(second.Listen(),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(ToText(listener.address()))));
}

class AcceptorTest : public ListenerTest {
 protected:
  AcceptorTest() : listener_(Reserve(address_)) { EXPECT_THAT(listener_.Listen(), IsOk()); }

  void Start(int first_refused_fd) {
    acceptor_ = Acceptor::Start({listener_.fd()}, logger_, {first_refused_fd}, [this](Fd) {
                  accepted_.count_down();
                }).value();
  }
  // Whether the peer closed the connection.
  static bool IsClosed(const Fd& client) {
    char byte = 0;
    return read(client.get(), &byte, 1) <= 0;
  }

  Listener listener_;
  Logger logger_{{LogLevel::kError, LogFormat::kText, 2}};
  std::latch accepted_{1};
  std::unique_ptr<Acceptor> acceptor_;
};

TEST_F(AcceptorTest, HandsConnectionsOn) {
  Start(1'000'000);
  const Fd client = NewClient();
  ASSERT_TRUE(Connect(client, path_));
  accepted_.wait();
}

TEST_F(AcceptorTest, RefusesWhenTooManyAreOpen) {
  Start(0);
  const Fd client = NewClient();
  ASSERT_TRUE(Connect(client, path_));
  EXPECT_TRUE(IsClosed(client));
  EXPECT_FALSE(accepted_.try_wait());
}

TEST_F(AcceptorTest, GoesOnAfterTheDescriptorsRanOut) {
  Start(1'000'000);
  const Fd unlucky = NewClient();
  const Fd lucky = NewClient();
  const std::string path = path_;  // UBSan opens a pipe to look at what `this` points to.
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(dup(lucky.get()));  // The lowest that was free.
  close(static_cast<int>(none.rlim_cur));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_TRUE(Connect(unlucky, path));
  EXPECT_TRUE(IsClosed(unlucky));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(Connect(lucky, path_));
  accepted_.wait();
}

}  // namespace
}  // namespace tactic::testing
