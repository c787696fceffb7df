// The decisions that a Cache holds, in a compact form, apart from the ops that are registered: what
// tables are built from.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "client/cache/entry.h"
#include "proto/table/format.h"
#include "tactic/cache.h"
#include "tactic/model/decision.h"
#include "tactic/model/key.h"

namespace tactic::cache_internal {

// Everything of a key but the inputs, as one number. Only equal parts have equal numbers.
using FamilyId = uint32_t;

// Gives out numbers for equal things. What it holds lives, and stays in place, as long as it does.
// Not thread-safe.
class Names {
 public:
  struct Family {
    std::string op;
    uint32_t environment = 0;
  };

  uint32_t OfRunner(const RunnerId& runner);
  uint32_t OfEnvironment(const Environment& environment);
  // `policy` is a resolved one, `attributes` are complete.
  FamilyId OfFamily(const std::string& op, const Parameters& attributes,
                    const MeasurementPolicy& policy, uint32_t environment);
  FamilyId OfFamily(const Key& key);
  const Family& family(FamilyId id) const { return families_[id]; }
  // The lasting copy; nullptr for the default tactic.
  const Parameters* Keep(const Tactic& tactic);

 private:
  std::map<RunnerId, uint32_t> runners_;
  std::map<Fingerprint, uint32_t> environments_;
  std::unordered_map<std::string, FamilyId> family_ids_;
  std::vector<Family> families_;
  std::set<Parameters> tactics_;
  // The last key's family: decisions come in runs.
  std::optional<Key> last_;
  FamilyId last_family_ = 0;
};

// What identifies a decision. Sizes of all inputs one after the other, -1 where constrained.
struct RowKey {
  FamilyId family = 0;
  std::vector<table::InputRecord> inputs;
  std::vector<int64_t> sizes;
  bool operator==(const RowKey&) const = default;
};

struct RowKeyHash {
  size_t operator()(const RowKey& key) const;
};

struct Row {
  struct Pick {
    uint32_t runner;
    const Parameters* tactic;
  };
  uint64_t id = 0;
  uint64_t revision = 0;
  std::vector<Pick> ranking;
};

// Not thread-safe.
class Rows {
 public:
  using Map = std::unordered_map<RowKey, Row, RowKeyHash>;
  using Item = Map::value_type;

  explicit Rows(Names* names) : names_(names) {}

  // Adds the decision, or replaces the one of its key. nullptr: damaged, counted, or older than
  // what is held. The item stays in place.
  const Item* Put(const Decision& decision);

  // Those of a family, in no order.
  std::span<const Item* const> OfFamily(FamilyId family) const;
  // How many rows each family has.
  const std::unordered_map<FamilyId, std::vector<const Item*>>& by_family() const {
    return by_family_;
  }
  uint64_t damaged() const { return damaged_; }

 private:
  Names* names_;  // Outlives this.
  Map rows_;
  std::unordered_map<FamilyId, std::vector<const Item*>> by_family_;
  uint64_t damaged_ = 0;
};

// What `op`, whose runners have these numbers in its order, is answered by this row.
Entry EntryFor(const Row& row, std::span<const uint32_t> runners);

// Whether a row's inputs have the op's types, and its constrained dimensions are the op's. An
// absent input fits any.
bool Fits(const OpSpec& op, std::span<const table::InputRecord> inputs);

Shapes SizesOf(const RowKey& key);

}  // namespace tactic::cache_internal
