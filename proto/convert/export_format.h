// What writers and readers of an export must agree on beyond its messages (docs/export_format.md).
#pragma once

#include <cstddef>
#include <cstdint>

namespace tactic::convert {

// ExportHeader::format_version of what is written, and the newest that is read.
inline constexpr uint32_t kExportFormatVersion = 1;
// Of a record, unless one trial is larger.
inline constexpr size_t kExportRecordBytes = size_t{1} << 20;

}  // namespace tactic::convert
