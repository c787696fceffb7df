// Between wire messages and the vocabulary, in one place for both ends. From a message: checks
// shape and limits, and gives an Error that names the field, its value and the bound; a message of
// any content is safe to convert.
#pragma once

#include <string_view>
#include <vector>

#include "tactic/model/ban.h"
#include "tactic/model/decision.h"
#include "tactic/model/device_report.h"
#include "tactic/model/key.h"
#include "tactic/model/op_schema.h"
#include "tactic/model/problem.h"
#include "tactic/model/result.h"
#include "tactic/v1/types.pb.h"

namespace tactic::convert {

void ToProto(const Problem& from, v1::Problem* to);
void ToProto(const MeasurementPolicy& from, v1::MeasurementPolicy* to);
void ToProto(const DeviceClass& from, v1::DeviceClass* to);
void ToProto(const Environment& from, v1::Environment* to);
void ToProto(const Key& from, v1::Key* to);
void ToProto(const RunnerId& from, v1::RunnerId* to);
void ToProto(const Candidate& from, v1::Candidate* to);
void ToProto(const Ban& from, v1::Ban* to);
void ToProto(const Trial& from, v1::Trial* to);
void ToProto(const Disturbance& from, v1::Disturbance* to);
void ToProto(const Decision& from, v1::Decision* to);  // Sets the fingerprint too.
void ToProto(const OpSchema& from, v1::OpSchema* to);
void ToProto(const Component& from, v1::Component* to);
void ToProto(const SelfCheck& from, v1::SelfCheck* to);

// `field` is the prefix in messages: "problems[3].".
Result<Problem> FromProto(std::string_view field, const v1::Problem& from);
Result<MeasurementPolicy> FromProto(std::string_view field, const v1::MeasurementPolicy& from);
Result<DeviceClass> FromProto(std::string_view field, const v1::DeviceClass& from);
Result<Environment> FromProto(std::string_view field, const v1::Environment& from);
Result<Key> FromProto(std::string_view field, const v1::Key& from);
Result<RunnerId> FromProto(std::string_view field, const v1::RunnerId& from);
Result<Candidate> FromProto(std::string_view field, const v1::Candidate& from);
Result<Ban> FromProto(std::string_view field, const v1::Ban& from);
// Only what is banned (Ban's identity); the rest is ignored.
Result<Ban> BannedFromProto(std::string_view field, const v1::Ban& from);
Result<Trial> FromProto(std::string_view field, const v1::Trial& from);
Result<Disturbance> FromProto(std::string_view field, const v1::Disturbance& from);
Result<Decision> FromProto(std::string_view field, const v1::Decision& from);
Result<OpSchema> FromProto(std::string_view field, const v1::OpSchema& from);
Result<Component> FromProto(std::string_view field, const v1::Component& from);
Result<SelfCheck> FromProto(std::string_view field, const v1::SelfCheck& from);
// UNSPECIFIED and unknown values are an Error.
Result<Outcome> FromProto(std::string_view field, v1::Outcome from);
Result<Reason> FromProto(std::string_view field, v1::Reason from);

}  // namespace tactic::convert
