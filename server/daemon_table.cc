#include "server/daemon_table.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace tactic {
namespace {

constexpr size_t kPage = 10'000;  // Decisions that are taken from the catalog under one lock.

int64_t UnixMillis() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

table::OpFacts FactsOf(const LaneInfo& lane, const OpInfo& op) {
  table::OpFacts facts{op.schema.op, {}, EnvironmentOf(lane, op)};
  for (const AttributeSchema& attribute : op.schema.attributes) {
    facts.attribute_defaults.Set(attribute.name, attribute.default_value);
  }
  return facts;
}

// What is left of the decision, if anything is.
void PutUnbanned(const std::vector<Ban>& bans, const Decision& decision, table::Builder& builder) {
  if (!RanksBanned(bans, decision)) {
    builder.Put(decision);
  } else if (const std::optional<Decision> left = WithoutBanned(bans, decision)) {
    builder.Put(*left);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<DaemonTable>> DaemonTable::Start(const std::string& path,
                                                                Catalog& catalog,
                                                                const Tuner& tuner,
                                                                const Logger& logger) {
  Result<table::Publisher> publisher = table::Publisher::Open(path);
  if (!publisher.ok()) {
    const std::string why = "--table-file: " + publisher.error().message;
    const bool taken = publisher.error().code == ErrorCode::kFailedPrecondition;
    return taken ? absl::AlreadyExistsError(why) : absl::PermissionDeniedError(why);
  }
  return std::unique_ptr<DaemonTable>(
      new DaemonTable(*std::move(publisher), catalog, tuner, logger));
}

DaemonTable::DaemonTable(table::Publisher publisher, Catalog& catalog, const Tuner& tuner,
                         const Logger& logger)
    : catalog_(catalog),
      tuner_(tuner),
      logger_(logger),
      ops_(Ops()),
      keeper_(std::move(publisher), {.image = [this] { return Image(); },
                                     .failed =
                                         [this](const std::string& why) {
                                           logger_.Warning("table_file_failed", {{"reason", why}});
                                         }}) {
  subscription_ = catalog_.Subscribe([this] { keeper_.Changed(); });
  keeper_.Changed();
}

DaemonTable::~DaemonTable() { catalog_.Unsubscribe(subscription_); }

void DaemonTable::Tick() {
  std::vector<table::OpFacts> now = Ops();
  if (now == ops_) return;
  ops_ = std::move(now);
  keeper_.Changed();
}

// Of several lanes that have an op the first counts, as it does for clients.
std::vector<table::OpFacts> DaemonTable::Ops() const {
  std::vector<table::OpFacts> ops;
  for (const LaneView& lane : *tuner_.Lanes()) {
    for (const OpInfo& op : lane.info.ops) {
      const bool known = std::any_of(ops.begin(), ops.end(), [&](const table::OpFacts& facts) {
        return facts.op == op.schema.op;
      });
      if (!known) ops.push_back(FactsOf(lane.info, op));
    }
  }
  return ops;
}

Result<std::string> DaemonTable::Image() const {
  table::Builder builder;
  table::Facts facts;
  const BansPtr bans = catalog_.Bans();
  for (size_t taken = kPage; taken == kPage;) {
    const Catalog::Page page = catalog_.Since(facts.revision, kPage);
    for (const DecisionPtr& decision : page.decisions) {
      PutUnbanned(bans->bans, *decision, builder);
    }
    facts.revision = page.complete_to;
    taken = page.decisions.size();
  }
  facts.store_id = catalog_.store_id();
  facts.created_unix_ms = UnixMillis();
  facts.of_this_host = true;
  facts.ops = Ops();
  return builder.Image(facts);
}

}  // namespace tactic
