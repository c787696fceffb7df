// Enumerators and their names, in one table each, for this library's own use.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace tactic::internal {

template <typename E, size_t N>
using NameTable = std::array<std::pair<E, std::string_view>, N>;

// A value that is not in the table, which only a careless cast can make, is "unknown".
template <typename E, size_t N>
std::string_view NameIn(const NameTable<E, N>& table, E value) {
  for (const auto& [candidate, name] : table) {
    if (candidate == value) return name;
  }
  return "unknown";
}

template <typename E, size_t N>
std::optional<E> ValueIn(const NameTable<E, N>& table, std::string_view name) {
  for (const auto& [value, candidate] : table) {
    if (candidate == name) return value;
  }
  return std::nullopt;
}

}  // namespace tactic::internal
