#include "runners/timing/candidates.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <numeric>
#include <set>

namespace tactic {
namespace {

std::vector<Tactic> TacticsOf(const sdk::Runner& runner, const Problem& problem) {
  const std::string name = runner.Id().name;
  try {
    std::vector<Tactic> tactics = runner.Tactics(problem);
    std::erase_if(tactics, [&name](const Tactic& tactic) {
      const Check check = CheckParameters("tactic.", tactic);
      if (!check.ok()) {
        std::fprintf(stderr, "runner %s: a tactic is left out: %s\n", name.c_str(),
                     check.error().message.c_str());
      }
      return !check.ok();
    });
    return tactics;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "runner %s: cannot list its tactics: %s\n", name.c_str(), e.what());
  } catch (...) {
    std::fprintf(stderr, "runner %s: cannot list its tactics\n", name.c_str());
  }
  return {};
}

}  // namespace

std::optional<int> CandidateList::Find(const Candidate& candidate) const {
  const auto found = std::find(candidates.begin(), candidates.end(), candidate);
  if (found == candidates.end()) return std::nullopt;
  return static_cast<int>(found - candidates.begin());
}

Result<std::vector<const sdk::Runner*>> SelectRunners(const sdk::Registry::Entry& entry,
                                                      const std::vector<std::string>& names) {
  std::vector<const sdk::Runner*> all;
  std::string known;
  for (const auto& runner : entry.runners) {
    all.push_back(runner.get());
    known += (known.empty() ? "" : ", ") + runner->Id().name;
  }
  std::vector<const sdk::Runner*> selected = names.empty() ? all : decltype(all){};
  for (const std::string& name : names) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const auto* r) { return r->Id().name == name; });
    if (found == all.end()) {
      return InvalidArgument("runners: '" + name + "' is unknown to this op; it has: " + known);
    }
    if (std::find(selected.begin(), selected.end(), *found) == selected.end()) {
      selected.push_back(*found);
    }
  }
  if (selected.empty()) return InvalidArgument("the op has no runner");
  return selected;
}

CandidateList ListCandidates(const std::vector<const sdk::Runner*>& runners,
                             const Problem& problem) {
  CandidateList list;
  std::set<Candidate> seen;
  const auto add = [&](const sdk::Runner* runner, Tactic tactic) {
    Candidate candidate{runner->Id(), std::move(tactic)};
    if (list.candidates.size() >= limits::kCandidates || !seen.insert(candidate).second) return;
    list.candidates.push_back(std::move(candidate));
    list.runners.push_back(runner);
  };
  std::vector<std::vector<Tactic>> tactics;
  size_t longest = 0;
  for (const sdk::Runner* runner : runners) {
    add(runner, {});
    tactics.push_back(TacticsOf(*runner, problem));
    longest = std::max(longest, tactics.back().size());
  }
  for (size_t turn = 0; turn < longest; ++turn) {
    for (size_t r = 0; r < runners.size(); ++r) {
      if (turn < tactics[r].size()) add(runners[r], tactics[r][turn]);
    }
  }
  return list;
}

std::vector<uint64_t> TieRanks(const std::vector<Candidate>& candidates) {
  std::vector<size_t> order(candidates.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return candidates[a] < candidates[b]; });
  std::vector<uint64_t> ranks(candidates.size());
  for (size_t place = 0; place < order.size(); ++place) ranks[order[place]] = place;
  return ranks;
}

}  // namespace tactic
