// What is in the database file: its tables, and how an older file becomes a current one.
// docs/storage_format.md is the manual.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/store/row.h"
#include "server/store/sqlite.h"

namespace tactic {

// "TCTC", in the file's header: what makes a SQLite database one of ours.
inline constexpr int64_t kApplicationId = 0x54435443;

// Step i (from 0) takes a file from version i to i + 1. Steps are never changed once released, only
// appended.
using Migration = std::function<absl::Status(Db&)>;
std::vector<Migration> Migrations();

// Brings the open file to version migrations.size(), each step in a transaction of its own, so that
// an interrupted upgrade leaves an older or the newer version, never one between. Before the first
// step of a file that holds data, a copy is kept beside it as "<file>.v<version>".
// FailedPrecondition: a newer program wrote the file; nothing was changed.
absl::Status Migrate(Db& db, const std::vector<Migration>& migrations);

namespace tables {
inline constexpr Table kMeta = {
    "meta", "id,store_id,revision,last_contest,last_decision,created_unix_ms,writer,checksum"};
inline constexpr Table kEnvironment = {
    "environment",
    "id,fingerprint,device_kind,arch,units,cache_bytes,partition,label,memory_bytes,driver,runtime,"
    "components,canonical,checksum"};
inline constexpr Table kKey = {
    "tuning_key",
    "id,fingerprint,environment_id,op,problem,cache,launch,validation,budget_ms,canonical,"
    "checksum"};
inline constexpr Table kDecision = {
    "decision",
    "id,revision,key_id,runner,runner_uid,tactic,median_ns,default_ns,reason,tied,"
    "created_unix_ms,ranking,checksum"};
inline constexpr Table kContest = {
    "contest", "id,key_id,decision_id,trials,worker_restarts,seconds,stored_unix_ms,checksum"};
inline constexpr Table kTrial = {
    "trial",
    "contest_id,position,runner,runner_uid,tactic,outcome,detail,median_ns,sample_count,candidate,"
    "samples,checksum"};
inline constexpr Table kJob = {
    "job",
    "sequence,id,request_id,client,state,message,created_unix_ms,deadline_unix_ms,ended_unix_ms,"
    "runners,again,items,checksum"};
inline constexpr Table kJobItem = {
    "job_item", "job,position,key_id,state,decision_id,already_decided,message,checksum"};
// Since version 2.
inline constexpr Table kMiss = {
    "miss", "id,key_id,shapes,canonical,count,first_unix_ms,last_unix_ms,checksum"};
// Since version 4.
inline constexpr Table kDisturbance = {"disturbance",
                                       "contest_id,position,cause,discarded,epoch,round,checksum"};
inline constexpr Table kVerification = {
    "verification",
    "job,position,decision_id,drift,regret,regret_error,superseded,pick_failed,checksum"};
// Since version 5.
inline constexpr Table kBan = {
    "ban",
    "id,runner,runner_uid,tactic,op,reason,client,created_unix_ms,every_tactic,candidate,checksum"};
}  // namespace tables

}  // namespace tactic
