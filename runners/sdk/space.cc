#include "tactic/sdk/space.h"

#include <algorithm>
#include <utility>

namespace tactic::sdk {
namespace {

constexpr size_t kMostRefused = 1'000'000;

}  // namespace

// One tactic being put together.
struct TacticSpace::Walk {
  size_t most;
  std::vector<size_t> furthest;  // The greatest rank of the dimensions from here on.
  size_t refused = 0;
  Tactic tactic;
  std::vector<Tactic> found;
  bool done() const { return found.size() >= most || refused >= kMostRefused; }
};

TacticSpace& TacticSpace::Add(std::string name, std::vector<Value> values) {
  dimensions_.push_back({std::move(name), std::move(values)});
  return *this;
}

TacticSpace& TacticSpace::Require(std::function<bool(const Tactic&)> holds) {
  constraints_.push_back(std::move(holds));
  return *this;
}

std::vector<Tactic> TacticSpace::Tactics(size_t most) const {
  const bool empty = std::any_of(dimensions_.begin(), dimensions_.end(),
                                 [](const Dimension& d) { return d.values.empty(); });
  if (dimensions_.empty() || empty) return {};
  Walk walk{most, std::vector<size_t>(dimensions_.size() + 1), 0, {}, {}};
  for (size_t d = dimensions_.size(); d-- > 0;) {
    walk.furthest[d] = walk.furthest[d + 1] + dimensions_[d].values.size() - 1;
  }
  for (size_t rank = 0; rank <= walk.furthest[0] && !walk.done(); ++rank) Visit(0, rank, walk);
  return std::move(walk.found);
}

// All tactics whose values from `dimension` on are `rank` places down their lists, together.
void TacticSpace::Visit(size_t dimension, size_t rank, Walk& walk) const {
  if (walk.done()) return;
  if (dimension == dimensions_.size()) {
    if (Holds(walk.tactic)) {
      walk.found.push_back(walk.tactic);
    } else {
      ++walk.refused;
    }
    return;
  }
  const auto& [name, values] = dimensions_[dimension];
  const size_t rest = walk.furthest[dimension + 1];
  for (size_t place = rank > rest ? rank - rest : 0; place <= std::min(rank, values.size() - 1);
       ++place) {
    walk.tactic.Set(name, values[place]);
    Visit(dimension + 1, rank - place, walk);
  }
}

bool TacticSpace::Holds(const Tactic& tactic) const {
  return std::all_of(constraints_.begin(), constraints_.end(),
                     [&](const auto& holds) { return holds(tactic); });
}

}  // namespace tactic::sdk
