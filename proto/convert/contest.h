// Between messages and the values of tactic/model/contest.h, for both pairs that use them: worker
// and lane (worker.proto), holder of a lease and daemon (tuning.proto). Checks as convert.h does.
#pragma once

#include <string_view>
#include <vector>

#include "tactic/model/contest.h"
#include "tactic/model/result.h"
#include "tactic/v1/tuning.pb.h"
#include "tactic/v1/worker.pb.h"

namespace tactic::convert {

// Sets all but `run` and the round.
void ToProto(const std::vector<CandidateResult>& from, v1::Observed* to);
void ToProto(const std::vector<CandidateResult>& from, v1::ReportTrialsRequest* to);
// Sets the verdict's fields of Finished only.
void ToProto(const ContestVerdict& from, v1::Finished* to);
void ToProto(const ContestVerdict& from, v1::Verdict* to);

void ToProto(const Neighbour& from, v1::Neighbour* to);

// `field` is the prefix in messages: "neighbours[2].".
Result<Neighbour> FromProto(std::string_view field, const v1::Neighbour& from);
// `field` names the list in messages: "candidates". At most limits::kCandidates; may be empty.
Result<std::vector<Candidate>> FromProto(
    std::string_view field, const google::protobuf::RepeatedPtrField<v1::Candidate>& from);
// `field` names the list: "items".
Result<std::vector<CandidateResult>> FromProto(
    std::string_view field, const google::protobuf::RepeatedPtrField<v1::Observed::Item>& from);
Result<std::vector<CandidateResult>> FromProto(
    std::string_view field, const google::protobuf::RepeatedPtrField<v1::Observation>& from);
// `field` is the prefix in messages. The reason is read only if something was ordered.
Result<ContestVerdict> FromProto(std::string_view field, const v1::Finished& from);
Result<ContestVerdict> FromProto(std::string_view field, const v1::Verdict& from);

}  // namespace tactic::convert
