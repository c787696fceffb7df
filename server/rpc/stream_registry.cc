#include "server/rpc/stream_registry.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace tactic {

absl::Status StreamRegistry::Add(const std::shared_ptr<Stream>& stream) {
  MutexLock lock(mu_);
  if (draining_) return absl::UnavailableError("the daemon is stopping; ask its successor");
  if (streams_.size() >= max_streams_) {
    return absl::ResourceExhaustedError(
        absl::StrCat("there are ", streams_.size(), " streams, as many as may be; retry later"));
  }
  streams_.emplace(stream.get(), stream);
  return absl::OkStatus();
}

void StreamRegistry::Remove(const Stream* stream) {
  MutexLock lock(mu_);
  streams_.erase(stream);
}

size_t StreamRegistry::size() const {
  MutexLock lock(mu_);
  return streams_.size();
}

void StreamRegistry::Drain() {
  std::vector<std::shared_ptr<Stream>> open;
  {
    MutexLock lock(mu_);
    draining_ = true;
    open = Open();
  }
  for (const std::shared_ptr<Stream>& stream : open) stream->Drain();
}

void StreamRegistry::EndStuck() {
  std::vector<std::shared_ptr<Stream>> open;
  {
    MutexLock lock(mu_);
    open = Open();
  }
  for (const std::shared_ptr<Stream>& stream : open) stream->EndIfStuck();
}

std::vector<std::shared_ptr<Stream>> StreamRegistry::Open() const {
  std::vector<std::shared_ptr<Stream>> open;
  for (const auto& [key, stream] : streams_) {
    if (std::shared_ptr<Stream> alive = stream.lock()) open.push_back(std::move(alive));
  }
  return open;
}

}  // namespace tactic
