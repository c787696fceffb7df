#include "client/link/miss_reporter.h"

#include <chrono>

#include "client/link/status_board.h"
#include "proto/convert/convert.h"

namespace tactic::link {
namespace {

void AddTo(const MissCount& miss, const Problem& problem, v1::ReportMissesRequest& request) {
  v1::ReportedMiss& reported = *request.add_misses();
  convert::ToProto(problem, reported.mutable_problem());
  for (const std::vector<int64_t>& shape : miss.shapes) {
    reported.add_shapes()->mutable_dims()->Assign(shape.begin(), shape.end());
  }
  reported.set_count(miss.count);
}

}  // namespace

void MissReporter::Add(const std::vector<MissCount>& misses) {
  for (const MissCount& miss : misses) {
    const auto known = gathered_.find({&miss.op.spec(), miss.shapes});
    if (known != gathered_.end()) {
      known->second.count += miss.count;
    } else if (gathered_.size() < kMostGathered) {
      gathered_.emplace(Call{&miss.op.spec(), miss.shapes}, miss);
    }
  }
}

std::vector<v1::ReportMissesRequest> MissReporter::TakeDue() {
  const int64_t now_ns = BootNanos();
  const bool waits = sent_ns_ != 0 && now_ns - sent_ns_ < std::chrono::nanoseconds(kEvery).count();
  if (gathered_.empty() || waits) return {};
  sent_ns_ = now_ns;
  std::map<MeasurementPolicy, std::vector<v1::ReportMissesRequest>> by_policy;
  for (const auto& [call, miss] : gathered_) {
    const auto problem = miss.op.ProblemOf(miss.shapes);
    if (!problem.ok()) continue;
    auto& requests = by_policy[call.first->policy];
    if (requests.empty() || requests.back().misses_size() == kMostInARequest) {
      v1::ReportMissesRequest& request = requests.emplace_back();
      request.set_client(client_);
      convert::ToProto(call.first->policy, request.mutable_policy());
    }
    AddTo(miss, *problem, requests.back());
  }
  gathered_.clear();
  std::vector<v1::ReportMissesRequest> due;
  for (auto& [policy, requests] : by_policy) {
    due.insert(due.end(), requests.begin(), requests.end());
  }
  return due;
}

}  // namespace tactic::link
