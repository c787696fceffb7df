// The table file that the daemon keeps (docs/table_file.md).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/table/builder.h"
#include "proto/table/keeper.h"
#include "server/core/catalog.h"
#include "server/core/tuner.h"
#include "server/log/log.h"

namespace tactic {

// From construction to destruction the file follows the catalog, without what is banned; then it
// stays as it is. Tick from one thread. What it refers to outlives it.
class DaemonTable {
 public:
  // AlreadyExists: another process keeps this file. PermissionDenied: it cannot be made.
  static absl::StatusOr<std::unique_ptr<DaemonTable>> Start(const std::string& path,
                                                            Catalog& catalog, const Tuner& tuner,
                                                            const Logger& logger);
  ~DaemonTable();

  // Looks whether the lanes say something new of their ops; called about once a second.
  void Tick();
  const std::string& path() const { return keeper_.path(); }

 private:
  DaemonTable(table::Publisher publisher, Catalog& catalog, const Tuner& tuner,
              const Logger& logger);
  std::vector<table::OpFacts> Ops() const;
  Result<std::string> Image() const;

  Catalog& catalog_;
  const Tuner& tuner_;
  const Logger& logger_;
  std::vector<table::OpFacts> ops_;  // At the last Tick.
  table::Keeper keeper_;
  uint64_t subscription_ = 0;
};

}  // namespace tactic
