// What of ProfileOverrides comes out for an op.
#pragma once

#include <cstdint>
#include <list>
#include <memory>

#include "client/cache/compiled_op.h"
#include "tactic/cache.h"

namespace tactic::cache_internal {

Check CheckOverrides(const ProfileOverrides& overrides);

// Those in force, the last one last. Not thread-safe.
class OverrideStack {
 public:
  // REQUIRES: CheckOverrides.
  uint64_t Add(ProfileOverrides overrides);
  void Drop(uint64_t id);
  // Skips every op, whatever the others say.
  void SkipAll(bool on) { skip_all_ = on; }

  // For an op with this prepared spec; nullptr: none concern it.
  std::shared_ptr<const Override> Of(const OpSpec& spec) const;

 private:
  struct Layer {
    uint64_t id;
    ProfileOverrides overrides;
  };
  std::list<Layer> layers_;
  bool skip_all_ = false;
  uint64_t next_id_ = 1;
};

}  // namespace tactic::cache_internal
