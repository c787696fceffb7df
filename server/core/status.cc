#include "server/core/status.h"

#include <string>

namespace tactic {
namespace {

absl::StatusCode CodeOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return absl::StatusCode::kInvalidArgument;
    case ErrorCode::kFailedPrecondition:
      return absl::StatusCode::kFailedPrecondition;
    case ErrorCode::kNotFound:
      return absl::StatusCode::kNotFound;
    case ErrorCode::kUnavailable:
      return absl::StatusCode::kUnavailable;
    case ErrorCode::kOutOfMemory:
      return absl::StatusCode::kResourceExhausted;
    case ErrorCode::kDataLoss:
      return absl::StatusCode::kDataLoss;
    case ErrorCode::kInternal:
      break;
  }
  return absl::StatusCode::kInternal;
}

}  // namespace

absl::Status ToStatus(const Error& error) {
  return absl::Status(CodeOf(error.code), error.message);
}

absl::Status WithContext(std::string_view context, const absl::Status& status) {
  if (status.ok()) return status;
  std::string message(context);
  message.append(": ").append(status.message().data(), status.message().size());
  return absl::Status(status.code(), message);
}

}  // namespace tactic
