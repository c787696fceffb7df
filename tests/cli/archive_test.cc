// Export files: what is written is read back, and no damage passes for a whole file.
#include "client/cli/archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace tactic::cli {
namespace {

using ::testing::AllOf;
using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;

v1::ExportRecord Header(uint32_t version = 1) {
  v1::ExportRecord record;
  record.mutable_header()->set_format_version(version);
  record.mutable_header()->set_writer("tacticd 9.9");
  return record;
}
v1::ExportRecord Contest(const std::string& op) {
  v1::ExportRecord record;
  record.mutable_contest()->mutable_key()->mutable_problem()->set_op(op);
  return record;
}
v1::ExportRecord End(uint64_t contests) {
  v1::ExportRecord record;
  record.mutable_end()->set_contests(contests);
  return record;
}

std::string ReadBytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}
void WriteBytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

class ArchiveTest : public ::testing::Test {
 protected:
  std::string Path(const char* name) const { return (directory_ / name).string(); }
  void WriteArchive(const std::string& path, const std::vector<v1::ExportRecord>& records) {
    auto writer = ArchiveWriter::Open(path);
    ASSERT_THAT(writer, IsOk());
    for (const v1::ExportRecord& record : records) ASSERT_THAT(writer->Write(record), IsOk());
    ASSERT_THAT(writer->Close(), IsOk());
    EXPECT_EQ(writer->bytes(), ReadBytes(path).size());
  }

  testing::TempDir directory_;
};

TEST_F(ArchiveTest, RecordsComeBackInOrder) {
  const std::vector<v1::ExportRecord> records = {Header(), Contest("a"),
                                                 Contest(std::string(200'000, 'b')), End(2)};
  WriteArchive(Path("x"), records);
  auto reader = ArchiveReader::Open(Path("x"));
  ASSERT_THAT(reader, IsOk());
  for (const v1::ExportRecord& record : records) {
    const auto next = reader->Next();
    ASSERT_THAT(next, IsOk());
    ASSERT_TRUE(next->has_value());
    EXPECT_EQ((*next)->SerializeAsString(), record.SerializeAsString());
  }
  EXPECT_FALSE((*reader->Next()).has_value());
  const auto check = CheckArchive(Path("x"));
  ASSERT_THAT(check, IsOk());
  ASSERT_TRUE(check->end.has_value());
  EXPECT_EQ(check->end->contests(), 2u);
}

TEST_F(ArchiveTest, TheFileAppearsWhenItIsComplete) {
  WriteBytes(Path("x"), "older");
  {
    auto writer = ArchiveWriter::Open(Path("x"));
    ASSERT_THAT(writer, IsOk());
    ASSERT_THAT(writer->Write(Header()), IsOk());
    EXPECT_EQ(ReadBytes(Path("x")), "older");
  }
  EXPECT_EQ(ReadBytes(Path("x")), "older");
  EXPECT_FALSE(std::filesystem::exists(Path("x.partial")));
}

TEST_F(ArchiveTest, NoCutPassesForAWholeFile) {
  WriteArchive(Path("x"), {Header(), Contest("a"), Contest("b"), End(2)});
  const std::string bytes = ReadBytes(Path("x"));
  for (size_t length = 0; length < bytes.size(); ++length) {
    WriteBytes(Path("cut"), bytes.substr(0, length));
    const auto check = CheckArchive(Path("cut"));
    if (!check.ok()) {
      EXPECT_EQ(check.error().code, ErrorCode::kDataLoss);
      continue;
    }
    EXPECT_FALSE(check->end.has_value()) << length;
    EXPECT_THAT(check->trouble, ::testing::AnyOf(HasSubstr("cut off"), HasSubstr("ends inside")));
  }
}

TEST_F(ArchiveTest, NoFlippedBitPassesForAWholeFile) {
  WriteArchive(Path("x"), {Header(), Contest("a"), End(1)});
  const std::string bytes = ReadBytes(Path("x"));
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string flipped = bytes;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    WriteBytes(Path("flipped"), flipped);
    const auto check = CheckArchive(Path("flipped"));
    EXPECT_TRUE(!check.ok() || !check->end.has_value()) << "byte " << i;
  }
}

TEST_F(ArchiveTest, SaysWhereTheDamageIs) {
  WriteArchive(Path("x"), {Header(), Contest("a"), End(1)});
  std::string bytes = ReadBytes(Path("x"));
  bytes[bytes.size() - 1] = static_cast<char>(bytes.back() ^ 1);
  WriteBytes(Path("x"), bytes);
  const auto check = CheckArchive(Path("x"));
  ASSERT_THAT(check, IsOk());
  EXPECT_THAT(check->trouble, AllOf(HasSubstr(Path("x")), HasSubstr("at byte "),
                                    HasSubstr("after 2 whole records"), HasSubstr("checksum")));
}

TEST_F(ArchiveTest, BytesAfterTheEndAreDamage) {
  WriteArchive(Path("x"), {Header(), End(0)});
  WriteBytes(Path("x"), ReadBytes(Path("x")) + "more");
  const auto check = CheckArchive(Path("x"));
  ASSERT_THAT(check, IsOk());
  EXPECT_FALSE(check->end.has_value());
}

TEST_F(ArchiveTest, WhatIsNoExportIsSaidToBeNone) {
  for (const std::string& bytes : {std::string("{\"metadata\": {}}"), std::string("short"),
                                   std::string(), std::string(100, '\0')}) {
    WriteBytes(Path("x"), bytes);
    EXPECT_THAT(CheckArchive(Path("x")), ErrorIs(ErrorCode::kDataLoss, HasSubstr("no export")));
  }
  WriteArchive(Path("x"), {Contest("a"), End(1)});
  EXPECT_THAT(CheckArchive(Path("x")), ErrorIs(ErrorCode::kDataLoss, HasSubstr("no header")));
  EXPECT_THAT(CheckArchive(Path("absent")), ErrorIs(ErrorCode::kNotFound, HasSubstr("No such")));
}

TEST_F(ArchiveTest, ANewerFormatNamesBothVersions) {
  WriteArchive(Path("x"), {Header(2), End(0)});
  EXPECT_THAT(CheckArchive(Path("x")),
              ErrorIs(ErrorCode::kFailedPrecondition,
                      AllOf(HasSubstr("format version 2"), HasSubstr("up to 1"),
                            HasSubstr("tacticd 9.9"))));
}

}  // namespace
}  // namespace tactic::cli
