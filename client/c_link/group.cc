// Groups of the C interface.
#include "tactic/group.h"

#include <string>
#include <utility>

#include "client/c/error.h"
#include "client/c/read.h"
#include "client/c_link/handles.h"
#include "tactic/tactic_group.h"

struct tactic_group {
  tactic_group(tactic::Client& client, tactic::GroupOptions options)
      : group(client, std::move(options)) {}
  tactic::Group group;
};

struct tactic_hold {
  explicit tactic_hold(tactic::Client& client) : hold(client) {}
  tactic::Hold hold;
};

namespace {

using tactic::Agreed;
using tactic::Check;
using tactic::Ok;
using tactic::Result;
using tactic::c::CheckPointer;
using tactic::c::CopyText;
using tactic::c::Guard;

Result<tactic::GroupOptions> ToOptions(const tactic_group_options* from) {
  const Result<tactic_group_options> known = tactic::c::ReadStruct("options", from);
  if (!known.ok()) return known.error();
  tactic::GroupOptions to;
  auto name = tactic::c::ToText("name", known->name);
  if (!name.ok()) return name.error();
  auto member = tactic::c::ToText("member", known->member);
  if (!member.ok()) return member.error();
  to.name = *std::move(name);
  to.member = *std::move(member);
  to.size = known->size;
  if (known->target != nullptr) to.target = known->target;
  return to;
}

int32_t ToEnd(Agreed::End end) {
  switch (end) {
    case Agreed::End::kPassed:
      return TACTIC_PASSED;
    case Agreed::End::kNotPassed:
      return TACTIC_NOT_PASSED;
    case Agreed::End::kUnknown:
      break;
  }
  return TACTIC_UNKNOWN_OUTCOME;
}

Check Write(const Agreed& from, tactic_agreed* to) {
  tactic_agreed filled{};
  filled.end = ToEnd(from.end);
  filled.revision = from.position.revision;
  CopyText(from.position.store_id, filled.store_id);
  CopyText(from.agreement, filled.agreement);
  CopyText(from.message, filled.message);
  return tactic::c::WriteStructOrFail("agreed", filled, to);
}

}  // namespace

tactic_status tactic_group_create(tactic_client* client, const tactic_group_options* options,
                                  tactic_group** group) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("group", group); !there.ok()) return there;
    *group = nullptr;
    if (Check there = CheckPointer("client", client); !there.ok()) return there;
    Result<tactic::GroupOptions> converted = ToOptions(options);
    if (!converted.ok()) return converted.error();
    *group = new tactic_group(client->client, *std::move(converted));
    return Ok();
  });
}

void tactic_group_destroy(tactic_group* group) { delete group; }

tactic_status tactic_group_agree(tactic_group* group, int64_t limit_ms, tactic_agreed* agreed) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("group", group); !there.ok()) return there;
    if (Check writable = Write(Agreed(), agreed); !writable.ok()) return writable;
    const auto limit = tactic::c::ToTimeout("limit_ms", limit_ms);
    if (!limit.ok()) return limit.error();
    return Write(group->group.Agree(*limit), agreed);
  });
}

tactic_status tactic_hold_begin(tactic_client* client, tactic_hold** hold) {
  return Guard([&]() -> Check {
    if (Check there = CheckPointer("hold", hold); !there.ok()) return there;
    *hold = nullptr;
    if (Check there = CheckPointer("client", client); !there.ok()) return there;
    *hold = new tactic_hold(client->client);
    return Ok();
  });
}

void tactic_hold_end(tactic_hold* hold) { delete hold; }
