// One row as a value, and its checksum. Every table's last column is the checksum of the others,
// since SQLite's own checks do not notice a flipped bit inside a value.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tactic {

struct Blob {
  std::string bytes;
  bool operator==(const Blob&) const = default;
};

// NULL, INTEGER, REAL, TEXT, BLOB. NULL's place in this list and the order are part of the
// checksum: append only.
using SqlValue = std::variant<std::monostate, int64_t, double, std::string, Blob>;

// A table as this code writes and reads it. `columns` in the order of the Row's values, the
// checksum last.
struct Table {
  const char* name;
  const char* columns;
};

// Values in column order. The accessors return zero or an empty string for a value of another type,
// which a row with the right checksum does not have.
class Row {
 public:
  Row() = default;
  Row(std::initializer_list<SqlValue> values) : values_(values) {}
  explicit Row(std::vector<SqlValue> values) : values_(std::move(values)) {}

  size_t size() const { return values_.size(); }
  const SqlValue& operator[](size_t i) const { return values_[i]; }

  int64_t Int(size_t i) const;
  double Real(size_t i) const;
  const std::string& Text(size_t i) const;
  const std::string& Bytes(size_t i) const;

  // Appends the checksum over the table's name and all values.
  void Seal(const Table& table);
  // Whether the last value is the checksum of the others.
  bool IsIntact(const Table& table) const;

 private:
  friend class Statement;
  int64_t ChecksumOf(const Table& table, size_t count) const;

  std::vector<SqlValue> values_;
};

}  // namespace tactic
