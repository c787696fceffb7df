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
  static_cast<void>(stream_->Finish());  // The lease is over, or will be noticed to be.
}

v1::ReportTrialsRequest TrialStream::NewMessage() const {
  v1::ReportTrialsRequest message;
  *message.mutable_lease() = token_;
  return message;
}

bool TrialStream::Say(const v1::ReportTrialsRequest& message) {
  if (broken_) return false;
  v1::ReportTrialsResponse answer;
  if (stream_->Write(message) && stream_->Read(&answer)) return true;
  broken_ = true;
  status_ = stream_->Finish();
  if (status_.ok()) status_ = {grpc::StatusCode::UNAVAILABLE, "the daemon ended the stream"};
  return false;
}

bool TrialStream::Open() { return Say(NewMessage()); }

bool TrialStream::List(const std::vector<Candidate>& candidates) {
  v1::ReportTrialsRequest message = NewMessage();
  for (const Candidate& candidate : candidates) {
    convert::ToProto(candidate, message.add_candidates());
  }
  return Say(message);
}

bool TrialStream::Announce(uint32_t candidate) {
  v1::ReportTrialsRequest message = NewMessage();
  message.set_launching(candidate);
  return Say(message);
}

bool TrialStream::Tell(uint32_t round, const std::vector<CandidateResult>& results) {
  if (results.empty()) return !broken_;
  v1::ReportTrialsRequest message = NewMessage();
  message.set_round(round);
  convert::ToProto(results, &message);
  return Say(message);
}

}  // namespace tactic::lease
