#include "tests/conformance/store_conformance.h"

#include <memory>
#include <stdexcept>
#include <utility>

#include "server/store/memory_store.h"
#include "server/store/sqlite_store.h"
#include "tests/support/temp_dir.h"

namespace tactic::testing {
namespace {

class MemoryStoreFixture final : public StoreFixture {
 public:
  Store& store() override { return store_; }
  void Reopen() override {}

 private:
  MemoryStore store_;
};

class SqliteStoreFixture final : public StoreFixture {
 public:
  SqliteStoreFixture() { Reopen(); }
  Store& store() override { return *store_; }
  void Reopen() override {
    store_.reset();
    auto store = SqliteStore::Open(dir_ / "tactic.db");
    if (!store.ok()) throw std::runtime_error(store.status().ToString());
    store_ = *std::move(store);
  }

 private:
  TempDir dir_;
  std::unique_ptr<SqliteStore> store_;
};

template <typename Fixture>
std::unique_ptr<StoreFixture> New() {
  return std::make_unique<Fixture>();
}

INSTANTIATE_TEST_SUITE_P(Memory, StoreConformance, ::testing::Values(New<MemoryStoreFixture>));
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreConformance, ::testing::Values(New<SqliteStoreFixture>));

}  // namespace
}  // namespace tactic::testing
