// A runner of the test op whose tactics are named after what they do: {"do": "wrong"}.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/timing/scripted_runner.h"

namespace tactic {

class MenuRunner : public sdk::Runner {
 public:
  using Body = std::function<void(const timing::Launch&)>;
  // The default adds, as it should. The menu is in this order.
  MenuRunner(std::string name, std::vector<std::pair<std::string, Body>> menu)
      : name_(std::move(name)), menu_(std::move(menu)) {}

  RunnerId Id() const override { return {name_, "1"}; }
  std::vector<Tactic> Tactics(const Problem& problem) const override;
  Result<std::unique_ptr<sdk::Call>> Prepare(const Problem& problem,
                                             const Tactic& tactic) const override;

 private:
  std::string name_;
  std::vector<std::pair<std::string, Body>> menu_;
};

// The tactic that does that.
Tactic Dish(const std::string& name);

// A registry with the test op and one MenuRunner named "menu".
sdk::Registry MenuRegistry(std::vector<std::pair<std::string, MenuRunner::Body>> menu);

}  // namespace tactic
