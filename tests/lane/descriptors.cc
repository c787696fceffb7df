#include "tests/lane/descriptors.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <iterator>

#include "gtest/gtest.h"

namespace tactic::testing {

void AwaitReadable(int fd) {
  pollfd wait = {fd, POLLIN, 0};
  ASSERT_EQ(poll(&wait, 1, 30'000), 1) << "nothing came within 30 s";
}

std::string ReadUntilEnd(int fd) {
  std::string all;
  std::array<char, 4096> buffer;
  while (true) {
    AwaitReadable(fd);
    if (::testing::Test::HasFatalFailure()) return all;
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got <= 0) return all;
    all.append(buffer.data(), static_cast<size_t>(got));
  }
}

int OpenDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<int>(std::distance(begin(all), end(all)));
}

}  // namespace tactic::testing
