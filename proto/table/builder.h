// Makes the bytes of a table file of decisions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "proto/table/format.h"
#include "proto/table/row.h"
#include "proto/table/slots.h"
#include "tactic/model/decision.h"

namespace tactic::table {

// What the daemon says of an op.
struct OpFacts {
  std::string op;
  Parameters attribute_defaults;
  Environment environment;
  bool operator==(const OpFacts&) const = default;
};

// What a file says beside its decisions.
struct Facts {
  std::string store_id;
  uint64_t revision = 0;
  int64_t created_unix_ms = 0;
  bool of_this_host = false;  // The environments of `ops` are those of the host it lies on.
  std::vector<OpFacts> ops;
};

// The standing decisions, in the form that they have in the file. Not thread-safe.
class Builder {
 public:
  // Adds the decision, or replaces the one of its key. One that has no candidate, or is beyond the
  // limits, is left out and counted.
  void Put(const Decision& decision);

  size_t size() const { return size_; }
  uint64_t left_out() const { return left_out_; }

  // The whole file. OutOfMemory: it would be larger than its format can say.
  Result<std::string> Image(const Facts& facts) const;

 private:
  using Inputs = std::vector<InputRecord>;
  struct Form {
    Inputs inputs;
    // One of them.
    std::optional<SlotTable<uint32_t, RecordHead>> narrow;
    std::optional<SlotTable<uint64_t, RecordHead>> wide;
  };
  struct Family {
    std::string key;
    std::string op;
    uint32_t environment = 0;
    std::vector<Form> forms;
    std::unordered_map<Candidate, uint32_t, CandidateHash> candidate_numbers;
    std::vector<const Candidate*> candidates;  // By number.
  };
  class Layout;

  Family& FamilyOf(const tactic::Key& key);
  uint32_t EnvironmentOf(const Environment& environment);
  RecordHead HeadOf(const Decision& decision, Family& family);
  static Form& FormOf(Family& family, Inputs inputs, const Key& key);

  size_t size_ = 0;
  uint64_t left_out_ = 0;
  std::map<Fingerprint, uint32_t> environment_numbers_;
  std::vector<Environment> environments_;
  std::map<std::pair<std::string, uint32_t>, Family> families_;
  std::map<std::vector<uint32_t>, uint32_t> ranking_numbers_;
  std::vector<uint32_t> rankings_{0};  // At 0: none.
  // The last key's: decisions come in runs.
  std::optional<tactic::Key> last_key_;
  Family* last_family_ = nullptr;
};

}  // namespace tactic::table
