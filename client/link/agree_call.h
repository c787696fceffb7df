// One attempt of a member to agree, over the wire: the client's side of tactic/v1/groups.proto.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "client/link/connection.h"
#include "client/link/membership.h"
#include "client/link/retry.h"
#include "client/link/stage.h"
#include "tactic/v1/groups.grpc.pb.h"

namespace tactic::link {

// What is told of an attempt as it goes on.
struct AgreeHooks {
  // The member holds this cut, and is about to say so.
  std::function<void(const std::string& agreement, Cut cut)> promise;
  // How an agreement ended that was promised.
  std::function<void(const std::string& agreement, AgreementEnd end)> learn;
};

struct AgreeResult {
  bool again = false;   // Nothing was proposed; another attempt may do better.
  std::string message;  // Why it did not pass, as far as known.
};

// Takes part in the next agreement, until it ended, or is off, or the time is over. After a promise
// it ends only when the end is known or the time is over.
AgreeResult AgreeOnce(v1::Groups::Stub& stub, const v1::AgreeRequest& request,
                      const TimeLimit& limit, const AgreeHooks& hooks);

// Asks until the daemon knows how the agreement ended, or says that it never will, or the time is
// over.
AgreementEnd AskForEnd(v1::Groups::Stub& stub, const std::string& agreement,
                       const TimeLimit& limit);

}  // namespace tactic::link
