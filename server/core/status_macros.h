// Leaves a function that returns absl::Status or absl::StatusOr when a step fails. (The Abseil that
// Debian 12 ships has no such macros.)
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define TACTIC_CONCAT_INNER(a, b) a##b
#define TACTIC_CONCAT(a, b) TACTIC_CONCAT_INNER(a, b)
// __COUNTER__, since a step may be a lambda whose own steps use these macros.
#define TACTIC_UNIQUE(name) TACTIC_CONCAT(name, __COUNTER__)

#define RETURN_IF_ERROR(expr) RETURN_IF_ERROR_INNER(TACTIC_UNIQUE(status_of_step_), expr)
#define RETURN_IF_ERROR_INNER(status, expr)                        \
  do {                                                             \
    if (absl::Status status = (expr); !status.ok()) return status; \
  } while (false)

#define ASSIGN_OR_RETURN(lhs, expr) ASSIGN_OR_RETURN_INNER(TACTIC_UNIQUE(value_of_step_), lhs, expr)
#define ASSIGN_OR_RETURN_INNER(value, lhs, expr) \
  auto value = (expr);                           \
  if (!value.ok()) return value.status();        \
  lhs = *std::move(value)
