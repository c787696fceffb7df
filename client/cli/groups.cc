#include <string>

#include "client/cli/commands.h"
#include "client/cli/connection.h"
#include "client/cli/exit_codes.h"
#include "client/cli/format.h"
#include "client/cli/json.h"

namespace tactic::cli {
namespace {

std::string StateOf(const v1::Group& group) {
  if (!group.proposed().empty()) return "agreeing";
  return group.members().empty() ? "idle" : "gathering";
}

// The members that take part now; those that have acknowledged with a mark.
std::string MembersOf(const v1::Group& group) {
  std::string text;
  for (const v1::GroupMember& member : group.members()) {
    text += (text.empty() ? "" : " ") + member.name() + (member.acknowledged() ? "*" : "");
  }
  return text;
}

std::string GroupsTable(const v1::ListGroupsResponse& response) {
  using Align = Table::Align;
  Table table({{"group"},
               {"state"},
               {"there", Align::kRight},
               {"agreed on", Align::kRight},
               {"members", Align::kLeft, true},
               {"last failure", Align::kLeft, true}});
  for (const v1::Group& group : response.groups()) {
    table.Add({group.name(), StateOf(group),
               std::to_string(group.members_size()) + "/" + std::to_string(group.size()),
               group.agreement().empty() ? "-" : std::to_string(group.cut().revision()),
               MembersOf(group), group.last_failure()});
  }
  return response.groups().empty() ? "no groups\n" : table.Render(OutputWidth());
}

Json ToJson(const v1::Group& group) {
  Json members = Json::array();
  for (const v1::GroupMember& member : group.members()) {
    members.push_back({{"name", member.name()},
                       {"client", member.client()},
                       {"acknowledged", member.acknowledged()}});
  }
  return {{"name", group.name()},
          {"size", group.size()},
          {"state", StateOf(group)},
          {"members", std::move(members)},
          {"agreement", group.agreement()},
          {"store_id", group.cut().store_id()},
          {"revision", group.cut().revision()},
          {"last_failure", group.last_failure()}};
}

}  // namespace

Result<int> RunGroups(const Settings& settings) {
  auto connection = Connection::Open(settings.target, settings.timeout);
  if (!connection.ok()) return connection.error();
  v1::ListGroupsResponse response;
  const auto context = connection->Context();
  const grpc::Status status =
      connection->groups().ListGroups(context.get(), v1::ListGroupsRequest(), &response);
  if (!status.ok()) return connection->ErrorOf(status);
  Json json = Json::array();
  for (const v1::Group& group : response.groups()) json.push_back(ToJson(group));
  const Check written = Write(settings.json ? Pretty(json) : GroupsTable(response));
  if (!written.ok()) return written.error();
  return kExitOk;
}

}  // namespace tactic::cli
