// Files of other autotuners, made by hand from their form.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

namespace tactic::testing {

inline std::string ReadTestData(const std::string& name) {
  std::ifstream in(std::string(TACTIC_TEST_DATA) + "/" + name);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace tactic::testing
