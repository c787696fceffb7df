#include "server/rpc/export_records.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/convert/convert.h"
#include "proto/convert/export_format.h"
#include "server/core/status.h"
#include "server/core/status_macros.h"

namespace tactic {
namespace {

using convert::kExportFormatVersion;

template <typename T, typename Message>
absl::StatusOr<T> Convert(const std::string& field, const Message& message) {
  Result<T> value = convert::FromProto(field, message);
  if (!value.ok()) return ToStatus(value.error());
  return *std::move(value);
}

}  // namespace

void Render(const StoredContest& contest, v1::ExportedContest* to) {
  convert::ToProto(contest.key, to->mutable_key());
  if (contest.decision) {
    convert::ToProto(*contest.decision, to->mutable_decision());
    to->mutable_decision()->clear_key();
  }
  to->set_standing(contest.standing);
  to->set_worker_restarts(contest.evidence.worker_restarts);
  to->set_seconds(contest.evidence.seconds);
  to->set_trial_count(static_cast<uint32_t>(contest.evidence.trials.size()));
  for (const Disturbance& seen : contest.evidence.disturbances) {
    convert::ToProto(seen, to->add_disturbances());
  }
}

size_t RenderTrials(const std::vector<Trial>& trials, size_t first, v1::ExportedTrials* to) {
  size_t bytes = 0;
  for (size_t i = first; i < trials.size(); ++i) {
    convert::ToProto(trials[i], to->add_trials());
    bytes += to->trials().rbegin()->ByteSizeLong();
    if (i > first && bytes > convert::kExportRecordBytes) {
      to->mutable_trials()->RemoveLast();
      return i;
    }
  }
  return trials.size();
}

absl::Status ExportReader::Take(const v1::ExportRecord& record) {
  ++records_;
  const auto take = [&]() -> absl::Status {
    if (ended_) return absl::InvalidArgumentError("it comes after the end record");
    if (records_ == 1 && !record.has_header()) {
      return absl::InvalidArgumentError("it is not the header, which comes first");
    }
    switch (record.record_case()) {
      case v1::ExportRecord::kHeader:
        return TakeHeader(record.header());
      case v1::ExportRecord::kContest:
        return TakeContest(record.contest());
      case v1::ExportRecord::kTrials:
        return TakeTrials(record.trials());
      case v1::ExportRecord::kEnd:
        return TakeEnd(record.end());
      case v1::ExportRecord::RECORD_NOT_SET:
        break;
    }
    return absl::InvalidArgumentError("it holds nothing that this daemon knows");
  };
  const absl::Status status = take();
  return status.ok() ? status : WithContext(absl::StrCat("record ", records_), status);
}

std::vector<StoredContest> ExportReader::TakeWhole() {
  whole_bytes_ = 0;
  return std::exchange(whole_, {});
}

absl::Status ExportReader::TakeHeader(const v1::ExportHeader& header) {
  if (records_ != 1) return absl::InvalidArgumentError("a second header");
  if (header.format_version() == 0) {
    return absl::InvalidArgumentError("header.format_version: 0 is no version");
  }
  if (header.format_version() <= kExportFormatVersion) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "header.format_version is ", header.format_version(), "; this daemon knows up to ",
      kExportFormatVersion, ". Import it into a newer tacticd"));
}

absl::Status ExportReader::CheckBetweenContests() const {
  if (!contest_) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the contest before it still lacks ", trials_missing_, " trials"));
}

absl::Status ExportReader::TakeContest(const v1::ExportedContest& message) {
  RETURN_IF_ERROR(CheckBetweenContests());
  if (message.trial_count() > limits::kCandidates) {
    return absl::InvalidArgumentError(absl::StrCat("contest.trial_count: ", message.trial_count(),
                                                   " is out of bounds; must be 0 .. ",
                                                   limits::kCandidates));
  }
  StoredContest contest;
  ASSIGN_OR_RETURN(contest.key, Convert<Key>("contest.key.", message.key()));
  if (message.has_decision()) {
    v1::Decision decision = message.decision();
    *decision.mutable_key() = message.key();
    ASSIGN_OR_RETURN(contest.decision, Convert<Decision>("contest.decision.", decision));
    contest.standing = message.standing();
  }
  if (!(message.seconds() >= 0)) {
    return absl::InvalidArgumentError("contest.seconds: must be at least 0");
  }
  if (message.disturbances_size() > static_cast<int>(limits::kDisturbances)) {
    return absl::InvalidArgumentError(
        absl::StrCat("contest.disturbances: count ", message.disturbances_size(),
                     " is out of bounds; must be 0 .. ", limits::kDisturbances));
  }
  for (const v1::Disturbance& seen : message.disturbances()) {
    ASSIGN_OR_RETURN(Disturbance disturbance, Convert<Disturbance>("contest.disturbances.", seen));
    contest.evidence.disturbances.push_back(std::move(disturbance));
  }
  contest.evidence.worker_restarts = message.worker_restarts();
  contest.evidence.seconds = message.seconds();
  contest_ = std::move(contest);
  trials_missing_ = message.trial_count();
  contest_bytes_ = message.ByteSizeLong();
  if (trials_missing_ == 0) FinishContest();
  return absl::OkStatus();
}

absl::Status ExportReader::TakeTrials(const v1::ExportedTrials& message) {
  if (!contest_ || static_cast<uint32_t>(message.trials_size()) > trials_missing_) {
    return absl::InvalidArgumentError(absl::StrCat("trials: ", message.trials_size(),
                                                   " came; the contest lacks ",
                                                   contest_ ? trials_missing_ : 0));
  }
  contest_bytes_ += message.ByteSizeLong();
  if (contest_bytes_ > kContestBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("trials: over ", kContestBytes, " bytes of one contest"));
  }
  for (int i = 0; i < message.trials_size(); ++i) {
    ASSIGN_OR_RETURN(Trial trial,
                     Convert<Trial>(absl::StrCat("trials[", i, "]."), message.trials(i)));
    contest_->evidence.trials.push_back(std::move(trial));
  }
  trials_missing_ -= static_cast<uint32_t>(message.trials_size());
  if (trials_missing_ == 0) FinishContest();
  return absl::OkStatus();
}

void ExportReader::FinishContest() {
  ++contests_;
  decisions_ += contest_->decision ? 1 : 0;
  trials_ += contest_->evidence.trials.size();
  whole_bytes_ += contest_bytes_;
  whole_.push_back(*std::move(contest_));
  contest_.reset();
}

absl::Status ExportReader::TakeEnd(const v1::ExportEnd& end) {
  RETURN_IF_ERROR(CheckBetweenContests());
  if (end.contests() != contests_ || end.decisions() != decisions_ || end.trials() != trials_) {
    return absl::InvalidArgumentError(absl::StrCat(
        "end: it counts ", end.contests(), " contests, ", end.decisions(), " decisions and ",
        end.trials(), " trials; ", contests_, ", ", decisions_, " and ", trials_, " came"));
  }
  ended_ = true;
  return absl::OkStatus();
}

}  // namespace tactic
