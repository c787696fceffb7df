// Which agreement a member of a group stands at: the rules, with no time, thread or network in
// them. docs/groups.md has the diagram and the proof.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace tactic::link {

enum class AgreementEnd { kPassed, kOff, kUnknown };

// Not thread-safe.
class Membership {
 public:
  // The agreement that it stands at; empty: none.
  const std::string& stands_at() const {
    static const std::string kNone;
    return calling_ || !promised_.empty() ? kNone : standing_;
  }
  // Agreements that it promised to go over to, and does not know the end of.
  const std::vector<std::string>& promised() const { return promised_; }

  // Agree is called: it stands at none until that returns.
  void Enter() {
    calling_ = true;
    passed_ = false;
  }
  // Before anything is sent that may make the daemon pass it.
  void Promise(const std::string& agreement) { promised_.push_back(agreement); }
  // How an agreement that it promised ended. One that passed took all members with it, so what was
  // promised before it is history; one that is off leaves doubts about those as they are.
  void Learn(const std::string& agreement, AgreementEnd end) {
    const auto promise = std::find(promised_.begin(), promised_.end(), agreement);
    if (promise == promised_.end() || end == AgreementEnd::kUnknown) return;
    if (end == AgreementEnd::kOff) {
      promised_.erase(promise);
      return;
    }
    standing_ = agreement;
    promised_.erase(promised_.begin(), promise + 1);
    passed_ = true;
  }
  // Agree returns.
  AgreementEnd Return() {
    calling_ = false;
    if (!promised_.empty()) return AgreementEnd::kUnknown;
    return passed_ ? AgreementEnd::kPassed : AgreementEnd::kOff;
  }

 private:
  std::string standing_;
  std::vector<std::string> promised_;  // The oldest first.
  bool calling_ = false;
  bool passed_ = false;
};

}  // namespace tactic::link
