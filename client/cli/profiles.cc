#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/json.h"
#include "client/cli/requests.h"

namespace tactic::cli {
namespace {

Result<OpSchema> FromDaemon(const Settings& settings, const std::string& op) {
  auto connection = Connection::Open(settings.target, settings.timeout);
  if (!connection.ok()) return connection.error();
  const auto info = GetReadyServerInfo(*connection);
  if (!info.ok()) return info.error();
  return Schemas(*info).Get(op);
}

Result<OpSchema> SchemaOf(const Settings& settings, const ProfilesFlags& flags) {
  if (!flags.inputs.empty()) return SchemaOfInputs(flags);
  auto schema = FromDaemon(settings, flags.op);
  if (schema.ok() || schema.error().code != ErrorCode::kUnavailable) return schema;
  return Error{
      ErrorCode::kUnavailable,
      schema.error().message +
          "\nOr say what the inputs are, as in --input m,k --input k,n: no daemon is asked then."};
}

}  // namespace

Result<int> RunProfiles(const Settings& settings, const ProfilesFlags& flags) {
  const auto schema = SchemaOf(settings, flags);
  if (!schema.ok()) return schema.error();
  const auto explained = Explain(*schema, flags);
  if (!explained.ok()) return explained.error();
  const Check written = Write(settings.json ? Pretty(ToJson(*explained)) : TextOf(*explained));
  if (!written.ok()) return written.error();
  return kExitOk;
}

}  // namespace tactic::cli
