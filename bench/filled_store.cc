#include "bench/filled_store.h"

#include <stdlib.h>

#include <cstdio>
#include <cstdlib>

#include "server/store/sqlite_store.h"

namespace tactic::bench {

void Fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

Key KeyOf(int64_t m) {
  Key key;
  key.problem = {
      "gemm",
      {},
      {{DType::kF32, Layout::kRowMajor, {Dim::Dynamic(1, m, 1 << 30), Dim::Static(2048)}},
       {DType::kF32, Layout::kColMajor, {Dim::Static(2048), Dim::Static(8192)}}}};
  key.policy = {CacheState::kWeightsCold, LaunchMode::kEager, Validation::kReference, 0};
  key.environment.device = {DeviceKind::kHost, "GenuineIntel-6-143-avx512", 8, 60 << 20, "",
                            "a CPU",           uint64_t{64} << 30};
  key.environment.components = {{"openblas", "0.3.21"}, {"runner:host_blocked", "1"}};
  return key;
}

namespace {

Candidate CandidateOf(int64_t i) {
  return {
      {"host_blocked", "1"},
      {{"kc", 64 * i}, {"mc", 96 + i}, {"micro", std::string("avx2_6x16")}, {"threads", i % 8}}};
}

}  // namespace

Decision DecisionFor(const Key& key) {
  Decision decision;
  decision.key = key;
  decision.ranking = {{CandidateOf(3), 1000, 990, 1010},
                      {{{"openblas", "0.3.21"}, {}}, 1500, 1400, 1600}};
  decision.default_ns = 2000;
  decision.created_unix_ms = 1;
  return decision;
}

Evidence EvidenceOf(int trials) {
  Evidence evidence;
  for (int i = 0; i < trials; ++i) {
    Trial trial{CandidateOf(i), Outcome::kMeasured, "", 1000.0 + i, {}};
    const uint32_t rounds = i % 3 == 0 ? 20 : 1;
    for (uint32_t round = 0; round < rounds; ++round) trial.samples.push_back({0, round, 1000.0f});
    evidence.trials.push_back(std::move(trial));
  }
  return evidence;
}

// Through the store's own code, in memory, where syncing is free; then copied to `file`.
void FillStore(const std::filesystem::path& file, int decisions) {
  std::string scratch = "/dev/shm/tactic_bench.XXXXXX";
  if (mkdtemp(scratch.data()) == nullptr) Fail("cannot make " + scratch);
  const std::filesystem::path filled = std::filesystem::path(scratch) / "load.db";
  {
    const auto store = ValueOrFail(SqliteStore::Open(filled));
    const Evidence evidence = EvidenceOf(2);
    for (int i = 0; i < decisions; ++i) {
      const Key key = KeyOf(1 + i);
      ValueOrFail(store->PutContest(key, DecisionFor(key), evidence));
    }
  }
  std::filesystem::copy_file(filled, file);
  std::filesystem::remove_all(scratch);
}

}  // namespace tactic::bench
