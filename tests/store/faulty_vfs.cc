#include "tests/store/faulty_vfs.h"

#include <sqlite3.h>

#include <string>
#include <utility>

namespace tactic::testing {

// SQLite's idea of an object: plain memory of szOsFile bytes that begins with sqlite3_file. The
// real file follows this one.
struct FaultyFile {
  sqlite3_file base;
  FaultyVfs* vfs;
  const char* path;  // SQLite keeps it alive as long as the file is open.

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  static FaultyFile* Of(sqlite3_file* file) { return reinterpret_cast<FaultyFile*>(file); }
  static FaultyVfs* Of(sqlite3_vfs* vfs) { return static_cast<FaultyVfs*>(vfs->pAppData); }
  static sqlite3_vfs* System() { return sqlite3_vfs_find(nullptr); }

  static std::string Content(sqlite3_file* real) {
    sqlite3_int64 size = 0;
    real->pMethods->xFileSize(real, &size);
    std::string bytes(static_cast<size_t>(size), '\0');
    real->pMethods->xRead(real, bytes.data(), static_cast<int>(size), 0);
    return bytes;
  }

  static int Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out);
  static int Delete(sqlite3_vfs* vfs, const char* path, int sync_directory) {
    if (const int code = Of(vfs)->Next(); code != 0) return code;
    Of(vfs)->synced_.erase(path);
    return System()->xDelete(System(), path, sync_directory);
  }

  static int Close(sqlite3_file* file) {
    sqlite3_file* real = Of(file)->real();
    return real->pMethods->xClose(real);
  }
  static int Read(sqlite3_file* file, void* to, int count, sqlite3_int64 at) {
    sqlite3_file* real = Of(file)->real();
    return real->pMethods->xRead(real, to, count, at);
  }
  static int Write(sqlite3_file* file, const void* from, int count, sqlite3_int64 at) {
    sqlite3_file* real = Of(file)->real();
    if (const int code = Of(file)->vfs->Next(); code != 0) {
      real->pMethods->xWrite(real, from, count / 2, at);
      return code;
    }
    return real->pMethods->xWrite(real, from, count, at);
  }
  static int Truncate(sqlite3_file* file, sqlite3_int64 size) {
    sqlite3_file* real = Of(file)->real();
    if (const int code = Of(file)->vfs->Next(); code != 0) return code;
    return real->pMethods->xTruncate(real, size);
  }
  static int Sync(sqlite3_file* file, int) {
    if (const int code = Of(file)->vfs->Next(); code != 0) return code;
    if (Of(file)->path != nullptr)
      Of(file)->vfs->synced_[Of(file)->path] = Content(Of(file)->real());
    return SQLITE_OK;
  }
  static int FileSize(sqlite3_file* file, sqlite3_int64* size) {
    sqlite3_file* real = Of(file)->real();
    return real->pMethods->xFileSize(real, size);
  }
  static int Lock(sqlite3_file* file, int level) {
    sqlite3_file* real = Of(file)->real();
    return real->pMethods->xLock(real, level);
  }
  static int Unlock(sqlite3_file* file, int level) {
    sqlite3_file* real = Of(file)->real();
    return real->pMethods->xUnlock(real, level);
  }
  static int CheckReservedLock(sqlite3_file* file, int* held) {
    sqlite3_file* real = Of(file)->real();
    return real->pMethods->xCheckReservedLock(real, held);
  }
  static int FileControl(sqlite3_file* file, int operation, void* argument) {
    sqlite3_file* real = Of(file)->real();
    return real->pMethods->xFileControl(real, operation, argument);
  }
  static int SectorSize(sqlite3_file* file) {
    sqlite3_file* real = Of(file)->real();
    return real->pMethods->xSectorSize(real);
  }
  // None: SQLite then assumes nothing about what a torn write leaves.
  static int DeviceCharacteristics(sqlite3_file*) { return 0; }
};

int FaultyFile::Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
  static const sqlite3_io_methods kMethods = {1,
                                              Close,
                                              Read,
                                              Write,
                                              Truncate,
                                              Sync,
                                              FileSize,
                                              Lock,
                                              Unlock,
                                              CheckReservedLock,
                                              FileControl,
                                              SectorSize,
                                              DeviceCharacteristics};
  FaultyFile* self = Of(file);
  self->base.pMethods = nullptr;  // Until it is open.
  self->vfs = Of(vfs);
  self->path = path;
  const int rc = System()->xOpen(System(), path, self->real(), flags, out);
  if (rc != SQLITE_OK) return rc;
  self->base.pMethods = &kMethods;
  if (path != nullptr && self->vfs->synced_.count(path) == 0) {
    self->vfs->synced_[path] = Content(self->real());
  }
  return SQLITE_OK;
}

FaultyVfs::FaultyVfs()
    : name_("faulty-" + std::to_string(reinterpret_cast<uintptr_t>(this))),
      vfs_(std::make_unique<sqlite3_vfs>(*FaultyFile::System())) {
  vfs_->iVersion = 1;
  vfs_->szOsFile += static_cast<int>(sizeof(FaultyFile));
  vfs_->zName = name_.c_str();
  vfs_->pAppData = this;
  vfs_->pNext = nullptr;
  vfs_->xOpen = FaultyFile::Open;
  vfs_->xDelete = FaultyFile::Delete;
  sqlite3_vfs_register(vfs_.get(), /*makeDflt=*/0);
}

FaultyVfs::~FaultyVfs() { sqlite3_vfs_unregister(vfs_.get()); }

void FaultyVfs::FailAt(int n, int code, bool for_ever) {
  countdown_ = n;
  code_ = code;
  for_ever_ = for_ever;
  failed_ = false;
}

int FaultyVfs::Next() {
  hook_();
  if (failed_) return for_ever_ ? code_ : 0;
  if (countdown_ == 0 || --countdown_ > 0) return 0;
  failed_ = true;
  return code_;
}

}  // namespace tactic::testing
