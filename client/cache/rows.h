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
#include "proto/table/row.h"
#include "proto/table/slots.h"
#include "tactic/cache.h"
#include "tactic/model/decision.h"
#include "tactic/model/key.h"

namespace tactic::cache_internal {

// Everything of a key but the inputs, as one number. Only equal parts have equal numbers.
using FamilyId = uint32_t;

// One decision, as long as the Rows that it is of are not changed.
struct Row {
  struct Pick {
    uint32_t runner;
    const Parameters* tactic;
    auto operator<=>(const Pick&) const = default;
  };
  FamilyId family = 0;
  std::span<const table::InputRecord> inputs;
  table::Key key;
  uint64_t id = 0;
  std::span<const Pick> ranking;
  size_t alike = 0;  // Rows of the family with inputs like these; 0 = not known.
};

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
  Row::Pick OfCandidate(const Candidate& candidate);

 private:
  std::map<RunnerId, uint32_t> runners_;
  std::map<Fingerprint, uint32_t> environments_;
  std::unordered_map<std::string, FamilyId> family_ids_;
  std::vector<Family> families_;
  std::set<Parameters> tactics_;
  std::unordered_map<Candidate, Row::Pick, table::CandidateHash> candidates_;
  // The last key's family: decisions come in runs.
  std::optional<Key> last_;
  FamilyId last_family_ = 0;
};

// Not thread-safe.
class Rows {
 public:
  explicit Rows(Names* names) : names_(names) {}

  // Adds the decision, or replaces the one of its key, and says what it is now. False: damaged,
  // counted, or older than what is held.
  bool Put(const Decision& decision, Row& row);

  // Calls use(row) for each of a family, in no order.
  template <typename Use>
  void ForEach(FamilyId family, Use use) const;
  // How many rows each family has.
  std::unordered_map<FamilyId, uint64_t> Sizes() const;
  uint64_t damaged() const { return damaged_; }

 private:
  struct Head {
    uint64_t id;
    uint64_t revision;
    uint64_t ranking;  // In rankings_.
  };
  // Rows whose inputs have the same types, ranks and derived dimensions.
  template <typename Word>
  struct Form {
    std::vector<table::InputRecord> inputs;
    table::SlotTable<Word, Head> slots;
  };
  struct Family {
    std::vector<Form<uint32_t>> narrow;
    std::vector<Form<uint64_t>> wide;
  };
  using Ranking = std::vector<Row::Pick>;

  template <typename Word>
  bool PutInto(std::vector<Form<Word>>& forms, std::vector<table::InputRecord> inputs,
               const Head& head, Row& row);
  uint64_t NumberOf(const std::vector<Ranked>& ranking);
  template <typename Word, typename Use>
  void ForEachIn(const Form<Word>& form, FamilyId family, Use& use) const;

  Names* names_;  // Outlives this.
  std::unordered_map<FamilyId, Family> families_;
  std::map<Ranking, uint64_t> ranking_numbers_;
  std::vector<const Ranking*> rankings_;  // By number.
  uint64_t damaged_ = 0;
};

// What must not answer an op: one candidate, or all of a runner.
struct BannedPick {
  Row::Pick pick;
  bool every_tactic = false;
};

// What an op, whose runners have these numbers in its order, is answered by this row. nullopt:
// nothing, all that it ranks is banned.
std::optional<Entry> EntryFor(const Row& row, std::span<const uint32_t> runners,
                              std::span<const BannedPick> banned);

// Whether a row's inputs have the op's types, and its constrained dimensions are the op's. An
// absent input fits any.
bool Fits(const OpSpec& op, std::span<const table::InputRecord> inputs);

template <typename Use>
void Rows::ForEach(FamilyId family, Use use) const {
  const auto found = families_.find(family);
  if (found == families_.end()) return;
  for (const auto& form : found->second.narrow) ForEachIn(form, family, use);
  for (const auto& form : found->second.wide) ForEachIn(form, family, use);
}

template <typename Word, typename Use>
void Rows::ForEachIn(const Form<Word>& form, FamilyId family, Use& use) const {
  Row row;
  row.family = family;
  row.inputs = form.inputs;
  row.alike = form.slots.size();
  form.slots.view().ForEach([&](const Head& head, const auto& word) {
    row.key.SetWords(form.slots.ranks(), sizeof(Word) > sizeof(uint32_t), form.slots.words(), word);
    row.id = head.id;
    row.ranking = *rankings_[head.ranking];
    use(row);
  });
}

}  // namespace tactic::cache_internal
