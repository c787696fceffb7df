// Tables in docs/ with a column "shown by" promise a test for each row: the files are there, and
// have tests of those names.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace tactic {
namespace {

const std::filesystem::path kSource = TACTIC_SOURCE_DIR;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> CellsOf(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, '|');) cells.push_back(cell);
  return cells;
}

std::vector<std::string> Quoted(const std::string& cell) {
  static const std::regex kQuoted("`([^`]+)`");
  std::vector<std::string> words;
  for (std::sregex_iterator match(cell.begin(), cell.end(), kQuoted), end; match != end; ++match) {
    words.push_back((*match)[1].str());
  }
  return words;
}

bool IsFile(const std::string& word) { return word.ends_with(".cc") || word.ends_with(".c"); }

// A test or a suite of this name, as the macros of GoogleTest and rapidcheck make them.
bool HasTest(const std::string& text, const std::string& name) {
  return std::regex_search(text, std::regex("(TEST|TEST_F|TEST_P|RC_GTEST_PROP)\\((" + name +
                                            ",|\\w+,\\s*" + name + "\\b)"));
}

void CheckCell(const std::string& cell) {
  std::string tests;
  for (const std::string& word : Quoted(cell)) {
    if (!IsFile(word)) continue;
    EXPECT_TRUE(std::filesystem::exists(kSource / "tests" / word)) << word;
    tests += ReadFile(kSource / "tests" / word);
  }
  EXPECT_NE(tests, "") << "no test is named";
  for (const std::string& word : Quoted(cell)) {
    EXPECT_TRUE(IsFile(word) || HasTest(tests, word)) << word << " is no test of those files";
  }
}

// The column that says so, in the head of a table; 0: none, for cells begin behind the first bar.
size_t ColumnOf(const std::vector<std::string>& cells) {
  for (size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].find("shown by") != std::string::npos) return i;
  }
  return 0;
}

// How many rows were checked.
int CheckTables(const std::filesystem::path& path) {
  int rows = 0;
  size_t column = 0;
  std::istringstream doc(ReadFile(path));
  for (std::string line; std::getline(doc, line);) {
    SCOPED_TRACE(path.filename().string() + ": " + line);
    if (!line.starts_with('|')) {
      column = 0;
      continue;
    }
    const std::vector<std::string> cells = CellsOf(line);
    if (column == 0) {
      column = ColumnOf(cells);
      continue;
    }
    if (line.starts_with("|---") || cells.size() <= column) continue;
    CheckCell(cells[column]);
    ++rows;
  }
  return rows;
}

TEST(ShownBy, EveryRowNamesTestsThatAreThere) {
  int rows = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kSource / "docs")) {
    if (entry.path().extension() == ".md") rows += CheckTables(entry.path());
  }
  EXPECT_GT(rows, 60);
}

}  // namespace
}  // namespace tactic
