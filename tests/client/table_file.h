// Table files of decisions of gemm_op.h, for tests of the client.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "proto/table/builder.h"
#include "proto/table/publisher.h"
#include "tactic/cache.h"
#include "tests/client/gemm_op.h"

namespace tactic::testing {

inline constexpr TableOptions kByHand{.look_every = std::chrono::milliseconds(0)};

inline table::Facts TableFacts(uint64_t revision, bool of_this_host = true) {
  table::Facts facts;
  facts.store_id = "a-store";
  facts.revision = revision;
  facts.created_unix_ms = 1'800'000'000'000;
  facts.of_this_host = of_this_host;
  facts.ops = {{"gemm", {}, HostEnvironment()}};
  return facts;
}

inline std::string TableImage(const std::vector<Decision>& decisions, const table::Facts& facts) {
  table::Builder builder;
  for (const Decision& decision : decisions) builder.Put(decision);
  return builder.Image(facts).value();
}

// Throws if it cannot.
inline void PublishTable(const std::string& path, std::string_view image) {
  const Check published = table::Publisher::Open(path).value().Publish(image);
  if (!published.ok()) throw std::runtime_error(published.error().message);
}

}  // namespace tactic::testing
