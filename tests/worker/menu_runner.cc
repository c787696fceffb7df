#include "tests/worker/menu_runner.h"

namespace tactic {
namespace {

class MenuCall : public sdk::Call {
 public:
  explicit MenuCall(MenuRunner::Body body) : body_(std::move(body)) {}
  void Launch(const sdk::Operands& operands) override {
    body_({static_cast<const float*>(operands.inputs[0]),
           static_cast<const float*>(operands.inputs[1]), static_cast<float*>(operands.outputs[0]),
           static_cast<std::byte*>(operands.workspace), ++launches_});
  }

 private:
  MenuRunner::Body body_;
  int launches_ = 0;
};

}  // namespace

Tactic Dish(const std::string& name) { return {{"do", name}}; }

std::vector<Tactic> MenuRunner::Tactics(const Problem&) const {
  std::vector<Tactic> tactics;
  for (const auto& [name, body] : menu_) tactics.push_back(Dish(name));
  return tactics;
}

Result<std::unique_ptr<sdk::Call>> MenuRunner::Prepare(const Problem&, const Tactic& tactic) const {
  Body body = timing::Add;
  const std::string wanted = tactic.StringOr("do", "");
  for (const auto& [name, does] : menu_) {
    if (name == wanted) body = does;
  }
  return std::unique_ptr<sdk::Call>(std::make_unique<MenuCall>(std::move(body)));
}

sdk::Registry MenuRegistry(std::vector<std::pair<std::string, MenuRunner::Body>> menu) {
  sdk::Registry registry;
  registry.Add(std::make_unique<timing::AddOp>());
  registry.Add("add", std::make_unique<MenuRunner>("menu", std::move(menu)));
  return registry;
}

}  // namespace tactic
