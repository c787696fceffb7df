#include "client/cli/bans.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include "client/cli/exit_codes.h"
#include "client/cli/format.h"
#include "client/cli/requests.h"
#include "client/cli/spec.h"
#include "proto/convert/convert.h"

namespace tactic::cli {
namespace {

// Each once.
std::vector<RunnerId> Distinct(std::vector<RunnerId> runners) {
  std::sort(runners.begin(), runners.end());
  runners.erase(std::unique(runners.begin(), runners.end()), runners.end());
  return runners;
}

std::string TextOf(const RunnerId& runner) { return runner.name + "@" + runner.unique_id; }

Result<RunnerId> FindRunner(const std::string& name, const std::vector<RunnerId>& known) {
  std::vector<RunnerId> found;
  std::string all;
  for (const RunnerId& runner : known) {
    if (runner.name == name) found.push_back(runner);
    all += (all.empty() ? "" : ", ") + TextOf(runner);
  }
  if (found.size() == 1) return found.front();
  return InvalidArgument(
      "--runner " + name + ": " +
      (found.empty() ? "no runner is known by this name" : "not the only one") +
      "; name it with its unique id, NAME@ID; known are: " + (all.empty() ? "none" : all));
}

Result<RunnerId> MakeRunner(const std::string& text, const std::vector<RunnerId>& known) {
  const size_t at = text.find('@');
  if (at == std::string::npos) return FindRunner(text, known);
  return RunnerId{text.substr(0, at), text.substr(at + 1)};
}

// For others to see who did it.
std::string WhoAsks() {
  const passwd* user = getpwuid(geteuid());
  const std::string name = user == nullptr ? std::to_string(geteuid()) : user->pw_name;
  return name + ", " + ClientName();
}

template <typename Request, typename Response>
using AdminMethod = grpc::Status (v1::Admin::Stub::*)(grpc::ClientContext*, const Request&,
                                                      Response*);

template <typename Request, typename Response>
Result<Response> Call(Connection& connection, AdminMethod<Request, Response> method,
                      const Request& request) {
  Response response;
  const auto context = connection.Context();
  const grpc::Status status = (connection.admin().*method)(context.get(), request, &response);
  if (!status.ok()) return connection.ErrorOf(status);
  return response;
}

Result<int> WriteAnswer(const Settings& settings, Json json, const std::string& text, int code) {
  const Check written = Write(settings.json ? Pretty(json) : text);
  if (!written.ok()) return written.error();
  return code;
}

}  // namespace

std::vector<RunnerId> RunnersOf(const v1::GetServerInfoResponse& info) {
  std::vector<RunnerId> runners;
  for (const v1::Lane& lane : info.lanes()) {
    for (const v1::OpInfo& op : lane.ops()) {
      for (const v1::RunnerId& runner : op.runners()) {
        runners.push_back({runner.name(), runner.unique_id()});
      }
    }
  }
  return Distinct(std::move(runners));
}

Result<HeldBans> ReadBans(Connection& connection) {
  const auto response = Call(connection, &v1::Admin::Stub::ListBans, v1::ListBansRequest());
  if (!response.ok()) return response.error();
  HeldBans held;
  held.damaged = response->damaged();
  for (const v1::Ban& message : response->bans().bans()) {
    auto ban = convert::FromProto("bans.", message);
    if (!ban.ok()) return Error{ErrorCode::kDataLoss, ban.error().message};
    held.bans.push_back(*std::move(ban));
  }
  return held;
}

bool NeedsKnownRunners(const BanFlags& flags) {
  return flags.runner.find('@') == std::string::npos;
}

Result<Ban> MakeBan(const BanFlags& flags, const std::vector<RunnerId>& known) {
  Ban ban;
  auto runner = MakeRunner(flags.runner, known);
  if (!runner.ok()) return runner.error();
  ban.runner = *std::move(runner);
  ban.op = flags.op;
  if (flags.tactic == "default") {
    ban.tactic.emplace();
  } else if (!flags.tactic.empty()) {
    auto tactic = ParseValueLike(flags.tactic, Value(Parameters()));
    if (!tactic.ok()) return InvalidArgument("--tactic: " + tactic.error().message);
    ban.tactic = std::get<Parameters>(*std::move(tactic));
  }
  if (const Check check = CheckBanned("--", ban); !check.ok()) return check.error();
  return ban;
}

Json ToJson(const Ban& ban) {
  Json json = {{"runner", ban.runner.name}, {"runner_id", ban.runner.unique_id}};
  json["tactic"] = ban.tactic ? ToJson(*ban.tactic) : Json(nullptr);
  json["op"] = ban.op.empty() ? Json(nullptr) : Json(ban.op);
  json["reason"] = ban.reason;
  json["client"] = ban.client;
  json["created_unix_ms"] = ban.created_unix_ms;
  return json;
}

std::string BansTable(const std::vector<Ban>& bans) {
  using Align = Table::Align;
  Table table({{"runner"},
               {"unique id", Align::kLeft, true},
               {"tactic", Align::kLeft, true},
               {"op"},
               {"banned"},
               {"by", Align::kLeft, true},
               {"reason", Align::kLeft, true}});
  for (const Ban& ban : bans) {
    table.Add({ban.runner.name, ban.runner.unique_id, ban.tactic ? ban.tactic->ToText() : "every",
               ban.op.empty() ? "every" : ban.op, FormatUtc(ban.created_unix_ms), ban.client,
               ban.reason});
  }
  return bans.empty() ? "no bans\n" : table.Render(OutputWidth());
}

Result<int> RunBan(const Settings& settings, const BanFlags& flags) {
  auto connection = Connection::Open(settings.target, settings.timeout);
  if (!connection.ok()) return connection.error();
  std::vector<RunnerId> known;
  if (NeedsKnownRunners(flags)) {
    const auto info = GetReadyServerInfo(*connection);
    if (!info.ok()) return info.error();
    known = RunnersOf(*info);
  }
  auto ban = MakeBan(flags, known);
  if (!ban.ok()) return ban.error();
  ban->reason = flags.reason;
  ban->client = WhoAsks();
  v1::BanRequest request;
  convert::ToProto(*ban, request.mutable_ban());
  const auto response = Call(*connection, &v1::Admin::Stub::Ban, request);
  if (!response.ok()) return response.error();
  Json json = ToJson(*ban);
  json["replaced"] = response->replaced();
  return WriteAnswer(settings, std::move(json),
                     Printable(ToText(*ban) + (response->replaced() ? " was banned before; the "
                                                                      "reason is the new one"
                                                                    : " is banned")) +
                         "\n",
                     kExitOk);
}

Result<int> RunUnban(const Settings& settings, const BanFlags& flags) {
  auto connection = Connection::Open(settings.target, settings.timeout);
  if (!connection.ok()) return connection.error();
  std::vector<RunnerId> known;
  if (NeedsKnownRunners(flags)) {
    // Also a version that no lane has any more.
    const auto held = ReadBans(*connection);
    if (!held.ok()) return held.error();
    for (const Ban& ban : held->bans) known.push_back(ban.runner);
    known = Distinct(std::move(known));
  }
  const auto ban = MakeBan(flags, known);
  if (!ban.ok()) return ban.error();
  v1::UnbanRequest request;
  convert::ToProto(*ban, request.mutable_ban());
  const auto response = Call(*connection, &v1::Admin::Stub::Unban, request);
  if (!response.ok()) return response.error();
  if (!response->removed() && !settings.json) {
    return Error{ErrorCode::kNotFound, ToText(*ban) +
                                           " is not banned (tacticctl bans lists what "
                                           "is)"};
  }
  Json json = ToJson(*ban);
  for (const char* of_a_ban : {"reason", "client", "created_unix_ms"}) json.erase(of_a_ban);
  json["removed"] = response->removed();
  return WriteAnswer(settings, std::move(json),
                     Printable(ToText(*ban) + " is not banned any more") + "\n",
                     response->removed() ? kExitOk : kExitNotFound);
}

Result<int> RunBans(const Settings& settings) {
  auto connection = Connection::Open(settings.target, settings.timeout);
  if (!connection.ok()) return connection.error();
  const auto held = ReadBans(*connection);
  if (!held.ok()) return held.error();
  if (held->damaged > 0) {
    std::fprintf(stderr,
                 "tacticctl: %s in the daemon's store cannot be read and does NOT hold; ban again "
                 "what was banned\n",
                 Plural(held->damaged, "ban").c_str());
  }
  Json json = Json::array();
  for (const Ban& ban : held->bans) json.push_back(ToJson(ban));
  return WriteAnswer(settings, std::move(json), BansTable(held->bans), kExitOk);
}

}  // namespace tactic::cli
