#include "client/lease/trial_stream.h"

#include <utility>

#include "proto/convert/contest.h"
#include "proto/convert/convert.h"

namespace tactic::lease {

TrialStream::TrialStream(v1::Tuning::Stub& stub, v1::LeaseToken token)
    : token_(std::move(token)), stream_(stub.ReportTrials(&context_)) {}

TrialStream::~TrialStream() {
  if (broken_) return;
  stream_->WritesDone();
  static_cast<void>(End());  // The lease is over, or will be noticed to be.
}

// What the daemon answered and nobody read has to be taken in first.
grpc::Status TrialStream::End() {
  v1::ReportTrialsResponse answer;
  while (stream_->Read(&answer)) {
  }
  return stream_->Finish();
}

v1::ReportTrialsRequest TrialStream::NewMessage() const {
  v1::ReportTrialsRequest message;
  *message.mutable_lease() = token_;
  return message;
}

void TrialStream::Break() {
  if (broken_) return;
  broken_ = true;
  status_ = End();
  if (status_.ok()) status_ = {grpc::StatusCode::UNAVAILABLE, "the daemon ended the stream"};
}

bool TrialStream::Send(const v1::ReportTrialsRequest& message) {
  if (broken_) return false;
  if (stream_->Write(message)) {
    ++unanswered_;
  } else {
    Break();
  }
  return !broken_;
}

bool TrialStream::Flush() {
  v1::ReportTrialsResponse answer;
  while (!broken_ && unanswered_ > 0) {
    if (stream_->Read(&answer)) {
      --unanswered_;
    } else {
      Break();
    }
  }
  return !broken_;
}

bool TrialStream::List(const std::vector<Candidate>& candidates) {
  v1::ReportTrialsRequest message = NewMessage();
  for (const Candidate& candidate : candidates) {
    convert::ToProto(candidate, message.add_candidates());
  }
  return Send(message) && Flush();
}

bool TrialStream::Announce(uint32_t candidate) {
  v1::ReportTrialsRequest message = NewMessage();
  message.set_launching(candidate);
  return Send(message) && Flush();
}

void TrialStream::Tell(uint32_t round, const std::vector<CandidateResult>& results) {
  if (results.empty()) return;
  v1::ReportTrialsRequest message = NewMessage();
  message.set_round(round);
  convert::ToProto(results, &message);
  Send(message);
}

}  // namespace tactic::lease
