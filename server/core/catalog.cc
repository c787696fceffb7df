#include "server/core/catalog.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace tactic {

Catalog::Catalog(std::string store_id, uint64_t revision, std::vector<Decision> decisions)
    : store_id_(std::move(store_id)), revision_(revision) {
  MutexLock lock(mu_);
  by_key_.reserve(decisions.size());
  for (Decision& decision : decisions) {
    Insert(std::make_shared<const Decision>(std::move(decision)));
  }
}

uint64_t Catalog::Revision() const {
  MutexLock lock(mu_);
  return revision_;
}

size_t Catalog::Size() const {
  MutexLock lock(mu_);
  return by_key_.size();
}

DecisionPtr Catalog::Find(const Fingerprint& key) const {
  MutexLock lock(mu_);
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : found->second;
}

DecisionPtr Catalog::Answer(const Fingerprint& key) const {
  DecisionPtr standing = Find(key);
  const BansPtr bans = Bans();
  if (standing == nullptr || !RanksBanned(bans->bans, *standing)) return standing;
  std::optional<Decision> left = WithoutBanned(bans->bans, *standing);
  return left ? std::make_shared<const Decision>(*std::move(left)) : nullptr;
}

BansPtr Catalog::Bans() const {
  MutexLock lock(mu_);
  return bans_;
}

void Catalog::SetBans(std::vector<Ban> bans, uint64_t damaged) {
  {
    MutexLock lock(mu_);
    if (bans_->bans == bans && bans_->damaged == damaged) return;
    bans_ =
        std::make_shared<const BanList>(BanList{bans_->generation + 1, std::move(bans), damaged});
  }
  listeners_.Wake("");
}

Catalog::Page Catalog::Since(uint64_t after, size_t limit) const {
  Page page;
  MutexLock lock(mu_);
  auto next = by_revision_.upper_bound(after);
  for (; next != by_revision_.end() && page.decisions.size() < limit; ++next) {
    page.decisions.push_back(next->second);
  }
  const bool all = next == by_revision_.end();
  page.complete_to = all ? std::max(after, revision_) : page.decisions.back()->revision;
  return page;
}

void Catalog::Publish(Decision decision) {
  auto shared = std::make_shared<const Decision>(std::move(decision));
  {
    MutexLock lock(mu_);
    if (shared->revision <= revision_) return;
    Insert(std::move(shared));
  }
  listeners_.Wake("");
}

void Catalog::Insert(DecisionPtr decision) {
  revision_ = std::max(revision_, decision->revision);
  DecisionPtr& standing = by_key_[FingerprintOf(decision->key)];
  if (standing != nullptr) by_revision_.erase(standing->revision);
  by_revision_.insert_or_assign(decision->revision, decision);
  standing = std::move(decision);
}

uint64_t Catalog::Subscribe(std::function<void()> wake) {
  return listeners_.Add("", std::move(wake));
}

void Catalog::Unsubscribe(uint64_t id) { listeners_.Remove(id); }

}  // namespace tactic
