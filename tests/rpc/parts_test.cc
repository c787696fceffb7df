// The small parts: tasks, the log, statuses.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <latch>
#include <mutex>
#include <regex>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/log/log.h"
#include "server/os/fd.h"
#include "server/rpc/grpc_status.h"
#include "server/rpc/task_thread.h"

namespace tactic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::MatchesRegex;

TEST(TaskThreadTest, RunsInTheOrderOfTimes) {
  std::vector<int> order;
  std::latch done(1);
  TaskThread thread(10);
  const TaskThread::Time soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
  thread.PostAt(soon + std::chrono::milliseconds(1), [&] { order.push_back(3); });
  thread.PostAt(soon + std::chrono::milliseconds(2), [&] { done.count_down(); });
  thread.PostAt(soon, [&] { order.push_back(1); });
  thread.PostAt(soon, [&] { order.push_back(2); });
  done.wait();
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
}

TEST(TaskThreadTest, RefusesWhenFull) {
  std::latch started(1);
  std::latch release(1);
  TaskThread thread(1);
  ASSERT_TRUE(thread.Post([&] {
    started.count_down();
    release.wait();
  }));
  started.wait();
  EXPECT_TRUE(thread.Post([] {}));
  EXPECT_FALSE(thread.Post([] {}));
  release.count_down();
}

TEST(TaskThreadTest, AtTheEndRunsWhatIsDueAndDropsTheRest) {
  std::latch started(1);
  std::latch release(1);
  int ran = 0;
  {
    TaskThread thread(10);
    ASSERT_TRUE(thread.Post([&] {
      started.count_down();
      release.wait();
    }));
    started.wait();
    ASSERT_TRUE(thread.Post([&] { ++ran; }));
    thread.PostAt(std::chrono::steady_clock::now() + std::chrono::hours(1), [&] { ran += 100; });
    release.count_down();
  }
  EXPECT_EQ(ran, 1);
}

// What a logger with these options writes.
std::string Logged(Logger::Options options, const std::function<void(const Logger&)>& log) {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe(ends.data()), 0);
  const Fd read_end(ends[0]);
  {
    const Fd write_end(ends[1]);
    options.fd = write_end.get();
    log(Logger(options));
  }
  std::array<char, 65536> text{};
  const ssize_t n = read(read_end.get(), text.data(), text.size());
  return std::string(text.data(), n > 0 ? static_cast<size_t>(n) : 0);
}

constexpr char kTime[] = "2[0-9]{3}-[01][0-9]-[0-3][0-9]T[0-9:]{8}\\.[0-9]{3}Z";

TEST(LogTest, Text) {
  const std::string line = Logged({}, [](const Logger& logger) {
    logger.Info("ready", {{"address", "unix:/x"}, {"count", 3}, {"ms", 1.5}});
  });
  EXPECT_TRUE(std::regex_match(
      line,
      std::regex(std::string(kTime) + " info ready address=\"unix:/x\" count=3 ms=1\\.500000\n")))
      << line;
}

TEST(LogTest, Json) {
  const std::string line = Logged({LogLevel::kInfo, LogFormat::kJson}, [](const Logger& logger) {
    logger.Error("broken", {{"why", "a \"b\""}, {"count", 3}});
  });
  EXPECT_TRUE(std::regex_match(
      line, std::regex(R"(\{"time":")" + std::string(kTime) +
                       R"(","level":"error","event":"broken","why":"a \\"b\\"","count":3\}\n)")))
      << line;
}

TEST(LogTest, OneEventIsOneLineWhateverItHolds) {
  for (const LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
    const std::string line = Logged({LogLevel::kInfo, format}, [](const Logger& logger) {
      logger.Info("x", {{"value", std::string("a\nb\x1b[31m\0\xff\\", 11)}});
    });
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
    EXPECT_THAT(line, ::testing::HasSubstr(R"("a\u000ab\u001b[31m\u0000\u00ff\\")"));
  }
}

TEST(LogTest, LongValuesAreCut) {
  const std::string line = Logged({}, [](const Logger& logger) {
    logger.Info("x", {{"value", std::string(100'000, 'y')}});
  });
  EXPECT_LT(line.size(), 5000u);
  EXPECT_THAT(line, ::testing::EndsWith("...\"\n"));
}

TEST(LogTest, LevelsBelowAreLeftOut) {
  EXPECT_EQ(Logged({LogLevel::kWarning},
                   [](const Logger& logger) {
                     logger.Debug("a");
                     logger.Info("b");
                   }),
            "");
}

TEST(LogTest, Names) {
  EXPECT_EQ(ParseLogLevel("warning"), LogLevel::kWarning);
  EXPECT_EQ(ParseLogLevel("loud"), std::nullopt);
  EXPECT_EQ(ParseLogFormat("json"), LogFormat::kJson);
  EXPECT_EQ(ParseLogFormat("xml"), std::nullopt);
}

TEST(GrpcStatusTest, CodesAreTheSame) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  EXPECT_EQ(ToGrpcStatus(absl::DataLossError("x")).error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_EQ(ToGrpcStatus(absl::NotFoundError("x")).error_message(), "x");
}

TEST(GrpcStatusTest, MessagesAreShortAndPrintable) {
  EXPECT_EQ(ToGrpcStatus(absl::NotFoundError("a\nb\x7f")).error_message(), "a b ");
  const std::string umlauts = [] {
    std::string text = "x";
    for (int i = 0; i < 2000; ++i) text += "\xc3\xa4";
    return text;
  }();
  const std::string cut = ToGrpcStatus(absl::NotFoundError(umlauts)).error_message();
  EXPECT_EQ(cut, umlauts.substr(0, 2047) + "...");
}

}  // namespace
}  // namespace tactic::testing
