#include "proto/table/publisher.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "tests/support/temp_dir.h"

namespace tactic::table {
namespace {

std::string Content(const std::string& path) {
  std::ifstream file(path);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

TEST(Publisher, PutsOneFileAfterTheOtherInItsPlace) {
  const testing::TempDir directory;
  const std::string path = directory / "x.table";
  const auto publisher = Publisher::Open(path);
  ASSERT_TRUE(publisher.ok());
  ASSERT_TRUE(publisher->Publish("one").ok());
  std::ifstream old(path);
  ASSERT_TRUE(publisher->Publish("another").ok());
  EXPECT_EQ(Content(path), "another");
  std::string still;
  old >> still;
  EXPECT_EQ(still, "one");  // Who has the old one open keeps it as it is.
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
}

TEST(Publisher, WhatAKilledOneLeftDoesNotMatter) {
  const testing::TempDir directory;
  const std::string path = directory / "x.table";
  const std::string elsewhere = directory / "elsewhere";
  std::ofstream(elsewhere) << "keep";
  std::filesystem::create_symlink(elsewhere, path + ".new");
  std::ofstream(path + ".lock") << "";
  const auto publisher = Publisher::Open(path);
  ASSERT_TRUE(publisher.ok());
  ASSERT_TRUE(publisher->Publish("one").ok());
  EXPECT_EQ(Content(path), "one");
  EXPECT_FALSE(std::filesystem::is_symlink(path));
  EXPECT_EQ(Content(elsewhere), "keep");
}

TEST(Publisher, ThereIsOneAtATime) {
  const testing::TempDir directory;
  const std::string path = directory / "x.table";
  auto first = std::optional(Publisher::Open(path));
  ASSERT_TRUE(first->ok());
  const auto second = Publisher::Open(path);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_NE(second.error().message.find("another process"), std::string::npos);
  first.reset();
  EXPECT_TRUE(Publisher::Open(path).ok());
}

TEST(Publisher, AnErrorLeavesTheOneBefore) {
  const testing::TempDir directory;
  const std::string path = directory / "x.table";
  const auto publisher = Publisher::Open(path);
  ASSERT_TRUE(publisher->Publish("one").ok());
  std::filesystem::create_directories(path + ".new/in the way");
  const Check published = publisher->Publish("two");
  ASSERT_FALSE(published.ok());
  EXPECT_EQ(published.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(published.error().message.find(".new"), std::string::npos);
  EXPECT_EQ(Content(path), "one");
  EXPECT_FALSE(Publisher::Open(directory / "no/such/x.table").ok());
}

}  // namespace
}  // namespace tactic::table
