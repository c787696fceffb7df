// A table file, mapped read-only: its pages are those of every process that maps it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "proto/table/view.h"

namespace tactic::table {

// What a file is told from its successor by, without reading it.
struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t modified_ns = 0;
  uint64_t bytes = 0;
  bool operator==(const FileIdentity&) const = default;
};

// Of the file that has this path now. kMissing, kUnreadable.
std::variant<FileIdentity, Refusal> Identify(const std::string& path);

// Stays as it is when the path gets another file.
class MappedTable {
 public:
  using Opened = std::variant<std::shared_ptr<const MappedTable>, Refusal>;

  // Maps the file and checks all of it. The message of a refusal begins with the path.
  static Opened Open(const std::string& path);

  ~MappedTable();
  MappedTable(const MappedTable&) = delete;
  MappedTable& operator=(const MappedTable&) = delete;

  const View& view() const { return view_; }
  const FileIdentity& identity() const { return identity_; }

 private:
  MappedTable(const View& view, const FileIdentity& identity, void* memory)
      : view_(view), identity_(identity), memory_(memory) {}

  const View view_;
  const FileIdentity identity_;
  void* const memory_;
};

}  // namespace tactic::table
