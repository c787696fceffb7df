// Who may include whom. The one table behind the layering test; docs/design.md draws it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tactic::layering {

// One broken rule.
struct Violation {
  std::string file;  // Relative to the repository's root.
  int line = 0;
  std::string include;
  std::string why;
};

// The area that an include names: "proto/model", "grpc", "std", …; empty = unknown.
std::string AreaOfInclude(std::string_view include, bool angled);

// The area that a file belongs to: the longest rule that is a prefix of its path; empty = no rule
// covers it.
std::string AreaOfFile(std::string_view path);

// Checks the text of one file.
std::vector<Violation> CheckText(const std::string& path, const std::string& text);

// Checks every source under proto/, server/, client/ and runners/ of the repository at `root`.
std::vector<Violation> CheckTree(const std::filesystem::path& root, int* files_read);

}  // namespace tactic::layering
