// What identifies a key, and what does not.
#include <functional>
#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tactic/model/codec.h"
#include "tests/support/samples.h"

namespace tactic {
namespace {

using testing::GemmProblem;
using testing::SampleEnvironment;
using testing::SampleKey;

using Change = std::function<void(Key&)>;

Dim& M(Key& key) { return key.problem.inputs[0].dims[0]; }

TEST(FingerprintTest, WhatDoesNotIdentifyDoesNotMatter) {
  const std::map<std::string, Change> changes = {
      {"order of attributes",
       [](Key& k) {
         k.problem.attributes = {{"epilogue", std::string("none")}, {"alpha", 1.0}};
       }},
      {"order of components",
       [](Key& k) { std::swap(k.environment.components[0], k.environment.components[1]); }},
      {"label", [](Key& k) { k.environment.device.label = "another"; }},
      {"memory", [](Key& k) { k.environment.device.memory_bytes = 1; }},
      {"min", [](Key& k) { M(k).min = 0; }},
      {"max", [](Key& k) { M(k).max = kUnbounded; }},
      {"static instead of dynamic", [](Key& k) { M(k) = Dim::Static(M(k).opt); }},
  };
  for (const auto& [name, change] : changes) {
    Key key = SampleKey();
    change(key);
    EXPECT_EQ(FingerprintOf(key), FingerprintOf(SampleKey())) << name;
    EXPECT_EQ(FingerprintOf(key.environment), FingerprintOf(SampleEnvironment())) << name;
  }
}

TEST(FingerprintTest, TheSizeOfADerivedDimensionDoesNotMatter) {
  Key one = SampleKey();
  Key other = SampleKey();
  M(one) = Dim::Derived(16);
  M(other) = Dim::Derived(32);
  EXPECT_EQ(FingerprintOf(one), FingerprintOf(other));
  EXPECT_NE(FingerprintOf(one), FingerprintOf(SampleKey()));
}

std::map<std::string, Change> IdentifyingProblemChanges() {
  return {
      {"op", [](Key& k) { k.problem.op = "gemn"; }},
      {"attribute value", [](Key& k) { k.problem.attributes.Set("alpha", 2.0); }},
      {"attribute type", [](Key& k) { k.problem.attributes.Set("alpha", int64_t{1}); }},
      {"attribute name",
       [](Key& k) {
         k.problem.attributes = {{"alphb", 1.0}, {"epilogue", std::string("none")}};
       }},
      {"attribute more", [](Key& k) { k.problem.attributes.Set("beta", 0.0); }},
      {"attribute less",
       [](Key& k) {
         k.problem.attributes = {{"alpha", 1.0}};
       }},
      {"dtype", [](Key& k) { k.problem.inputs[0].dtype = DType::kTF32; }},
      {"layout", [](Key& k) { k.problem.inputs[1].layout = Layout::kRowMajor; }},
      {"opt", [](Key& k) { M(k).opt += 1; }},
      {"derived", [](Key& k) { M(k).derived = true; }},
      {"rank", [](Key& k) { k.problem.inputs[0].dims.push_back(Dim::Static(1)); }},
      {"input more", [](Key& k) { k.problem.inputs.push_back(k.problem.inputs[0]); }},
      {"input less", [](Key& k) { k.problem.inputs.pop_back(); }},
      {"order of inputs", [](Key& k) { std::swap(k.problem.inputs[0], k.problem.inputs[1]); }},
      {"cache", [](Key& k) { k.policy.cache = CacheState::kWarm; }},
      {"launch", [](Key& k) { k.policy.launch = LaunchMode::kGraph; }},
      {"validation", [](Key& k) { k.policy.validation = Validation::kNone; }},
      {"budget", [](Key& k) { k.policy.budget_ms += 1; }},
  };
}

std::map<std::string, Change> IdentifyingEnvironmentChanges() {
  return {
      {"kind", [](Key& k) { k.environment.device.kind = DeviceKind::kCuda; }},
      {"arch", [](Key& k) { k.environment.device.arch += "x"; }},
      {"units", [](Key& k) { k.environment.device.units += 1; }},
      {"cache bytes", [](Key& k) { k.environment.device.cache_bytes += 1; }},
      {"partition", [](Key& k) { k.environment.device.partition = ""; }},
      {"driver", [](Key& k) { k.environment.driver += ".2"; }},
      {"runtime", [](Key& k) { k.environment.runtime = ""; }},
      {"component name", [](Key& k) { k.environment.components[0].name += "x"; }},
      {"component version", [](Key& k) { k.environment.components[0].version += "x"; }},
      {"component less", [](Key& k) { k.environment.components.pop_back(); }},
      {"driver moved into runtime",
       [](Key& k) {
         k.environment.runtime = k.environment.driver + k.environment.runtime;
         k.environment.driver = "";
       }},
  };
}

TEST(FingerprintTest, EachThingThatIdentifiesChangesIt) {
  std::map<std::string, Change> changes = IdentifyingProblemChanges();
  changes.merge(IdentifyingEnvironmentChanges());
  std::map<Fingerprint, std::string> seen = {{FingerprintOf(SampleKey()), "nothing"}};
  for (const auto& [name, change] : changes) {
    Key key = SampleKey();
    change(key);
    const auto [at, added] = seen.emplace(FingerprintOf(key), name);
    EXPECT_TRUE(added) << name << " gives the fingerprint of " << at->second;
  }
}

TEST(FingerprintTest, TheEnvironmentsOwnChangesWithWhatIdentifiesIt) {
  std::map<Fingerprint, std::string> seen = {{FingerprintOf(SampleEnvironment()), "nothing"}};
  for (const auto& [name, change] : IdentifyingEnvironmentChanges()) {
    Key key = SampleKey();
    change(key);
    EXPECT_TRUE(seen.emplace(FingerprintOf(key.environment), name).second) << name;
  }
}

TEST(FingerprintTest, SurvivesTheStore) {
  for (int variant = 0; variant < 100; ++variant) {
    const Key key = SampleKey(variant);
    EXPECT_EQ(FingerprintOf(*DecodeKey(Encode(key))), FingerprintOf(key));
  }
}

// The same on every machine and in every version of the program: stored decisions are found by it.
// If this fails, the canonical form has changed: every stored decision is lost to its key. If that
// is wanted, the identity's version goes up, and docs/encoding.md and the changelog say so.
TEST(FingerprintTest, IsPinned) {
  EXPECT_EQ(ToHex(FingerprintOf(SampleKey(0))), "d1f2f9e8b30f2e11afaabc35c112a26d");
  EXPECT_EQ(ToHex(FingerprintOf(SampleKey(41))), "0e3f7178d78daae8ff1372aff96386a9");
  EXPECT_EQ(ToHex(FingerprintOf(SampleEnvironment())), "f909a26da917f45e519e067b00bd735f");
  const Key smallest = {
      {"op", {}, {}}, {}, {{DeviceKind::kCuda, "sm_90", 0, 0, "", "", 0}, "", "", {}}};
  EXPECT_EQ(ToHex(FingerprintOf(smallest)), "fb8011faf655c71be631e5be4e6f2e38");
}

}  // namespace
}  // namespace tactic
