// Between the vocabulary's errors and absl::Status.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "tactic/model/result.h"

namespace tactic {

absl::Status ToStatus(const Error& error);

// The same code, with `context` in front of the message: "problems[3]: …".
absl::Status WithContext(std::string_view context, const absl::Status& status);

}  // namespace tactic
