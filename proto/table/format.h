// The table file's layout, byte for byte; docs/table_file.md describes it. All numbers are in the
// byte order of the machine that wrote it, which must be that of the machine that reads it.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace tactic::table {

// Magic and version keep their places in every version.
inline constexpr std::array<char, 8> kMagic = {'t', 'a', 'c', 't', 'i', 'c', 't', 'b'};
inline constexpr uint32_t kVersion = 1;
inline constexpr uint32_t kByteOrder = 0x01020304;
inline constexpr uint64_t kAlignment = 64;  // Of sections, groups and records.
inline constexpr uint64_t kMostFileBytes = uint64_t{1} << 36;

enum Flag : uint32_t {
  // The environments of `ops` are those of the host that the file lies on.
  kOfThisHost = 1,
};

// Bytes of the pool.
struct Span {
  uint32_t at = 0;
  uint32_t bytes = 0;
};

// An array of `count` structs at `at` bytes from the file's start.
struct Section {
  uint64_t at = 0;
  uint64_t count = 0;
};

struct Header {
  std::array<char, 8> magic = kMagic;
  uint32_t version = kVersion;
  uint32_t byte_order = kByteOrder;
  uint64_t checksum = 0;  // XXH3-64 of all bytes that follow this field.
  uint64_t file_bytes = 0;
  uint64_t revision = 0;  // Of the store: all decisions up to it are in the file.
  uint64_t decisions = 0;
  uint64_t left_out = 0;  // Standing decisions that have no place in a table.
  int64_t created_unix_ms = 0;
  uint32_t flags = 0;
  uint32_t reserved = 0;
  Span store_id;
  Section pool;          // char
  Section environments;  // EnvironmentRecord
  Section ops;           // OpRecord
  Section families;      // FamilyRecord, by key, then environment
  Section candidates;    // Span: Encode(Candidate)
  Section forms;         // FormRecord
  Section rankings;      // uint32_t: a count, and so many candidates of the family
};

struct EnvironmentRecord {
  uint64_t high = 0;  // Its fingerprint.
  uint64_t low = 0;
  Span environment;  // Encode(Environment)
};

// What the daemon says of an op.
struct OpRecord {
  Span key;  // Encode(Key) of the op, the attributes that it takes by default, and its environment.
};

// The decisions of one op, with these attributes, policy and environment.
struct FamilyRecord {
  Span key;  // FamilyKey
  Span op;   // Its name.
  uint32_t environment = 0;
  uint32_t first_candidate = 0;
  uint32_t candidates = 0;
  uint32_t first_form = 0;
  uint32_t forms = 0;
  uint32_t decisions = 0;
};

// What all records of a form share of an input.
struct InputRecord {
  uint8_t dtype = 0;
  uint8_t layout = 0;
  uint8_t rank = 0;
  uint8_t derived = 0;  // A bit a dimension: follows from others.
  bool operator==(const InputRecord&) const = default;
};

// Rows whose inputs have the same types, ranks and derived dimensions: groups of slots
// (slots.h), and as many records as there are slots, each a RecordHead and `words` words.
struct FormRecord {
  uint64_t ranks = 0;
  uint64_t groups_at = 0;   // Bytes from the file's start.
  uint64_t records_at = 0;  // Likewise.
  uint32_t groups = 0;
  uint32_t entries = 0;
  uint32_t words = 0;
  uint32_t word_bytes = 0;  // 4 or 8.
  Span inputs;              // InputRecord of each input.
};

struct RecordHead {
  uint64_t decision_id;
  uint32_t pick;     // Candidate of the family.
  uint32_t ranking;  // Where in `rankings` the candidates after the pick are.
};

static_assert(sizeof(Header) == 192 && sizeof(EnvironmentRecord) == 24 && sizeof(OpRecord) == 8);
static_assert(sizeof(FamilyRecord) == 40 && sizeof(InputRecord) == 4 && sizeof(FormRecord) == 48);
static_assert(sizeof(RecordHead) == 16 && std::is_trivially_copyable_v<Header>);

// Greater ids are not held: tables in memory have 48 bits for them.
inline constexpr uint64_t kMostDecisionId = (uint64_t{1} << 48) - 1;

}  // namespace tactic::table
