// The keys of rows: tuples as text.
#pragma once

#include <string>
#include <string_view>

#include "client/interop/cache_file.h"
#include "client/interop/python_literal.h"

namespace tactic::interop {

// The items of the tuple that `key` is; of anything else none.
Result<std::vector<PyValue>> ParseRowKey(std::string_view key);
// ((16, 64), (-1,)) as shapes.
Result<std::vector<std::vector<int64_t>>> ToShapes(const PyValue& profile);
PyValue FromShapes(const std::vector<std::vector<int64_t>>& shapes);
// The string at `index`, or an Error that says what it should have been.
Result<std::string> TextAt(const std::vector<PyValue>& items, size_t index, const char* what);

}  // namespace tactic::interop
