#pragma once

#include <string>

namespace tactic {

// A random UUID: what tells one store's positions from another's.
std::string NewStoreId();

}  // namespace tactic
