// A group, its daemon and the network between them in virtual time: the daemon's Groups and the
// members' Membership are the real ones, everything else is drawn at random. docs/groups.md says
// what must hold, and Check looks whether it does after every step.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "client/link/membership.h"
#include "server/core/catalog.h"
#include "server/core/groups.h"
#include "tests/core/fakes.h"

namespace tactic::testing {

struct SimulationOptions {
  size_t members = 4;
  int steps = 400;
  bool faults = true;  // Messages are lost, members pause and die, the daemon restarts.
  // A member that does not know how an agreement ended takes it for off: the mistake that the
  // rules are there to prevent.
  bool forget_doubts = false;
};

struct SimulationCounts {
  int passed = 0;  // Calls, by how they ended.
  int not_passed = 0;
  int unknown = 0;
  int64_t virtual_ms = 0;
};

class Simulation {
 public:
  Simulation(uint64_t seed, SimulationOptions options);

  // Runs all steps, or until something does not hold; what that is, empty if all held.
  std::string Run();
  const SimulationCounts& counts() const { return counts_; }

 private:
  struct Member {
    std::string name;
    bool alive = true;
    bool paused = false;
    link::Membership rules;
    std::map<std::string, uint64_t> cuts;  // Of what was promised.
    uint64_t answers = 0;                  // The revision that its table is at.
    // Of the call of Agree that is under way.
    int call = 0;  // Its number: what was meant for an earlier one is not heard.
    bool calling = false;
    bool joined = false;
    int64_t deadline_ms = 0;
    int tries = 0;  // Of the acknowledgement.
    std::set<std::string> proposed;
  };
  struct Stream {  // As the daemon sees it.
    uint64_t ticket = 0;
    int call = 0;
    bool proposal_sent = false;
    bool outcome_sent = false;
  };
  struct Message {
    std::function<void()> arrive;
    std::function<void()> lost;  // What the sender, or both, notice instead; may be empty.
  };

  bool Chance(int one_in) { return random_() % static_cast<unsigned>(one_in) == 0; }
  size_t Pick(size_t size) { return random_() % size; }
  void Send(Message message) { network_.push_back(std::move(message)); }
  // For a member, if it still is in that call.
  void Tell(size_t i, int call, std::function<void(Member&)> what);

  void Step();
  void StepNetwork();
  void StepMember(size_t i);
  void StepFaults();
  void RestartDaemon();
  void Kill(size_t i);

  // The daemon's side.
  void Join(size_t i, int call);
  void Leave(size_t i, int call);
  void Pump();

  // The member's side.
  void BeginCall(size_t i);
  void SendJoin(size_t i);
  void SendAcknowledgement(size_t i, const std::string& agreement);
  void SendQuestion(size_t i, const std::string& agreement);
  void OnProposal(size_t i, const GroupProposal& proposal);
  void OnEnd(size_t i, const std::string& agreement, AgreementState state);
  void OnBroken(size_t i);
  void Learn(Member& member, const std::string& agreement, link::AgreementEnd end);
  void EndCall(size_t i);

  std::string Check() const;

  std::mt19937_64 random_;
  const SimulationOptions options_;
  FakeClock clock_;
  int64_t now_ms_ = 0;
  Catalog catalog_{"store", 0, {}};
  int runs_ = 0;
  std::unique_ptr<Groups> groups_;
  std::map<size_t, Stream> streams_;
  std::deque<Message> network_;
  std::vector<Member> members_;
  std::map<std::string, uint64_t> passed_;  // The revision of each agreement that anybody passed.
  std::set<std::string> off_;               // What a member was told, or concluded, is off.
  SimulationCounts counts_;
};

}  // namespace tactic::testing
