// The holder's side of ReportTrials.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tactic/model/contest.h"
#include "tactic/v1/tuning.grpc.pb.h"

namespace tactic::lease {

// Of one thread. Once a message could not be delivered, or was refused, it is broken for good.
class TrialStream {
 public:
  // `stub` outlives it.
  TrialStream(v1::Tuning::Stub& stub, v1::LeaseToken token);
  // Ends the call: after CompleteLease, with no consequence.
  ~TrialStream();
  TrialStream(const TrialStream&) = delete;
  TrialStream& operator=(const TrialStream&) = delete;

  // Each returns when the daemon holds what was said; false: it does not, and the stream is broken.
  bool Open();  // From now on the lease ends with this process.
  bool List(const std::vector<Candidate>& candidates);
  bool Announce(uint32_t candidate);  // Its code is about to run; false: it must not.
  bool Tell(uint32_t round, const std::vector<CandidateResult>& results);

  bool broken() const { return broken_; }
  // How it ended, once it is broken.
  const grpc::Status& status() const { return status_; }

 private:
  v1::ReportTrialsRequest NewMessage() const;
  bool Say(const v1::ReportTrialsRequest& message);

  const v1::LeaseToken token_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ReportTrialsRequest, v1::ReportTrialsResponse>>
      stream_;
  bool broken_ = false;
  grpc::Status status_;
};

}  // namespace tactic::lease
