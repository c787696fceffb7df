// Runs the Python peer that choose_one_bench compares with.
#pragma once

#include <cstdio>
#include <string>

namespace tactic::bench {

// What a hit takes there, in nanoseconds; "null" without python3. `script`: python_autotuner.py.
inline std::string PythonNanoseconds(const std::string& script, int ops, int layers, int buckets) {
  const std::string command = "python3 '" + script + "' " + std::to_string(ops) + " " +
                              std::to_string(layers) + " " + std::to_string(buckets) +
                              " 2>/dev/null";
  FILE* child = popen(command.c_str(), "r");
  if (child == nullptr) return "null";
  double nanoseconds = 0;
  const int read = std::fscanf(child, "{\"python_ns\": %lf}", &nanoseconds);
  while (std::fgetc(child) != EOF) {  // Python minds when nobody reads its last line end.
  }
  if (pclose(child) != 0 || read != 1) return "null";
  return std::to_string(nanoseconds);
}

}  // namespace tactic::bench
