// What every Store must do: each sentence of server/core/store.h as a test
// (the .cc files here, compiled into the program of each implementation). An implementation joins
// with one line:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, StoreConformance, ::testing::Values(NewMemoryStoreFixture));
#pragma once

#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "server/core/store.h"

namespace tactic::testing {

// A place where one store is.
class StoreFixture {
 public:
  virtual ~StoreFixture() = default;
  virtual Store& store() = 0;
  // Closes the store and opens it again; one that does not outlive its object keeps it.
  virtual void Reopen() = 0;
};
using StoreFixtureFactory = std::unique_ptr<StoreFixture> (*)();

class StoreConformance : public ::testing::TestWithParam<StoreFixtureFactory> {
 protected:
  StoreConformance() : fixture_(GetParam()()) {}

  Store& store() { return fixture_->store(); }
  void Reopen() { fixture_->Reopen(); }

  // Stores a decision for SampleKey(variant), of which `tied` tells it from others of this key.
  Decision Put(int variant, uint32_t tied = 1);
  // What is stored; a failure of the test when it cannot be loaded.
  std::vector<Decision> Load();
  std::vector<Job> Jobs();
  std::vector<MissedCall> Misses();
  std::vector<Ban> Bans();

 private:
  std::unique_ptr<StoreFixture> fixture_;
};

}  // namespace tactic::testing
