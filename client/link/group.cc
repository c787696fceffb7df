#include "tactic/group.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "client/link/agree_call.h"
#include "client/link/fork.h"
#include "client/link/membership.h"
#include "client/link/watcher.h"

namespace tactic {
namespace {

using link::AgreementEnd;
using link::Cut;

// Of a limit, what the daemon gets to pass the agreement; the rest is for its outcome to arrive.
int64_t DaemonsShare(link::Millis rest) {
  return std::max<int64_t>(1, rest.count() - std::min<int64_t>(rest.count() / 4, 1000));
}

Agreed NotPassed(std::string message) {
  return {Agreed::End::kNotPassed, "", {}, std::move(message)};
}

}  // namespace

struct Group::State {
  State(Client& of, link::Watcher& its, GroupOptions given)
      : client(of),
        watcher(its),
        options(std::move(given)),
        target(options.target.empty() ? client.target() : options.target),
        stub(of.WhyNotConnected() == nullptr ? v1::Groups::NewStub(link::NewChannel(target))
                                             : nullptr),
        entered(!of.Inherited() && its.stage().EnterGroup()) {}

  v1::AgreeRequest Request(const link::TimeLimit& limit) const;
  // What an op that is registered is answered for; an op of no known environment too.
  void AddEnvironments(v1::AgreeRequest& request) const;
  // Finds out how earlier calls ended that were cut off.
  void Resolve(const link::TimeLimit& limit);
  std::string Try(const link::TimeLimit& limit);
  void Promise(const std::string& agreement, Cut cut);
  void Learn(const std::string& agreement, AgreementEnd end);
  bool Passed(std::string& agreement);

  Client& client;
  link::Watcher& watcher;
  const GroupOptions options;
  const std::string target;
  const std::unique_ptr<v1::Groups::Stub> stub;  // nullptr: this process cannot connect.
  const bool entered;

  std::mutex calls;                 // One Agree at a time.
  std::map<std::string, Cut> cuts;  // Of what is promised. Of the caller of Agree.

  mutable std::mutex mu;
  // Guarded by mu:
  link::Membership membership;
  Agreed standing;  // The last one that passed.
};

v1::AgreeRequest Group::State::Request(const link::TimeLimit& limit) const {
  v1::AgreeRequest request;
  request.set_group(options.name);
  request.set_member(options.member);
  request.set_size(static_cast<uint32_t>(std::min<size_t>(options.size, UINT32_MAX)));
  request.set_limit_ms(static_cast<uint32_t>(DaemonsShare(limit.Rest())));
  request.set_client(client.name());
  const TablePosition holds = watcher.stage().Position();
  request.mutable_holds()->set_store_id(holds.store_id);
  request.mutable_holds()->set_revision(holds.revision);
  AddEnvironments(request);
  return request;
}

void Group::State::AddEnvironments(v1::AgreeRequest& request) const {
  const auto environments = watcher.stage().Environments();
  for (const std::string& op : client.cache().RegisteredOps()) {
    const auto known = std::find_if(environments.begin(), environments.end(),
                                    [&](const auto& entry) { return entry.first == op; });
    v1::OpEnvironment* added = request.add_environments();
    added->set_op(op);
    added->set_fingerprint(
        ToHex(known == environments.end() ? Fingerprint{} : FingerprintOf(known->second)));
  }
}

void Group::State::Promise(const std::string& agreement, Cut cut) {
  cuts[agreement] = std::move(cut);
  std::lock_guard lock(mu);
  membership.Promise(agreement);
}

void Group::State::Learn(const std::string& agreement, AgreementEnd end) {
  if (end == AgreementEnd::kUnknown) return;
  const auto cut = cuts.find(agreement);
  if (cut == cuts.end()) return;  // Learnt before.
  const TablePosition position = cut->second.position;
  if (end == AgreementEnd::kPassed) watcher.stage().Adopt(std::move(cut->second));
  std::lock_guard lock(mu);
  membership.Learn(agreement, end);
  std::erase_if(cuts, [this](const auto& other) {
    const std::vector<std::string>& open = membership.promised();
    return std::find(open.begin(), open.end(), other.first) == open.end();
  });
  if (end == AgreementEnd::kPassed) standing = {Agreed::End::kPassed, agreement, position, ""};
}

void Group::State::Resolve(const link::TimeLimit& limit) {
  std::vector<std::string> promised;
  {
    std::lock_guard lock(mu);
    promised = membership.promised();
  }
  for (const std::string& agreement : promised) {
    Learn(agreement, link::AskForEnd(*stub, agreement, limit));
  }
}

std::string Group::State::Try(const link::TimeLimit& limit) {
  const link::AgreeHooks hooks = {
      [this](const std::string& agreement, Cut cut) { Promise(agreement, std::move(cut)); },
      [this](const std::string& agreement, AgreementEnd end) { Learn(agreement, end); }};
  link::Backoff backoff(reinterpret_cast<uintptr_t>(this));
  while (true) {
    const link::AgreeResult result = link::AgreeOnce(*stub, Request(limit), limit, hooks);
    const link::Millis wait = backoff.Next();
    if (!result.again || limit.Rest() <= wait) return result.message + " (" + target + ")";
    std::this_thread::sleep_for(wait);
  }
}

bool Group::State::Passed(std::string& agreement) {
  std::lock_guard lock(mu);
  return std::exchange(agreement, standing.agreement) != standing.agreement;
}

Group::Group(Client& client, GroupOptions options)
    : state_(std::make_unique<State>(client, client.watcher(), std::move(options))) {}

// What a forked child inherits is left alone.
Group::~Group() {
  if (state_->client.Inherited()) {
    link::LeaveBehind(state_.release());
    return;
  }
  if (state_->entered && !state_->watcher.stage().LeaveGroup()) state_->watcher.StartOver();
}

Agreed Group::Agree(std::chrono::milliseconds limit) {
  const link::TimeLimit time(limit);
  if (const char* why = state_->client.WhyNotConnected(); why != nullptr) return NotPassed(why);
  std::lock_guard one_at_a_time(state_->calls);
  if (!state_->entered) return NotPassed("the client is in another group");
  if (!state_->watcher.stage().BeginMove()) {
    return NotPassed("the table is held: a graph is being captured");
  }
  std::string before;
  state_->Passed(before);
  {
    std::lock_guard lock(state_->mu);
    state_->membership.Enter();
  }
  state_->Resolve(time);
  std::string message;
  if (!state_->Passed(before)) message = state_->Try(time);
  state_->watcher.stage().EndMove();
  std::lock_guard lock(state_->mu);
  switch (state_->membership.Return()) {
    case AgreementEnd::kPassed:
      return state_->standing;
    case AgreementEnd::kOff:
      return NotPassed(std::move(message));
    case AgreementEnd::kUnknown:
      break;
  }
  return {Agreed::End::kUnknown, "", {}, std::move(message)};
}

Agreed Group::Standing() const {
  if (state_->client.Inherited()) return NotPassed(link::kInheritedClient);
  std::lock_guard lock(state_->mu);
  if (state_->membership.stands_at().empty()) return NotPassed("stands at no agreement");
  return state_->standing;
}

Hold::Hold(Client& client) : client_(client) {
  if (!client_.Inherited()) client_.watcher().stage().Hold();
}

Hold::~Hold() {
  if (client_.Inherited()) return;
  if (!client_.watcher().stage().Release()) client_.watcher().StartOver();
}

}  // namespace tactic
