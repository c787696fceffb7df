#include "client/cli/archive.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "proto/convert/export_format.h"

namespace tactic::cli {
namespace {

Error SystemError(const std::string& file, const std::string& doing) {
  return {errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kInternal,
          file + ": cannot " + doing + ": " + std::strerror(errno)};
}

Check WriteTo(int fd, const std::string& file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError(file, "be written");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return Ok();
}

// A rename is on disk when its directory is.
Check SyncDirectoryOf(const std::string& file) {
  const size_t slash = file.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : file.substr(0, slash + 1);
  const OwnedFd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || fsync(fd.get()) != 0) return SystemError(directory, "be flushed");
  return Ok();
}

}  // namespace

Result<ArchiveReader> ArchiveReader::Open(const std::string& file) {
  const int fd = file == "-" ? STDIN_FILENO : open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return SystemError(file, "be read");
  return ArchiveReader(file == "-" ? "standard input" : file, OwnedFd(fd));
}

Error ArchiveReader::Damaged(const std::string& what) const {
  const std::string where = " at byte " + std::to_string(taken_) + ", after " +
                            std::to_string(records_) + " whole records";
  return {ErrorCode::kDataLoss, records_ == 0 ? file_ + " is no export of tacticctl: " + what
                                              : file_ + " is damaged" + where + ": " + what};
}

Result<std::optional<v1::ExportRecord>> ArchiveReader::Next() {
  std::array<char, 1 << 16> buffer;
  while (true) {
    const bool waits = fed_ == taken_;  // Nothing is left of what was read.
    const auto payload = waits ? Result<std::optional<std::string>>(std::nullopt) : decoder_.Next();
    if (!payload.ok()) return Damaged(payload.error().message);
    if (payload->has_value()) {
      v1::ExportRecord record;
      if (!record.ParseFromString(**payload)) return Damaged("a record that cannot be read");
      taken_ += wire::kFrameHeaderBytes + (*payload)->size();
      ++records_;
      return std::optional<v1::ExportRecord>(std::move(record));
    }
    const ssize_t got = read(fd_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError(file_, "be read");
    if (got == 0 && fed_ == taken_ && records_ > 0) return std::optional<v1::ExportRecord>();
    if (got == 0) return Damaged(records_ == 0 ? "it is too short" : "it ends inside a record");
    decoder_.Feed({buffer.data(), static_cast<size_t>(got)});
    fed_ += static_cast<uint64_t>(got);
  }
}

Result<ArchiveCheck> CheckArchive(const std::string& file) {
  auto reader = ArchiveReader::Open(file);
  if (!reader.ok()) return reader.error();
  const auto first = reader->Next();
  if (!first.ok()) return first.error();
  if (!(*first)->has_header()) {
    return Error{ErrorCode::kDataLoss, file + " is no export of tacticctl: it has no header"};
  }
  ArchiveCheck check{(*first)->header(), std::nullopt, ""};
  if (check.header.format_version() > convert::kExportFormatVersion) {
    return Error{ErrorCode::kFailedPrecondition,
                 file + " has format version " + std::to_string(check.header.format_version()) +
                     "; this program knows up to " + std::to_string(convert::kExportFormatVersion) +
                     ". Use the tacticctl of " + check.header.writer() + " or a later one"};
  }
  while (true) {
    const auto record = reader->Next();
    if (!record.ok()) {
      check.end.reset();
      check.trouble = record.error().message;
      return check;
    }
    if (!record->has_value()) break;
    if ((*record)->has_end()) check.end = (*record)->end();
  }
  if (!check.end) check.trouble = file + " is cut off: it has no end record";
  return check;
}

Result<ArchiveWriter> ArchiveWriter::Open(const std::string& file) {
  if (file == "-") return ArchiveWriter("standard output", "", OwnedFd(STDOUT_FILENO));
  std::string partial = file + ".partial";
  const int fd = open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return SystemError(partial, "be made");
  return ArchiveWriter(file, std::move(partial), OwnedFd(fd));
}

ArchiveWriter::~ArchiveWriter() {
  if (!partial_.empty()) unlink(partial_.c_str());
}

Check ArchiveWriter::Write(const v1::ExportRecord& record) {
  const auto frame = wire::EncodeFrame(record.SerializeAsString());
  if (!frame.ok()) return frame.error();
  return WriteText(*frame);
}

Check ArchiveWriter::WriteText(std::string_view text) {
  bytes_ += text.size();
  return WriteTo(fd_.get(), file_, text);
}

Check ArchiveWriter::Close() {
  if (partial_.empty()) return Ok();
  if (fsync(fd_.get()) != 0) return SystemError(partial_, "be flushed");
  if (rename(partial_.c_str(), file_.c_str()) != 0) return SystemError(file_, "be put in place");
  partial_.clear();
  return SyncDirectoryOf(file_);
}

}  // namespace tactic::cli
