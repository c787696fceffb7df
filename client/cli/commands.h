// The subcommands. Each writes its answer to standard output and returns an exit code
// (exit_codes.h); an Error is printed by main, which derives the code from it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/problem_flags.h"
#include "client/cli/profile_flags.h"
#include "client/cli/terminal.h"
#include "tactic/model/result.h"

namespace tactic::cli {

// What all commands share.
struct Settings {
  std::string target;
  bool json = false;
  std::chrono::nanoseconds timeout{};  // Of each call to the daemon.
  Interrupts* interrupts = nullptr;
};

// Of a job that the command makes.
struct JobFlags {
  bool detach = false;
  bool cancel_on_interrupt = false;
  std::string deadline;  // "3m"; empty: none.
};

struct TuneFlags {
  ProblemFlags problems;
  std::vector<std::string> runners;
  bool again = false;
  JobFlags job;
};
Result<int> RunTune(const Settings& settings, const TuneFlags& flags);

Result<int> RunProfiles(const Settings& settings, const ProfilesFlags& flags);

Result<int> RunLookup(const Settings& settings, const ProblemFlags& problem);

struct ListFlags {
  std::vector<std::string> ops;  // Empty: all.
};
Result<int> RunList(const Settings& settings, const ListFlags& flags);

struct ShowFlags {
  ProblemFlags problem;  // `op` may hold a decision's id instead.
  bool all = false;
};
Result<int> RunShow(const Settings& settings, const ShowFlags& flags);

Result<int> RunJobs(const Settings& settings, uint32_t limit);
Result<int> RunJobsCancel(const Settings& settings, const std::string& id);
struct JobsWatchFlags {
  std::string id;
  bool cancel_on_interrupt = false;
};
Result<int> RunJobsWatch(const Settings& settings, const JobsWatchFlags& flags);

struct MissesFlags {
  std::vector<std::string> ops;  // Empty: all.
  bool undecided = false;        // Only what no decision answers.
  bool tune = false;
  JobFlags job;
};
Result<int> RunMisses(const Settings& settings, const MissesFlags& flags);

struct VerifyFlags {
  std::vector<uint64_t> ids;     // Decisions; empty: all that stand,
  std::vector<std::string> ops;  // of these ops; empty: of all.
  JobFlags job;
};
Result<int> RunVerify(const Settings& settings, const VerifyFlags& flags);

struct TraceFlags {
  std::vector<uint64_t> ids;     // Decisions; empty: all that stand,
  std::vector<std::string> ops;  // of these ops; empty: of all.
};
Result<int> RunTrace(const Settings& settings, const TraceFlags& flags);

struct WatchFlags {
  std::vector<std::string> ops;
  bool standing = false;        // Show the decisions that stand already, too.
  uint64_t count = 0;           // End after this many changes; 0 = never.
  std::string silence = "15s";  // A stream that brings nothing for this long is opened anew.
};
Result<int> RunWatch(const Settings& settings, const WatchFlags& flags);

struct FollowFlags {
  std::string file;  // Empty: where programs of this host look.
  bool once = false;
  bool same_environment = false;  // This host's devices and versions are the daemon's.
};
// Keeps a table file until it is interrupted, which is its end and no failure.
Result<int> RunFollow(const Settings& settings, const FollowFlags& flags);
// `file`: as that of FollowFlags.
Result<int> RunTable(const Settings& settings, const std::string& file);

// Whose form a file has.
enum class FileFormat { kStore, kTensorRtLlm, kFlashInfer };

struct ExportFlags {
  std::string file;  // "-": standard output.
  FileFormat format = FileFormat::kStore;
  // Of another program's format only, NAME=THEIRS: as `ops` and `runners` of ImportFlags.
  std::vector<std::string> ops;
  std::vector<std::string> runners;
};
Result<int> RunExport(const Settings& settings, const ExportFlags& flags);

struct ImportFlags {
  std::string file;  // "-": standard input.
  bool dry_run = false;
  bool partial = false;  // Take what is whole of a damaged file.
  FileFormat format = FileFormat::kStore;
  // Of another program's format only.
  std::vector<std::string> ops;      // "theirs" or "theirs=ours"; empty: all.
  std::vector<std::string> runners;  // "theirs=ours".
  std::vector<std::string> dtypes;   // By input; the last one for all that follow.
  std::string arch;                  // "sm_90"; empty: as the file says.
  std::string cache;                 // Of the measurement policy; empty: warm.
  std::optional<int> rank;
  std::vector<std::string> expected;  // "field=value" of the metadata.
  bool accept_unknown = false;
};
Result<int> RunImport(const Settings& settings, const ImportFlags& flags);

// What is banned.
struct BanFlags {
  std::string runner;  // "NAME" or "NAME@ID".
  std::string tactic;  // An object in JSON, or "default"; empty: every tactic.
  std::string op;      // Empty: every op.
  std::string reason;  // Of ban only.
};
Result<int> RunBan(const Settings& settings, const BanFlags& flags);
Result<int> RunUnban(const Settings& settings, const BanFlags& flags);
Result<int> RunBans(const Settings& settings);

Result<int> RunGroups(const Settings& settings);

Result<int> RunInfo(const Settings& settings);

// Writes all of `text` to standard output. kInternal: it cannot be written (a full disk).
Check Write(const std::string& text);

}  // namespace tactic::cli
