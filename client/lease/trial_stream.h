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

  bool List(const std::vector<Candidate>& candidates);
  // Returns when the daemon knows that this candidate's code is about to run; false: it must not.
  bool Announce(uint32_t candidate);
  void Tell(uint32_t round, const std::vector<CandidateResult>& results);
  // Waits until the daemon has all that was told.
  bool Flush();

  bool broken() const { return broken_; }
  // How it ended, once it is broken.
  const grpc::Status& status() const { return status_; }

 private:
  v1::ReportTrialsRequest NewMessage() const;
  bool Send(const v1::ReportTrialsRequest& message);
  void Break();
  grpc::Status End();

  const v1::LeaseToken token_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ReportTrialsRequest, v1::ReportTrialsResponse>>
      stream_;
  int unanswered_ = 0;
  bool broken_ = false;
  grpc::Status status_;
};

}  // namespace tactic::lease
