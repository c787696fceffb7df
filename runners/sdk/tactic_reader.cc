#include "tactic/sdk/tactic_reader.h"

#include <algorithm>

namespace tactic::sdk {

const Value* TacticReader::Find(std::string_view name) {
  asked_.emplace_back(name);
  return tactic_.Find(name);
}

int64_t TacticReader::Int(std::string_view name, int64_t least, int64_t most, int64_t otherwise) {
  const Value* value = Find(name);
  if (value == nullptr) return otherwise;
  const int64_t* number = std::get_if<int64_t>(value);
  if (number != nullptr && *number >= least && *number <= most) return *number;
  Reject(name, "an integer from " + std::to_string(least) + " to " + std::to_string(most));
  return otherwise;
}

int64_t TacticReader::OneOf(std::string_view name, std::span<const int> choices,
                            int64_t otherwise) {
  const Value* value = Find(name);
  if (value == nullptr) return otherwise;
  std::string wanted;
  const int64_t* number = std::get_if<int64_t>(value);
  for (const int choice : choices) {
    if (number != nullptr && *number == choice) return choice;
    wanted += (wanted.empty() ? "" : " or ") + std::to_string(choice);
  }
  Reject(name, wanted);
  return otherwise;
}

bool TacticReader::Bool(std::string_view name, bool otherwise) {
  const Value* value = Find(name);
  if (value == nullptr) return otherwise;
  if (const bool* flag = std::get_if<bool>(value)) return *flag;
  Reject(name, "true or false");
  return otherwise;
}

std::string TacticReader::Text(std::string_view name, std::span<const std::string_view> choices,
                               std::string_view otherwise) {
  const Value* value = Find(name);
  if (value == nullptr) return std::string(otherwise);
  const std::string* text = std::get_if<std::string>(value);
  std::string wanted = "one of";
  for (const std::string_view choice : choices) {
    if (text != nullptr && *text == choice) return *text;
    wanted.append(" ").append(choice);
  }
  Reject(name, wanted);
  return std::string(otherwise);
}

void TacticReader::Reject(std::string_view name, const std::string& wanted) {
  if (error_.has_value()) return;
  const Value* value = tactic_.Find(name);
  error_ = InvalidArgument("tactic parameter " + std::string(name) + " is " +
                           (value == nullptr ? "absent" : ToText(*value)) + "; must be " + wanted);
}

Check TacticReader::Finish() {
  if (error_.has_value()) return *error_;
  std::string known;
  for (const std::string& name : asked_) known += (known.empty() ? "" : ", ") + name;
  for (const Parameter& parameter : tactic_.items()) {
    if (std::find(asked_.begin(), asked_.end(), parameter.name) == asked_.end()) {
      return InvalidArgument("tactic parameter " + parameter.name + " is " +
                             ToText(parameter.value) + "; must be left out: the parameters are " +
                             known);
    }
  }
  return Ok();
}

}  // namespace tactic::sdk
