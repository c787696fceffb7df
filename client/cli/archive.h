// Files of an export: the records of proto/tactic/v1/admin.proto, each in a frame of proto/wire.
// docs/export_format.md. "-" stands for standard input and output.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "client/cli/owned_fd.h"
#include "proto/wire/frame.h"
#include "tactic/model/result.h"
#include "tactic/v1/admin.pb.h"

namespace tactic::cli {

// Reads a file record by record; holds one record. Not thread-safe.
class ArchiveReader {
 public:
  // kNotFound, kInternal: it cannot be opened; the message says why.
  static Result<ArchiveReader> Open(const std::string& file);

  // The next record; nullopt at the end of the file. kDataLoss: what comes is damaged, cut off or
  // no export; the message says where.
  Result<std::optional<v1::ExportRecord>> Next();

 private:
  ArchiveReader(std::string file, OwnedFd fd) : file_(std::move(file)), fd_(std::move(fd)) {}
  Error Damaged(const std::string& what) const;

  std::string file_;
  OwnedFd fd_;
  wire::FrameDecoder decoder_;
  uint64_t fed_ = 0;    // Bytes read.
  uint64_t taken_ = 0;  // Bytes of whole records.
  uint64_t records_ = 0;
};

// What a file holds, from reading it whole.
struct ArchiveCheck {
  v1::ExportHeader header;
  std::optional<v1::ExportEnd> end;  // nullopt: it is not whole; `trouble` says why.
  std::string trouble;
};
// An Error when nothing of the file can be used: it cannot be read, is no export, or of a newer
// format.
Result<ArchiveCheck> CheckArchive(const std::string& file);

// Writes a file under another name, which takes its place when it is complete. Not thread-safe.
class ArchiveWriter {
 public:
  static Result<ArchiveWriter> Open(const std::string& file);
  ArchiveWriter(ArchiveWriter&&) noexcept = default;
  ~ArchiveWriter();  // Removes what is not complete.

  Check Write(const v1::ExportRecord& record);
  Check WriteText(std::string_view text);  // As it is, for files of other forms.
  // Puts the file in its place, on disk.
  Check Close();
  uint64_t bytes() const { return bytes_; }

 private:
  ArchiveWriter(std::string file, std::string partial, OwnedFd fd)
      : file_(std::move(file)), partial_(std::move(partial)), fd_(std::move(fd)) {}

  std::string file_;
  std::string partial_;  // Empty: standard output, or done.
  OwnedFd fd_;
  uint64_t bytes_ = 0;
};

}  // namespace tactic::cli
