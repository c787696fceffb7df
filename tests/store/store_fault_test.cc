// Disks that fail, processes that end and power that goes, at every single operation.
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "gtest/gtest.h"
#include "server/store/sqlite_store.h"
#include "tests/store/faulty_vfs.h"
#include "tests/store/store_history.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace tactic::testing {
namespace {

constexpr int kDecisions = 3;

SqliteStoreOptions On(const FaultyVfs& vfs) {
  SqliteStoreOptions options;
  options.vfs = vfs.name();
  return options;
}

using Files = std::map<std::string, std::string>;

Files FilesIn(const std::filesystem::path& dir) {
  Files files;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    std::ifstream in(entry.path(), std::ios::binary);
    files[entry.path().filename()] = std::string(std::istreambuf_iterator<char>(in), {});
  }
  return files;
}

void WriteFiles(const Files& files, const std::filesystem::path& dir) {
  for (const auto& [name, bytes] : files) std::ofstream(dir / name, std::ios::binary) << bytes;
}

// A database with nothing in it. Made once, because making one syncs for real.
const Files& EmptyDatabase() {
  static const Files files = [] {
    const TempDir dir;
    EXPECT_THAT(SqliteStore::Open(dir / "tactic.db"), IsOk());
    return FilesIn(dir.path());
  }();
  return files;
}

struct Fault {
  int code;
  bool for_ever;
};

class StoreFault : public ::testing::TestWithParam<Fault> {};

// Opens `dir`'s store with the n-th operation failing and writes the history. Returns the
// acknowledged decisions.
std::vector<Decision> WriteUnderFault(const std::filesystem::path& file, FaultyVfs& vfs,
                                      bool for_ever) {
  auto store = SqliteStore::Open(file, On(vfs));
  if (!store.ok()) {
    EXPECT_TRUE(vfs.failed()) << store.status();
    return {};
  }
  std::vector<Decision> acknowledged = WriteHistory(**store, kDecisions, /*stop_at_error=*/false);
  if (!vfs.failed()) {
    EXPECT_EQ(acknowledged.size(), size_t{kDecisions});
  } else if (!for_ever) {
    EXPECT_GE(acknowledged.size(), size_t{kDecisions - 1}) << "it did not recover";
    EXPECT_EQ(WhatIsWrong(**store, acknowledged, kDecisions), "");
  }
  return acknowledged;
}

TEST_P(StoreFault, NothingAcknowledgedIsLostWhereverItStrikes) {
  int operations = 0;
  for (bool reached = true; reached && !HasFailure(); ++operations) {
    const TempDir dir;
    WriteFiles(EmptyDatabase(), dir.path());
    FaultyVfs vfs;
    vfs.FailAt(operations + 1, GetParam().code, GetParam().for_ever);
    const std::vector<Decision> acknowledged =
        WriteUnderFault(dir / "tactic.db", vfs, GetParam().for_ever);
    reached = vfs.failed();
    vfs.FailAt(0, 0, false);
    auto again = SqliteStore::Open(dir / "tactic.db", On(vfs));
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(WhatIsWrong(**again, acknowledged, kDecisions), "") << "operation " << operations;
  }
  EXPECT_GT(operations, 50) << "the history is too short to be worth it";
}

TEST_P(StoreFault, AnInterruptedCreationLeavesNothingInTheWay) {
  int operations = 0;
  for (bool created = false; !created && !HasFailure(); ++operations) {
    const TempDir dir;
    FaultyVfs vfs;
    vfs.FailAt(operations + 1, GetParam().code, GetParam().for_ever);
    created = SqliteStore::Open(dir / "tactic.db", On(vfs)).ok();
    EXPECT_TRUE(created || vfs.failed());
    vfs.FailAt(0, 0, false);
    auto again = SqliteStore::Open(dir / "tactic.db", On(vfs));
    ASSERT_THAT(again, IsOk()) << "operation " << operations;
    EXPECT_EQ(WhatIsWrong(**again, {}, 0), "");
  }
  EXPECT_GT(operations, 10);
}

INSTANTIATE_TEST_SUITE_P(Disk, StoreFault,
                         ::testing::Values(Fault{SQLITE_IOERR_WRITE, false},
                                           Fault{SQLITE_IOERR_FSYNC, false},
                                           Fault{SQLITE_IOERR_FSYNC, true},
                                           Fault{SQLITE_FULL, false}, Fault{SQLITE_FULL, true}));

TEST(StoreFaultTest, FullDiskIsReportedReadsGoOnAndItRecovers) {
  const TempDir dir;
  FaultyVfs vfs;
  auto store = SqliteStore::Open(dir / "tactic.db", On(vfs));
  ASSERT_THAT(store, IsOk());
  const std::vector<Decision> before = WriteHistory(**store, 2, true);
  vfs.FailAt(1, SQLITE_FULL, /*for_ever=*/true);
  EXPECT_THAT((*store)->PutJob({.id = "j-9"}),
              StatusIs(absl::StatusCode::kResourceExhausted, ::testing::HasSubstr("free space")));
  EXPECT_THAT((*store)->LoadDecisions(), IsOkAndHolds(::testing::SizeIs(2)));
  EXPECT_THAT((*store)->PutJob({.id = "j-9"}), StatusIs(absl::StatusCode::kResourceExhausted));
  vfs.FailAt(0, 0, false);
  EXPECT_THAT((*store)->PutJob({.id = "j-9"}), IsOk());
  EXPECT_EQ(WhatIsWrong(**store, before, 2), "");
}

TEST(StoreFaultTest, OpensAndReadsOnAFullDisk) {
  const TempDir dir;
  FaultyVfs vfs;
  WriteFiles(EmptyDatabase(), dir.path());
  std::vector<Decision> before;
  {
    auto store = SqliteStore::Open(dir / "tactic.db", On(vfs));
    ASSERT_THAT(store, IsOk());
    before = WriteHistory(**store, 3, true);
    vfs.FailAt(1, SQLITE_FULL, /*for_ever=*/true);  // The log stays: closing cannot move it.
  }
  auto store = SqliteStore::Open(dir / "tactic.db", On(vfs));
  ASSERT_THAT(store, IsOk());
  EXPECT_EQ(WhatIsWrong(**store, before, 3), "");
  EXPECT_THAT((*store)->PutJob({.id = "j-9"}), StatusIs(absl::StatusCode::kResourceExhausted));
}

// What is on disk at one moment, and what had been promised by then.
struct Photograph {
  Files files;
  std::vector<Decision> acknowledged;
};

void ExpectWhole(const Photograph& photograph, const std::string& store_id) {
  const TempDir dir;
  WriteFiles(photograph.files, dir.path());
  FaultyVfs vfs;
  auto store = SqliteStore::Open(dir / "tactic.db", On(vfs));
  ASSERT_THAT(store, IsOk());
  EXPECT_EQ((*store)->Info().store_id, store_id);
  EXPECT_EQ(WhatIsWrong(**store, photograph.acknowledged, kDecisions), "");
}

// Takes photographs of a store's life before each of its operations. `power_cut`: of what was
// synced; otherwise of what was written.
void ExpectWholeAtEveryOperation(bool power_cut) {
  const TempDir dir;
  FaultyVfs vfs;
  WriteFiles(EmptyDatabase(), dir.path());
  std::vector<Photograph> album;
  std::vector<Decision> acknowledged;
  vfs.OnOperation([&] {
    Photograph photograph{{}, acknowledged};
    if (power_cut) {
      for (const auto& [path, bytes] : vfs.synced()) {
        photograph.files[std::filesystem::path(path).filename()] = bytes;
      }
    } else {
      photograph.files = FilesIn(dir.path());
    }
    album.push_back(std::move(photograph));
  });
  std::string store_id;
  {
    auto store = SqliteStore::Open(dir / "tactic.db", On(vfs));
    ASSERT_THAT(store, IsOk());
    store_id = (*store)->Info().store_id;
    for (int i = 0; i < kDecisions; ++i) {
      for (Decision& d : WriteHistory(**store, 1, true)) acknowledged.push_back(std::move(d));
    }
    ASSERT_EQ(acknowledged.size(), size_t{kDecisions});
  }
  EXPECT_GT(album.size(), 50u);
  for (const Photograph& photograph : album) ExpectWhole(photograph, store_id);
}

TEST(StoreFaultTest, AProcessKilledBeforeAnyOperationLosesNothing) {
  ExpectWholeAtEveryOperation(/*power_cut=*/false);
}

TEST(StoreFaultTest, APowerCutBeforeAnyOperationLosesNothing) {
  ExpectWholeAtEveryOperation(/*power_cut=*/true);
}

}  // namespace
}  // namespace tactic::testing
