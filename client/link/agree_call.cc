#include "client/link/agree_call.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "proto/convert/convert.h"

namespace tactic::link {
namespace {

constexpr Millis kCallDeadline{2'000};
constexpr Millis kAskAgain{20};

void Prepare(grpc::ClientContext& context, const TimeLimit& limit) {
  context.set_wait_for_ready(true);
  SetDeadline(context, std::min(limit.Rest(), kCallDeadline));
}

AgreementEnd EndOf(v1::AgreementState state) {
  if (state == v1::AGREEMENT_STATE_PASSED) return AgreementEnd::kPassed;
  return state == v1::AGREEMENT_STATE_OFF ? AgreementEnd::kOff : AgreementEnd::kUnknown;
}

// One stream, from the first frame to the outcome.
class Attempt {
 public:
  Attempt(v1::Groups::Stub& stub, const v1::AgreeRequest& request, const TimeLimit& limit,
          const AgreeHooks& hooks)
      : stub_(stub), request_(request), limit_(limit), hooks_(hooks) {}

  AgreeResult Run() {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    SetDeadline(context, limit_.Rest());
    const auto reader = stub_.Agree(&context, request_);
    v1::AgreeResponse frame;
    while (!ended_ && reader->Read(&frame)) OnFrame(frame);
    if (ended_) context.TryCancel();
    const grpc::Status status = reader->Finish();
    if (ended_) return {false, reason_};
    if (promised_) {
      hooks_.learn(agreement_, AskForEnd(stub_, agreement_, limit_));
      return {false, "cut off from the daemon after the promise: " + ToText(status)};
    }
    // A call that this member just gave up may still count as its own.
    const bool again =
        IsTransient(status) || status.error_code() == grpc::StatusCode::ALREADY_EXISTS;
    return {again, Explain(status)};
  }

 private:
  void OnFrame(const v1::AgreeResponse& frame) {
    if (frame.has_waiting()) OnWaiting(frame.waiting());
    if (frame.has_proposal()) OnProposal(frame.proposal());
    if (frame.has_decisions()) OnDecisions(frame.decisions());
    if (!promised_ && !agreement_.empty() && refusal_.empty() &&
        cut_.decisions.size() == expected_) {
      promised_ = true;
      hooks_.promise(agreement_, std::move(cut_));
      Acknowledge();
    }
    if (frame.has_outcome()) OnOutcome(frame.outcome());
  }

  void OnWaiting(const v1::AgreeResponse::Waiting& waiting) {
    if (waiting.present() < most_) return;  // Who is leaving is of no help.
    most_ = waiting.present();
    present_ = std::to_string(waiting.present()) + " of " + std::to_string(request_.size()) +
               " members are there:";
    for (const std::string& member : waiting.members()) present_ += " " + member;
  }

  void OnProposal(const v1::AgreeResponse::Proposal& proposal) {
    agreement_ = proposal.agreement();
    cut_.position = {proposal.cut().store_id(), proposal.cut().revision()};
    cut_.whole = proposal.whole();
    expected_ = proposal.decisions();
  }

  void OnDecisions(const v1::AgreeResponse::Decisions& part) {
    for (const v1::Decision& message : part.decisions()) {
      auto decision = convert::FromProto("decision", message);
      if (!decision.ok()) return Refuse(decision.error().message);
      cut_.decisions.push_back(std::move(decision).value());
    }
  }

  void OnOutcome(const v1::AgreeResponse::Outcome& outcome) {
    ended_ = true;
    reason_ = outcome.reason();
    if (promised_) hooks_.learn(agreement_, EndOf(outcome.state()));
  }

  // One that cannot hold the cut cannot go over to it. Whether this arrives does not matter: what
  // is never acknowledged never passes.
  void Refuse(const std::string& why) {
    if (!refusal_.empty()) return;
    refusal_ = "a decision cannot be read: " + why;
    v1::AcknowledgeResponse response;
    Send(/*accepted=*/false, response);
  }

  grpc::Status Send(bool accepted, v1::AcknowledgeResponse& response) {
    v1::AcknowledgeRequest request;
    request.set_agreement(agreement_);
    request.set_member(request_.member());
    request.set_accepted(accepted);
    request.set_reason(refusal_);
    grpc::ClientContext context;
    Prepare(context, limit_);
    return stub_.Acknowledge(&context, request, &response);
  }

  void Acknowledge() {
    v1::AcknowledgeResponse response;
    int tries = 0;
    const grpc::Status status = Retry(limit_, [&] {
      ++tries;
      return Send(/*accepted=*/true, response);
    });
    // A daemon that never heard of it has not counted this promise, unless an earlier try was lost.
    const bool never_counted = status.error_code() == grpc::StatusCode::NOT_FOUND && tries == 1;
    const AgreementEnd end = never_counted ? AgreementEnd::kOff : EndOf(response.state());
    if (end == AgreementEnd::kUnknown) return;
    hooks_.learn(agreement_, end);
    ended_ = end == AgreementEnd::kPassed || never_counted;
    if (never_counted) reason_ = ToText(status);
  }

  std::string Explain(const grpc::Status& status) const {
    const bool late = status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
    if (!late) return ToText(status);
    return present_.empty() ? "no daemon answers" : "the time was over; " + present_;
  }

  v1::Groups::Stub& stub_;
  const v1::AgreeRequest& request_;
  const TimeLimit& limit_;
  const AgreeHooks& hooks_;
  uint32_t most_ = 0;
  std::string present_;
  std::string agreement_;  // Empty: nothing was proposed.
  Cut cut_;
  uint64_t expected_ = 0;
  std::string refusal_;
  bool promised_ = false;
  bool ended_ = false;
  std::string reason_;
};

}  // namespace

AgreementEnd AskForEnd(v1::Groups::Stub& stub, const std::string& agreement,
                       const TimeLimit& limit) {
  v1::GetAgreementRequest request;
  request.set_agreement(agreement);
  while (true) {
    v1::GetAgreementResponse response;
    const grpc::Status status = Retry(limit, [&] {
      grpc::ClientContext context;
      Prepare(context, limit);
      return stub.GetAgreement(&context, request, &response);
    });
    const bool pending = status.ok() && response.state() == v1::AGREEMENT_STATE_PENDING;
    if (!pending || limit.Rest() <= kAskAgain) return EndOf(response.state());
    std::this_thread::sleep_for(kAskAgain);
  }
}

AgreeResult AgreeOnce(v1::Groups::Stub& stub, const v1::AgreeRequest& request,
                      const TimeLimit& limit, const AgreeHooks& hooks) {
  return Attempt(stub, request, limit, hooks).Run();
}

}  // namespace tactic::link
