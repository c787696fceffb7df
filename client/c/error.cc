#include "client/c/error.h"

namespace {

constexpr size_t kMostText = 1024;
thread_local char last_error[kMostText] = "";

}  // namespace

namespace tactic::c {
namespace {

constexpr tactic_status kStatuses[] = {
    TACTIC_INVALID_ARGUMENT, TACTIC_FAILED_PRECONDITION, TACTIC_NOT_FOUND, TACTIC_UNAVAILABLE,
    TACTIC_OUT_OF_MEMORY,    TACTIC_DATA_LOSS,           TACTIC_INTERNAL};
static_assert(static_cast<int>(ErrorCode::kInternal) == 6);

}  // namespace

size_t CopyText(std::string_view text, char* to, size_t size) noexcept {
  if (to == nullptr || size == 0) return text.size();
  const size_t copied = std::min(text.size(), size - 1);
  std::memcpy(to, text.data(), copied);
  to[copied] = '\0';
  return text.size();
}

tactic_status Fail(tactic_status status, std::string_view text) noexcept {
  CopyText(text, last_error);
  return status;
}

tactic_status Fail(const Error& error) noexcept {
  return Fail(kStatuses[static_cast<int>(error.code)], error.message);
}

Check CheckCallback(const char* name, tactic_status status) {
  if (status == TACTIC_OK) return Ok();
  const auto* known = std::find(std::begin(kStatuses), std::end(kStatuses), status);
  const auto code = known == std::end(kStatuses)
                        ? ErrorCode::kInternal
                        : static_cast<ErrorCode>(known - std::begin(kStatuses));
  const std::string said = last_error;
  return Error{code, std::string(name) + ": " + (said.empty() ? tactic_status_name(status) : said)};
}

Error WrongStructSize(const char* name, size_t size, size_t known) {
  if (size < sizeof(size_t)) {
    return InvalidArgument(std::string(name) + ".struct_size is " + std::to_string(size) +
                           "; set it with TACTIC_INIT");
  }
  return {ErrorCode::kFailedPrecondition,
          std::string(name) + " has " + std::to_string(size) +
              " bytes and sets fields that this library, which knows " + std::to_string(known) +
              ", does not have; use a newer library"};
}

}  // namespace tactic::c

int32_t tactic_abi_version(void) { return TACTIC_ABI_VERSION; }

const char* tactic_status_name(tactic_status status) {
  constexpr const char* kNames[] = {"ok",        "invalid_argument", "failed_precondition",
                                    "not_found", "unavailable",      "out_of_memory",
                                    "data_loss", "internal"};
  return status >= TACTIC_OK && status <= TACTIC_INTERNAL ? kNames[status] : "unknown";
}

const char* tactic_last_error(void) { return last_error; }

tactic_status tactic_fail(tactic_status status, const char* text) {
  return tactic::c::Fail(status, text == nullptr ? "" : text);
}
