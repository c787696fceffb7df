#include <algorithm>
#include <stdexcept>
#include <utility>

#include "tactic/sdk/runner.h"

namespace tactic::sdk {

std::vector<InputFill> Op::InputFills(const Problem& problem) const {
  return std::vector<InputFill>(problem.inputs.size());
}

InputsHook Op::InputsPreHook(const Problem&) const { return {}; }

namespace {

template <typename Entries>
auto FindEntry(Entries& entries, const std::string& op) {
  return std::find_if(entries.begin(), entries.end(),
                      [&](const auto& entry) { return entry.op->Schema().op == op; });
}

}  // namespace

// Two ops or two runners of one name, or a runner of an unknown op, are mistakes in the program:
// there is no answer that could be right, so they end it at start with the names.
void Registry::Add(std::unique_ptr<Op> op) {
  const std::string name = op->Schema().op;
  if (FindEntry(entries_, name) != entries_.end()) {
    throw std::logic_error("op '" + name + "' is registered twice");
  }
  entries_.push_back({std::move(op), {}});
}

void Registry::Add(const std::string& op, std::unique_ptr<Runner> runner) {
  const auto entry = FindEntry(entries_, op);
  const std::string name = runner->Id().name;
  if (entry == entries_.end()) {
    throw std::logic_error("runner '" + name + "' is for op '" + op +
                           "', which must be added first");
  }
  if (FindRunner(op, name) != nullptr) {
    throw std::logic_error("runner '" + name + "' of op '" + op + "' is registered twice");
  }
  entry->runners.push_back(std::move(runner));
}

const Registry::Entry* Registry::Find(const std::string& op) const {
  const auto entry = FindEntry(entries_, op);
  return entry == entries_.end() ? nullptr : &*entry;
}

const Runner* Registry::FindRunner(const std::string& op, const std::string& runner) const {
  const Entry* entry = Find(op);
  if (entry == nullptr) return nullptr;
  const auto found =
      std::find_if(entry->runners.begin(), entry->runners.end(),
                   [&](const auto& candidate) { return candidate->Id().name == runner; });
  return found == entry->runners.end() ? nullptr : found->get();
}

std::vector<Component> ComponentsOf(const Registry::Entry& entry) {
  std::vector<Component> components;
  for (const auto& runner : entry.runners) {
    const RunnerId id = runner->Id();
    components.push_back({"runner:" + id.name, id.unique_id});
    for (Component& library : runner->Libraries()) components.push_back(std::move(library));
  }
  std::sort(components.begin(), components.end());
  components.erase(std::unique(components.begin(), components.end()), components.end());
  return components;
}

}  // namespace tactic::sdk
