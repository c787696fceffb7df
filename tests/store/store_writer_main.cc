// Writes decisions into the database named by its argument until it is killed, each with a ban
// whose time is its `tied`, and prints both, once acknowledged, as "revision id tied" and a
// newline.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "server/store/sqlite_store.h"
#include "tests/support/ban_samples.h"
#include "tests/support/samples.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  tactic::SqliteStoreOptions options;
  options.log = [](const std::string& message) {  // Nothing that a kill leaves is worth a word.
    std::fprintf(stderr, "unexpected: %s\n", message.c_str());
    std::exit(3);
  };
  auto store = tactic::SqliteStore::Open(argv[1], options);
  if (!store.ok()) {
    std::fprintf(stderr, "%s\n", store.status().ToString().c_str());
    return 1;
  }
  uint32_t tied = static_cast<uint32_t>((*store)->Info().revision);
  for (;;) {
    tactic::Decision decision = tactic::testing::SampleDecision(static_cast<int>(tied % 5));
    decision.tied = ++tied;
    const auto stored =
        (*store)->PutContest(decision.key, decision, tactic::testing::SampleEvidence());
    if (!stored.ok()) return 1;
    tactic::Ban ban = tactic::testing::BanOf(tactic::testing::SampleCandidate(tied % 5));
    ban.created_unix_ms = tied;
    if (!(*store)->PutBan(ban).ok()) return 1;
    std::printf("%llu %llu %u\n", static_cast<unsigned long long>((*stored)->revision),
                static_cast<unsigned long long>((*stored)->id), (*stored)->tied);
    if (std::fflush(stdout) != 0) return 1;
  }
}
