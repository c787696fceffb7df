// Python literals and the cache files of other autotuners, from bytes. The first byte of the input
// picks the reader. What is read must survive the way back.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "client/interop/cache_file.h"
#include "client/interop/decisions.h"
#include "client/interop/python_literal.h"
#include "client/interop/tactics.h"
#include "tests/fuzz/require.h"

namespace tactic::fuzz {
namespace {

void TryLiteral(std::string_view text) {
  const Result<interop::PyValue> value = interop::ParsePythonLiteral(text);
  if (!value.ok()) {
    Require(value.error().code == ErrorCode::kInvalidArgument, "a bad literal is InvalidArgument");
    return;
  }
  const auto again = interop::ParsePythonLiteral(interop::ToPythonLiteral(*value));
  Require(again.ok() && *again == *value, "what is written parses back equal");
  const Result<Tactic> tactic = interop::ToTactic(*value);
  if (tactic.ok()) Require(CheckParameters("", *tactic).ok(), "a tactic is within its limits");
}

void TryFile(const Result<interop::CacheFile>& file) {
  if (!file.ok()) return;
  interop::ImportMapping mapping;
  mapping.program = "fuzz";
  mapping.dtypes = {DType::kF32};
  mapping.arch = "sm_90";
  const auto decisions = interop::ToDecisions(*file, mapping);
  Require(decisions.ok(), "rows of a file that was read can be mapped or left out");
  for (const Decision& decision : decisions->decisions) {
    Require(CheckProblem("", decision.key.problem).ok(), "a problem is within its limits");
    Require(!decision.ranking.empty(), "a decision ranks something");
  }
  const auto text = interop::WriteTensorRtLlm(decisions->decisions, {});
  Require(text.ok(), "decisions of one device can be written");
  Require(interop::ReadTensorRtLlm(*text).ok(), "what is written is read back");
}

}  // namespace
}  // namespace tactic::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 0:
      tactic::fuzz::TryLiteral(input);
      break;
    case 1:
      tactic::fuzz::TryFile(tactic::interop::ReadTensorRtLlm(input));
      break;
    case 2:
      tactic::fuzz::TryFile(tactic::interop::ReadFlashInfer(input));
      break;
    default:
      break;
  }
  return 0;
}
