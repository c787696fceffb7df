#include "tests/groups/simulation.h"

#include <utility>
#include <variant>

#include "tests/support/samples.h"

namespace tactic::testing {

using link::AgreementEnd;

namespace {

constexpr int64_t kLimitMs = 200;

AgreementEnd EndOf(AgreementState state) {
  if (state == AgreementState::kPassed) return AgreementEnd::kPassed;
  return state == AgreementState::kOff ? AgreementEnd::kOff : AgreementEnd::kUnknown;
}

}  // namespace

Simulation::Simulation(uint64_t seed, SimulationOptions options)
    : random_(seed), options_(options), members_(options.members) {
  for (size_t i = 0; i < members_.size(); ++i) members_[i].name = "m" + std::to_string(i);
  RestartDaemon();
}

std::string Simulation::Run() {
  for (int step = 0; step < options_.steps; ++step) {
    Step();
    Pump();
    if (std::string wrong = Check(); !wrong.empty()) {
      return "after step " + std::to_string(step) + ": " + wrong;
    }
  }
  counts_.virtual_ms = now_ms_;
  return "";
}

void Simulation::Step() {
  if (Chance(4)) {
    const auto ms = static_cast<int64_t>(Pick(20));
    now_ms_ += ms;
    clock_.Advance(ms);
  }
  if (Chance(10)) {
    Decision decision = SampleDecision(static_cast<int>(Pick(8)));
    decision.revision = catalog_.Revision() + 1;
    decision.id = decision.revision;
    catalog_.Publish(std::move(decision));
  }
  StepMember(Pick(members_.size()));
  if (options_.faults) StepFaults();
  for (int i = 0; i < 2; ++i) StepNetwork();
}

void Simulation::StepNetwork() {
  if (network_.empty()) return;
  const size_t which = Pick(network_.size());  // Any may overtake any.
  const Message message = std::move(network_[which]);
  network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(which));
  if (!options_.faults || !Chance(25)) {
    message.arrive();
  } else if (message.lost) {
    message.lost();
  }
}

void Simulation::StepMember(size_t i) {
  Member& member = members_[i];
  if (!member.alive || member.paused) return;
  if (!member.calling) {
    BeginCall(i);
  } else if (now_ms_ >= member.deadline_ms) {
    EndCall(i);
  }
}

void Simulation::StepFaults() {
  const size_t i = Pick(members_.size());
  Member& member = members_[i];
  if (Chance(150)) RestartDaemon();
  if (Chance(40)) member.paused = !member.paused;
  if (Chance(20)) member.paused = false;
  if (member.alive ? Chance(120) : Chance(5)) Kill(i);
  if (Chance(60) && member.joined) {  // Its connection breaks.
    const int call = member.call;
    Send({[this, i, call] { Leave(i, call); }, [this, i, call] { Leave(i, call); }});
    OnBroken(i);
  }
}

// Dead ones come back, as new processes of the same name.
void Simulation::Kill(size_t i) {
  const int call = members_[i].call;
  const bool back = !members_[i].alive;
  members_[i] = Member{"m" + std::to_string(i), back};
  members_[i].call = call + 1;
  Send({[this, i, call] { Leave(i, call); }, [this, i, call] { Leave(i, call); }});
}

void Simulation::RestartDaemon() {
  for (const auto& [i, stream] : std::exchange(streams_, {})) {
    const size_t member = i;
    Tell(member, stream.call, [this, member](Member&) { OnBroken(member); });
  }
  groups_ = std::make_unique<Groups>(
      catalog_, clock_,
      AgreementOptions{.epoch = "run" + std::to_string(++runs_), .remembered = 3});
}

void Simulation::Tell(size_t i, int call, std::function<void(Member&)> what) {
  const auto arrive = [this, i, call, what = std::move(what)] {
    Member& member = members_[i];
    if (member.alive && member.paused) return Tell(i, call, what);  // It lies in its socket.
    if (member.alive && member.calling && member.call == call) what(member);
  };
  const auto lost = [this, i, call] {
    Leave(i, call);
    Tell(i, call, [this, i](Member&) { OnBroken(i); });
  };
  Send({arrive, lost});
}

void Simulation::Join(size_t i, int call) {
  GroupRequest request;
  request.group = "g";
  request.member = members_[i].name;
  request.size = members_.size();
  request.limit_ms = kLimitMs * 3 / 4;
  const auto ticket = groups_->Join(std::move(request), [] {});
  if (!ticket.ok()) return Tell(i, call, [this, i](Member&) { OnBroken(i); });
  streams_[i] = {*ticket, call};
}

void Simulation::Leave(size_t i, int call) {
  const auto stream = streams_.find(i);
  if (stream == streams_.end() || stream->second.call != call) return;
  groups_->Leave(stream->second.ticket);
  streams_.erase(stream);
}

void Simulation::Pump() {
  for (auto& [i, stream] : streams_) {
    const size_t member = i;
    const GroupState state = groups_->Look(stream.ticket);
    if (const auto* proposal = std::get_if<GroupProposal>(&state)) {
      if (std::exchange(stream.proposal_sent, true)) continue;
      Tell(member, stream.call,
           [this, member, sent = *proposal](Member&) { OnProposal(member, sent); });
    } else if (const auto* outcome = std::get_if<GroupOutcome>(&state)) {
      if (std::exchange(stream.outcome_sent, true)) continue;
      Tell(member, stream.call,
           [this, member, sent = *outcome](Member&) { OnEnd(member, sent.agreement, sent.state); });
    }
  }
}

void Simulation::BeginCall(size_t i) {
  Member& member = members_[i];
  member.calling = true;
  ++member.call;
  member.deadline_ms = now_ms_ + kLimitMs;
  member.proposed.clear();
  member.rules.Enter();
  if (member.rules.promised().empty()) {
    SendJoin(i);
  } else {
    SendQuestion(i, member.rules.promised().front());
  }
}

void Simulation::SendJoin(size_t i) {
  const int call = members_[i].call;
  members_[i].joined = true;
  members_[i].tries = 0;
  Send({[this, i, call] { Join(i, call); },
        [this, i, call] { Tell(i, call, [this, i](Member&) { OnBroken(i); }); }});
}

void Simulation::SendAcknowledgement(size_t i, const std::string& agreement) {
  const int call = members_[i].call;
  ++members_[i].tries;
  const auto again = [this, i, agreement](Member&) { SendAcknowledgement(i, agreement); };
  const auto answer = [this, i, call, agreement, again] {
    const auto state = groups_->Acknowledge(agreement, members_[i].name, "");
    const bool lost = options_.faults && Chance(10);
    if (lost) return Tell(i, call, again);
    if (state.ok()) {
      return Tell(i, call, [this, i, agreement, state = *state](Member&) {
        if (state != AgreementState::kPending) OnEnd(i, agreement, state);
      });
    }
    Tell(i, call, [this, i, agreement](Member& member) {
      if (member.tries == 1) OnEnd(i, agreement, AgreementState::kOff);
    });
  };
  Send({answer, [this, i, call, again] { Tell(i, call, again); }});
}

void Simulation::SendQuestion(size_t i, const std::string& agreement) {
  const int call = members_[i].call;
  const auto again = [this, i, agreement](Member&) { SendQuestion(i, agreement); };
  Send({[this, i, call, agreement] {
          const AgreementState state = groups_->StateOf(agreement);
          Tell(i, call, [this, i, agreement, state](Member& member) {
            if (state == AgreementState::kPending) return SendQuestion(i, agreement);
            Learn(member, agreement, EndOf(state));
            // Of this call: it is over. Of an earlier one: unless it passed, there is a next try.
            if (member.joined || state == AgreementState::kPassed) return EndCall(i);
            SendJoin(i);
          });
        },
        [this, i, call, again] { Tell(i, call, again); }});
}

void Simulation::OnProposal(size_t i, const GroupProposal& proposal) {
  Member& member = members_[i];
  member.proposed.insert(proposal.agreement);
  member.cuts[proposal.agreement] = proposal.cut.revision;
  member.rules.Promise(proposal.agreement);
  SendAcknowledgement(i, proposal.agreement);
}

void Simulation::OnEnd(size_t i, const std::string& agreement, AgreementState state) {
  Learn(members_[i], agreement, EndOf(state));
  EndCall(i);
}

void Simulation::OnBroken(size_t i) {
  Member& member = members_[i];
  if (!member.alive || !member.calling) return;
  if (!member.rules.promised().empty() &&
      member.proposed.contains(member.rules.promised().back())) {
    return SendQuestion(i, member.rules.promised().back());
  }
  EndCall(i);
}

void Simulation::Learn(Member& member, const std::string& agreement, AgreementEnd end) {
  member.rules.Learn(agreement, end);
  if (end != AgreementEnd::kPassed || !member.cuts.contains(agreement)) return;
  member.answers = member.cuts[agreement];
  passed_.emplace(agreement, member.answers);
}

void Simulation::EndCall(size_t i) {
  Member& member = members_[i];
  const int call = member.call;
  if (member.joined)
    Send({[this, i, call] { Leave(i, call); }, [this, i, call] { Leave(i, call); }});
  member.calling = false;
  member.joined = false;
  if (options_.forget_doubts) {
    for (const std::string& agreement : std::vector(member.rules.promised())) {
      member.rules.Learn(agreement, AgreementEnd::kOff);
    }
  }
  switch (member.rules.Return()) {
    case AgreementEnd::kPassed:
      ++counts_.passed;
      break;
    case AgreementEnd::kOff:
      ++counts_.not_passed;
      off_.insert(member.proposed.begin(), member.proposed.end());
      break;
    case AgreementEnd::kUnknown:
      ++counts_.unknown;
      break;
  }
}

std::string Simulation::Check() const {
  const Member* first = nullptr;
  for (const Member& member : members_) {
    const std::string& at = member.rules.stands_at();
    if (!member.alive || at.empty()) continue;
    if (passed_.at(at) != member.answers) return member.name + " does not answer what it agreed to";
    if (first == nullptr) first = &member;
    if (first->rules.stands_at() != at) {
      return first->name + " stands at " + first->rules.stands_at() + ", " + member.name + " at " +
             at;
    }
  }
  for (const std::string& agreement : off_) {
    if (passed_.contains(agreement)) return agreement + " is off for one and passed for another";
  }
  return "";
}

}  // namespace tactic::testing
