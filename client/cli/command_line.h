// How the command line is described: flags of each command, and what is run then. With CLI11, of
// which the commands themselves know nothing.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "client/cli/commands.h"

namespace tactic::cli {

// What the flags said, and what to do then.
struct Invocation {
  Settings settings;
  std::string timeout = "10s";
  TuneFlags tune;
  ProblemFlags lookup;
  ProfilesFlags profiles;
  ShowFlags show;
  ListFlags list;
  MissesFlags misses;
  VerifyFlags verify;
  TraceFlags trace;
  WatchFlags watch;
  FollowFlags follow;
  std::string table_file;
  uint32_t job_limit = 0;
  std::string cancel_id;
  JobsWatchFlags jobs_watch;
  ExportFlags export_to;
  ImportFlags import_from;
  BanFlags ban;
  std::function<Result<int>()> run;
};

// A flag with a value, called `type` in the help.
template <typename T>
CLI::Option* AddValue(CLI::App* app, const std::string& name, const std::string& type, T& value,
                      const std::string& help) {
  // Not greedy: `--layout b=col_major gemm` has one layout.
  return app->add_option(name, value, help)->type_name(type)->allow_extra_args(false);
}

// --target, --json and --timeout.
void AddCommon(CLI::App* app, Invocation& invocation);
// What describes problems.
void AddProblem(CLI::App* app, ProblemFlags& flags);
// What a command that makes a job takes.
void AddJob(CLI::App* app, JobFlags& flags);

// tune, lookup, profiles, list, show, jobs, misses, verify, trace and watch.
void AddTuningCommands(CLI::App& app, Invocation& invocation);
// ban, unban and bans.
void AddBanCommands(CLI::App& app, Invocation& invocation);
// follow, table, export and import.
void AddFileCommands(CLI::App& app, Invocation& invocation);

}  // namespace tactic::cli
