#include "tests/misbehaving/acts.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <new>
#include <stdexcept>

#include "proto/wire/frame.h"
#include "proto/wire/launch_journal.h"
#include "tactic/v1/worker.pb.h"

namespace tactic::misbehaving {
namespace {

bool memory_is_spoilt = false;

float* Output(const Scene& scene) { return static_cast<float*>(scene.operands.outputs[0]); }

// The channel to the daemon: the first socket that this process has open.
int FindChannel() {
  for (int fd = 3; fd < 1024; ++fd) {
    struct stat info;
    if (fstat(fd, &info) == 0 && S_ISSOCK(info.st_mode)) return fd;
  }
  return -1;
}

// Writes all of it, however long the daemon takes to read it.
void WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = write(fd, bytes.data(), bytes.size());
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

// The launch journal, where this process has it mapped.
wire::LaunchJournal* FindJournal() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("tactic-journal") == std::string::npos) continue;
    return reinterpret_cast<wire::LaunchJournal*>(std::strtoull(line.c_str(), nullptr, 16));
  }
  return nullptr;
}

[[noreturn]] void Hang() {
  static volatile bool never = false;
  while (!never) {
  }
  std::abort();
}

void CrashAct(const Scene&) { Crash(); }
void AbortAct(const Scene&) { std::abort(); }
void ExitAct(const Scene&) { std::_Exit(3); }
void HangAct(const Scene&) { Hang(); }
void StopAct(const Scene&) { raise(SIGSTOP); }
void ThrowAct(const Scene&) { throw std::runtime_error("no kernel image\nfor this device\x01"); }
void ThrowNumberAct(const Scene&) { throw 7; }

// Up to a GiB, so that a missing limit does not bring the machine down.
void AllocateAct(const Scene&) {
  std::vector<std::unique_ptr<char[]>> blocks;
  for (int i = 0; i < 64; ++i) blocks.push_back(std::make_unique_for_overwrite<char[]>(16 << 20));
  throw std::runtime_error("had a GiB");
}

void WrongAct(const Scene& scene) {
  Echo(scene);
  Output(scene)[scene.elements / 2] += 1;
}
void NanAct(const Scene& scene) {
  Echo(scene);
  Output(scene)[scene.elements - 1] = NAN;
}
void UnwrittenAct(const Scene& scene) {
  const float* input = static_cast<const float*>(scene.operands.inputs[0]);
  std::copy_n(input, scene.elements - 1, Output(scene));
}
void WriteBehindAct(const Scene& scene) {
  Echo(scene);
  Output(scene)[scene.elements] = 1;
}
void WriteBeforeAct(const Scene& scene) {
  Echo(scene);
  Output(scene)[-1000] = 1;
}
void ModifyInputAct(const Scene& scene) {
  Echo(scene);
  const_cast<float*>(static_cast<const float*>(scene.operands.inputs[0]))[0] += 1;
}

void GarbageAct(const Scene& scene) {
  Echo(scene);
  WriteAll(FindChannel(), "this is no frame, only text that a kernel printed to the wrong place");
}
void HugeLengthAct(const Scene& scene) {
  Echo(scene);
  WriteAll(FindChannel(), std::string("TCTF\xff\xff\xff\xff", 8) + std::string(8, '\0'));
}
void FloodAct(const Scene&) {
  v1::FromWorker message;
  message.mutable_progress()->set_phase("racing");
  std::string frames;
  for (int i = 0; i < 1000; ++i) frames += *wire::EncodeFrame(message.SerializeAsString());
  const int channel = FindChannel();
  while (true) WriteAll(channel, frames);
}
void PrintAct(const Scene& scene) {
  Echo(scene);
  const std::string line = std::string(2000, 'x') + "\x1b[2J\n";
  for (int i = 0; i < 1000; ++i) {
    WriteAll(STDOUT_FILENO, line);
    WriteAll(STDERR_FILENO, line);
  }
}

// The child holds the pipe "alive" open for as long as it lives.
void LeaveChildAct(const Scene& scene) {
  Echo(scene);
  static bool left = false;
  if (std::exchange(left, true)) return;
  const int alive = open((scene.directory + "/alive").c_str(), O_WRONLY);
  WriteAll(alive, "x");
  if (fork() == 0) {
    while (true) pause();
  }
  close(alive);
}

// A process that is traced by a child of its own cannot be reaped before that child lets go: to the
// daemon it looks as if it were stuck in a driver. The child lets go when the pipe "release" is
// opened.
void UnreapableAct(const Scene& scene) {
  int attached[2];
  if (pipe(attached) != 0) std::abort();
  const pid_t parent = getpid();
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
  if (fork() == 0) {
    if (ptrace(PTRACE_SEIZE, parent, 0, 0) != 0) _exit(1);
    WriteAll(attached[1], "x");
    const int release = open((scene.directory + "/release").c_str(), O_RDONLY);
    _exit(release < 0);
  }
  char byte;
  if (read(attached[0], &byte, 1) != 1) std::abort();
  Hang();
}

// Well-behaved for as many launches as a look at it takes.
void CrashLaterAct(const Scene& scene) {
  Echo(scene);
  static int launches = 0;
  constexpr int kScreening = 4;  // One to validate, three to time.
  if (++launches > kScreening) Crash();
}

// Writes the time of the launch journal's clock into a new file; false: it is there already.
bool NoteTime(const Scene& scene, const char* name) {
  const int file = open((scene.directory + "/" + name).c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600);
  if (file < 0) return false;
  timespec now = {};
  clock_gettime(CLOCK_BOOTTIME, &now);
  WriteAll(file, std::to_string(int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec));
  close(file);
  return true;
}

// Once, over all workers; notes when.
void CrashOnceAct(const Scene& scene) {
  Echo(scene);
  if (NoteTime(scene, "crashed")) Crash();
}
void HangOnceAct(const Scene& scene) {
  Echo(scene);
  if (NoteTime(scene, "hung")) Hang();
}

// Once, over all workers.
void SpoilOnceAct(const Scene& scene) {
  Echo(scene);
  if (NoteTime(scene, "spoilt")) memory_is_spoilt = true;
}

void OverwriteJournalAct(const Scene& scene) {
  Echo(scene);
  std::memset(static_cast<void*>(FindJournal()), 0, sizeof(wire::LaunchJournal));
}
void OverwriteJournalAndCrashAct(const Scene&) {
  std::memset(static_cast<void*>(FindJournal()), 0xff, sizeof(wire::LaunchJournal));
  Crash();
}
void OverwriteJournalAndHangAct(const Scene&) {
  std::memset(static_cast<void*>(FindJournal()), 0, sizeof(wire::LaunchJournal));
  Hang();
}
// Puts the blame on the default candidate.
void ForgeJournalAct(const Scene&) {
  FindJournal()->candidate = 0;
  Crash();
}
void CloseDescriptorsAct(const Scene& scene) {
  Echo(scene);
  close_range(3, ~0U, 0);
}

}  // namespace

const std::vector<Act>& Acts() {
  static const std::vector<Act> acts = {
      {"crash", When::kLaunch, CrashAct},
      {"crash_in_prepare", When::kPrepare, CrashAct},
      {"crash_later", When::kLaunch, CrashLaterAct},
      {"crash_once", When::kLaunch, CrashOnceAct},
      {"abort", When::kLaunch, AbortAct},
      {"exit", When::kLaunch, ExitAct},
      {"hang", When::kLaunch, HangAct},
      {"hang_once", When::kLaunch, HangOnceAct},
      {"hang_in_prepare", When::kPrepare, HangAct},
      {"stop", When::kLaunch, StopAct},
      {"throw", When::kLaunch, ThrowAct},
      {"throw_number", When::kPrepare, ThrowNumberAct},
      {"allocate", When::kLaunch, AllocateAct},
      {"wrong", When::kLaunch, WrongAct},
      {"nan", When::kLaunch, NanAct},
      {"unwritten", When::kLaunch, UnwrittenAct},
      {"write_behind", When::kLaunch, WriteBehindAct},
      {"write_before", When::kLaunch, WriteBeforeAct},
      {"modify_input", When::kLaunch, ModifyInputAct},
      {"garbage", When::kLaunch, GarbageAct},
      {"huge_length", When::kLaunch, HugeLengthAct},
      {"flood", When::kLaunch, FloodAct},
      {"print", When::kLaunch, PrintAct},
      {"leave_child", When::kLaunch, LeaveChildAct},
      {"unreapable", When::kLaunch, UnreapableAct},
      {"spoil_once", When::kLaunch, SpoilOnceAct},
      {"overwrite_journal", When::kLaunch, OverwriteJournalAct},
      {"overwrite_journal_and_crash", When::kLaunch, OverwriteJournalAndCrashAct},
      {"overwrite_journal_and_hang", When::kLaunch, OverwriteJournalAndHangAct},
      {"forge_journal", When::kLaunch, ForgeJournalAct},
      {"close_descriptors", When::kLaunch, CloseDescriptorsAct},
  };
  return acts;
}

const Act* FindAct(std::string_view name) {
  const auto found = std::find_if(Acts().begin(), Acts().end(),
                                  [name](const Act& act) { return act.name == name; });
  return found == Acts().end() ? nullptr : &*found;
}

bool MemoryIsSpoilt() { return memory_is_spoilt; }

void Echo(const Scene& scene) {
  const float* input = static_cast<const float*>(scene.operands.inputs[0]);
  std::copy_n(input, scene.elements, Output(scene));
}

void Crash() {
  // The default action: a sanitizer's handler would print pages and exit with a code of its own.
  signal(SIGSEGV, SIG_DFL);
  raise(SIGSEGV);
  std::abort();
}

}  // namespace tactic::misbehaving
