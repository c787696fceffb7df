// Messages of the service and of the worker, from bytes, converted and checked as the two ends do.
// The first byte of the input picks the message. What converts must survive the way back, and the
// store.
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "proto/convert/contest.h"
#include "proto/convert/convert.h"
#include "tactic/model/codec.h"
#include "tactic/v1/admin.pb.h"
#include "tactic/v1/tuning.pb.h"
#include "tactic/v1/worker.pb.h"
#include "tests/fuzz/require.h"

namespace tactic::fuzz {
namespace {

template <typename T, typename Message>
void TryValue(const Message& message) {
  const Result<T> value = convert::FromProto("field.", message);
  if (!value.ok()) {
    Require(value.error().code == ErrorCode::kInvalidArgument, "a bad message is InvalidArgument");
    Require(IsPrintableUtf8(value.error().message), "an error can be printed");
    return;
  }
  Message back;
  convert::ToProto(*value, &back);
  const Result<T> again = convert::FromProto("field.", back);
  Require(again.ok() && *again == *value, "what converts survives the way back");
  if constexpr (std::is_same_v<T, Key>) {
    const Result<Key> stored = DecodeKey(Encode(*value));
    Require(stored.ok() && *stored == *value, "a key survives the store");
    Require(FingerprintOf(*stored) == FingerprintOf(*value), "so does its fingerprint");
  }
  if constexpr (std::is_same_v<T, Decision>) {
    const auto stored = DecodeRanking(Encode(value->ranking));
    Require(stored.ok() && *stored == value->ranking, "a ranking survives the store");
  }
  if constexpr (std::is_same_v<T, Trial>) {
    const auto stored = DecodeSamples(Encode(value->samples));
    Require(stored.ok() && *stored == value->samples, "samples survive the store");
  }
}

// A list of results, or a verdict, of either pair of messages.
template <typename Field, typename Message>
void TryContest(const Field& field, Message back) {
  const auto value = convert::FromProto("field.", field);
  if (!value.ok()) {
    Require(value.error().code == ErrorCode::kInvalidArgument, "a bad message is InvalidArgument");
    Require(IsPrintableUtf8(value.error().message), "an error can be printed");
    return;
  }
  convert::ToProto(*value, &back);
}

void TryName(const char* field, const std::string& name) {
  const Check check = CheckName(field, name);
  Require(check.ok() || IsPrintableUtf8(check.error().message), "an error can be printed");
}

void TryMessage(const v1::LookupRequest& m) {
  v1::Key key;
  *key.mutable_problem() = m.problem();
  *key.mutable_policy() = m.policy();
  *key.mutable_environment() = m.environment();
  TryValue<Key>(key);
  TryValue<Problem>(m.problem());
  TryValue<MeasurementPolicy>(m.policy());
  TryValue<Environment>(m.environment());
}

void TryMessage(const v1::TuneRequest& m) {
  for (const v1::Problem& problem : m.problems()) TryValue<Problem>(problem);
  TryValue<MeasurementPolicy>(m.policy());
  TryName("request_id", m.request_id());
  for (const std::string& runner : m.runners()) TryName("runners", runner);
}

void TryMessage(const v1::LookupResponse& m) {
  TryValue<Decision>(m.decision());
  for (const v1::Trial& trial : m.evidence().trials()) TryValue<Trial>(trial);
}

void TryMessage(const v1::WatchResponse& m) {
  for (const v1::Decision& decision : m.decisions().decisions()) TryValue<Decision>(decision);
  for (const v1::Ban& ban : m.bans().bans()) TryValue<Ban>(ban);
}

void TryMessage(const v1::Lane& lane) {
  TryValue<DeviceClass>(lane.device());
  for (const v1::OpInfo& op : lane.ops()) {
    TryValue<OpSchema>(op.schema());
    for (const v1::RunnerId& runner : op.runners()) TryValue<RunnerId>(runner);
    for (const v1::Component& component : op.components()) TryValue<Component>(component);
  }
}

void TryMessage(const v1::GetServerInfoResponse& m) {
  for (const v1::Lane& lane : m.lanes()) TryMessage(lane);
}

void TryMessage(const v1::FromWorker& m) {
  v1::Lane lane;
  *lane.mutable_device() = m.ready().device();
  *lane.mutable_ops() = m.ready().ops();
  TryMessage(lane);
  for (const v1::Candidate& candidate : m.candidates().candidates()) TryValue<Candidate>(candidate);
  TryContest(m.observed().items(), m.observed());
  TryContest(m.finished(), m.finished());
}

void TryMessage(const v1::ToWorker& m) {
  TryValue<Problem>(m.run().problem());
  TryValue<MeasurementPolicy>(m.run().policy());
  TryValue<Candidate>(m.run().incumbent());
  for (const v1::Trial& trial : m.run().earlier()) TryValue<Trial>(trial);
  for (const v1::Ban& ban : m.run().bans()) TryValue<Ban>(ban);
}

void TryMessage(const v1::AcquireLeaseRequest& m) {
  TryValue<Key>(m.key());
  if (!m.lane().empty()) TryName("lane", m.lane());
}

void TryMessage(const v1::ReportTrialsRequest& m) {
  (void)ParseFingerprint(m.lease().key());
  TryName("lease.epoch", m.lease().epoch());
  for (const v1::Candidate& candidate : m.candidates()) TryValue<Candidate>(candidate);
  TryContest(m.results(), m);
}

void TryMessage(const v1::CompleteLeaseRequest& m) { TryContest(m.verdict(), m.verdict()); }

void TryMessage(const v1::ExportRecord& m) {
  v1::Decision decision = m.contest().decision();
  *decision.mutable_key() = m.contest().key();
  TryValue<Decision>(decision);
  TryValue<Key>(m.contest().key());
  for (const v1::Trial& trial : m.trials().trials()) TryValue<Trial>(trial);
}

void TryMessage(const v1::BanRequest& m) {
  TryValue<Ban>(m.ban());
  const Result<Ban> banned = convert::BannedFromProto("ban.", m.ban());
  Require(banned.ok() || IsPrintableUtf8(banned.error().message), "an error can be printed");
}

template <typename Message>
void Parse(std::string_view bytes) {
  const google::protobuf::LogSilencer quiet;  // It logs each string that is not UTF-8.
  Message message;
  if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) TryMessage(message);
}

void TryOne(uint8_t which, std::string_view bytes) {
  switch (which) {
    case 0:
      return Parse<v1::LookupRequest>(bytes);
    case 1:
      return Parse<v1::TuneRequest>(bytes);
    case 2:
      return Parse<v1::LookupResponse>(bytes);
    case 3:
      return Parse<v1::WatchResponse>(bytes);
    case 4:
      return Parse<v1::GetServerInfoResponse>(bytes);
    case 5:
      return Parse<v1::FromWorker>(bytes);
    case 6:
      return Parse<v1::ToWorker>(bytes);
    case 7:
      return Parse<v1::AcquireLeaseRequest>(bytes);
    case 8:
      return Parse<v1::ReportTrialsRequest>(bytes);
    case 9:
      return Parse<v1::CompleteLeaseRequest>(bytes);
    case 10:
      return Parse<v1::ExportRecord>(bytes);
    case 11:
      return Parse<v1::BanRequest>(bytes);
    default:
      return;
  }
}

}  // namespace
}  // namespace tactic::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  tactic::fuzz::TryOne(data[0], input.substr(1));
  return 0;
}
