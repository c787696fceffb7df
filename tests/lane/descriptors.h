// Helpers for tests that look at descriptors.
#pragma once

#include <string>

namespace tactic::testing {

// Waits until `fd` is readable or hung up; fails the test after 30 s.
void AwaitReadable(int fd);
// All that comes out of `fd` until its last writer is gone; fails the test when nothing happens for
// 30 s.
std::string ReadUntilEnd(int fd);
// How many descriptors this process has open.
int OpenDescriptors();

}  // namespace tactic::testing
