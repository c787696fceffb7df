// A small table file with something of everything.
#pragma once

#include "proto/table/builder.h"
#include "tests/support/samples.h"
#include "tests/table/aligned_copy.h"

namespace tactic::testing {

inline table::Facts SampleFacts() {
  table::Facts facts;
  facts.store_id = "store-1";
  facts.revision = 42;
  facts.created_unix_ms = 7;
  facts.of_this_host = true;
  facts.ops = {{"gemm", {{"alpha", 1.0}}, SampleEnvironment()}};
  return facts;
}

// Two ops, two environments, wide and narrow keys, rankings of one and of two.
inline table::Builder SampleBuilder() {
  table::Builder builder;
  for (int variant = 0; variant < 20; ++variant) {
    Decision decision = SampleDecision(variant);
    decision.id = static_cast<uint64_t>(variant) + 1;
    builder.Put(decision);
    decision.key.problem.op = "softmax";
    decision.ranking.resize(1);
    builder.Put(decision);
  }
  Decision wide = SampleDecision(0);
  wide.id = 100;
  wide.key.problem.inputs[0].dims[0] = Dim::Static(int64_t{1} << 35);
  wide.key.environment.driver = "another";
  builder.Put(wide);
  return builder;
}

}  // namespace tactic::testing
