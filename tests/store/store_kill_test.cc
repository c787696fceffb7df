// A real process that writes and is killed at random points, again and again, on one database.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/store/sqlite_store.h"
#include "tests/support/samples.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace tactic::testing {
namespace {

struct Acknowledged {
  uint64_t revision = 0;
  uint64_t id = 0;
  uint32_t tied = 0;
};

// The writer program as a child, with its output on a pipe.
class Writer {
 public:
  explicit Writer(const std::filesystem::path& database) {
    std::array<int, 2> pipe_ends{};
    EXPECT_EQ(pipe2(pipe_ends.data(), O_CLOEXEC), 0);
    output_ = pipe_ends[0];
    std::string program =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "store_writer";
    std::string file = database;
    std::array<char*, 3> argv = {program.data(), file.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
    EXPECT_EQ(posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(pipe_ends[1]);
  }
  ~Writer() { close(output_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  pid_t pid() const { return pid_; }

  // Until it has acknowledged that many.
  void AwaitLines(int lines) {
    while (Lines() < lines && ReadSome()) {
    }
  }

  // Returns all that it acknowledged.
  std::vector<Acknowledged> Kill() {
    kill(pid_, SIGKILL);
    while (ReadSome()) {
    }
    int status = 0;
    waitpid(pid_, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself, " << status;
    return Parse();
  }

 private:
  int Lines() const { return static_cast<int>(std::count(text_.begin(), text_.end(), '\n')); }

  bool ReadSome() {
    std::array<char, 4096> buffer{};
    const ssize_t n = read(output_, buffer.data(), buffer.size());
    if (n > 0) text_.append(buffer.data(), static_cast<size_t>(n));
    return n > 0;
  }

  std::vector<Acknowledged> Parse() const {
    std::istringstream in(text_.substr(0, text_.rfind('\n') + 1));
    std::vector<Acknowledged> all;
    for (Acknowledged a; in >> a.revision >> a.id >> a.tied;) all.push_back(a);
    return all;
  }

  pid_t pid_ = 0;
  int output_ = -1;
  std::string text_;
};

// The ban that was acknowledged with this number, or a later one of the same candidate.
void ExpectBanned(Store& store, uint32_t tied) {
  uint64_t damaged = 0;
  const auto bans = store.LoadBans(damaged);
  ASSERT_THAT(bans, IsOk());
  const Candidate candidate = SampleCandidate(static_cast<int>(tied % 5));
  const Ban* ban = FindBan(*bans, "", candidate);
  ASSERT_NE(ban, nullptr) << tied;
  EXPECT_GE(ban->created_unix_ms, int64_t{tied});
}

void ExpectHolds(Store& store, const std::vector<Acknowledged>& acknowledged) {
  const uint64_t head = store.Info().revision;
  for (uint64_t id = 1; id <= head; ++id) {
    const auto decision = store.FindDecision(id);
    ASSERT_THAT(decision, IsOk());
    EXPECT_EQ(decision->revision, id) << "a gap, or one twice";
    Evidence evidence = SampleEvidence();
    evidence.decision_id = id;
    EXPECT_THAT(store.LoadEvidence(id), IsOkAndHolds(::testing::Eq(evidence)));
  }
  for (const Acknowledged& a : acknowledged) {
    const auto decision = store.FindDecision(a.id);
    ASSERT_THAT(decision, IsOk());
    EXPECT_EQ(decision->revision, a.revision);
    EXPECT_EQ(decision->tied, a.tied);
    ExpectBanned(store, a.tied);
  }
  EXPECT_EQ(store.Info().damaged_rows, 0u);
}

TEST(StoreKillTest, NothingAcknowledgedIsLostOverSixtyKills) {
  constexpr int kKills = 60;
  const TempDir dir;
  const std::filesystem::path file = dir / "tactic.db";
  std::mt19937 random(20240607);
  std::vector<Acknowledged> acknowledged;
  for (int i = 0; i < kKills; ++i) {
    // The writer goes on while its line is read, so that the kill strikes anywhere in a commit.
    const int lines = std::uniform_int_distribution<int>(0, 4)(random);
    Writer writer(file);
    writer.AwaitLines(lines);
    for (const Acknowledged& a : writer.Kill()) acknowledged.push_back(a);
  }
  auto store = SqliteStore::Open(file);
  ASSERT_THAT(store, IsOk());
  EXPECT_GT(acknowledged.size(), size_t{kKills});
  EXPECT_GE((*store)->Info().revision, acknowledged.back().revision);
  ExpectHolds(**store, acknowledged);
}

TEST(StoreKillTest, ASecondProcessIsRefusedByNameAndTheFirstGoesOn) {
  const TempDir dir;
  const std::filesystem::path file = dir / "tactic.db";
  Writer writer(file);
  writer.AwaitLines(1);
  EXPECT_THAT(SqliteStore::Open(file),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       ::testing::HasSubstr("process " + std::to_string(writer.pid()))));
  writer.AwaitLines(3);
  const std::vector<Acknowledged> acknowledged = writer.Kill();
  EXPECT_GE(acknowledged.size(), 3u);
  auto store = SqliteStore::Open(file);  // Free again.
  ASSERT_THAT(store, IsOk());
  ExpectHolds(**store, acknowledged);
}

}  // namespace
}  // namespace tactic::testing
