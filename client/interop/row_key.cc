#include "client/interop/row_key.h"

#include <utility>

namespace tactic::interop {
namespace {

const std::vector<PyValue>* ItemsOf(const PyValue& value) {
  if (const auto* tuple = std::get_if<PyTuple>(&value.value)) return &tuple->items;
  if (const auto* list = std::get_if<PyList>(&value.value)) return &list->items;
  return nullptr;
}

}  // namespace

Result<std::vector<PyValue>> ParseRowKey(std::string_view key) {
  Result<PyValue> value = ParsePythonLiteral(key);
  if (!value.ok()) return Error{value.error().code, "the key is " + value.error().message};
  auto* tuple = std::get_if<PyTuple>(&value->value);
  if (tuple == nullptr) return InvalidArgument("the key is no tuple");
  return std::move(tuple->items);
}

Result<std::vector<std::vector<int64_t>>> ToShapes(const PyValue& profile) {
  const Error wrong = InvalidArgument("the key's profile is no tuple of shapes");
  const std::vector<PyValue>* inputs = ItemsOf(profile);
  if (inputs == nullptr) return wrong;
  std::vector<std::vector<int64_t>> shapes;
  for (const PyValue& input : *inputs) {
    const std::vector<PyValue>* sizes = ItemsOf(input);
    if (sizes == nullptr) return wrong;
    std::vector<int64_t>& shape = shapes.emplace_back();
    for (const PyValue& size : *sizes) {
      const auto* number = std::get_if<int64_t>(&size.value);
      if (number == nullptr || *number < -1) return wrong;
      shape.push_back(*number);
    }
  }
  return shapes;
}

PyValue FromShapes(const std::vector<std::vector<int64_t>>& shapes) {
  PyValue result;
  std::vector<PyValue>& inputs = result.value.emplace<PyTuple>().items;
  for (const std::vector<int64_t>& shape : shapes) {
    std::vector<PyValue>& sizes = inputs.emplace_back().value.emplace<PyTuple>().items;
    for (const int64_t size : shape) sizes.push_back({size});
  }
  return result;
}

Result<std::string> TextAt(const std::vector<PyValue>& items, size_t index, const char* what) {
  const auto* text = std::get_if<std::string>(&items[index].value);
  if (text == nullptr) return InvalidArgument(std::string("the key's ") + what + " is no string");
  return *text;
}

}  // namespace tactic::interop
