// What a candidate can do wrong: one function each, named as its tactic. They act in the worker
// process, in the place of a kernel.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tactic/sdk/runner.h"

namespace tactic::misbehaving {

struct Scene {
  const sdk::Operands& operands;
  size_t elements = 0;
  // A directory that outlives workers: for what must happen once, and for pipes to the test.
  const std::string& directory;
};

// When an act takes place.
enum class When { kPrepare, kLaunch };

struct Act {
  std::string_view name;
  When when = When::kLaunch;
  void (*act)(const Scene& scene) = nullptr;
};

const std::vector<Act>& Acts();
const Act* FindAct(std::string_view name);  // nullptr: well-behaved.

// Set by an act: the next well-behaved candidate of this process crashes.
bool MemoryIsSpoilt();

// Copies input 0 to output 0: the right answer.
void Echo(const Scene& scene);
// Ends the process as a bad pointer does, also where a sanitizer would catch the access.
[[noreturn]] void Crash();

}  // namespace tactic::misbehaving
