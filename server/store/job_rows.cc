#include "server/store/job_rows.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/core/status_macros.h"
#include "server/store/key_rows.h"
#include "server/store/put_checks.h"
#include "server/store/schema.h"

namespace tactic {
namespace {

// Runner names hold no comma (CheckJob).
constexpr char kRunnerSeparator = ',';

// The column `again`.
constexpr int64_t kAgain = 1;
constexpr int64_t kVerify = 2;
int64_t AgainOf(const Job& job) { return job.verify ? kVerify : job.again ? kAgain : 0; }

Row ToRow(int64_t sequence, const Job& job) {
  return Row{sequence,
             job.id,
             job.request_id,
             job.client,
             static_cast<int64_t>(job.state),
             job.message,
             job.created_unix_ms,
             job.deadline_unix_ms,
             job.ended_unix_ms,
             absl::StrJoin(job.runners, std::string(1, kRunnerSeparator)),
             AgainOf(job),
             static_cast<int64_t>(job.items.size())};
}

Job ToJob(const Row& row) {
  Job job;
  job.id = row.Text(1);
  job.request_id = row.Text(2);
  job.client = row.Text(3);
  job.state = static_cast<JobState>(row.Int(4));
  job.message = row.Text(5);
  job.created_unix_ms = row.Int(6);
  job.deadline_unix_ms = row.Int(7);
  job.ended_unix_ms = row.Int(8);
  job.runners = absl::StrSplit(row.Text(9), kRunnerSeparator, absl::SkipEmpty());
  job.again = row.Int(10) == kAgain;
  job.verify = row.Int(10) == kVerify;
  return job;
}

absl::StatusOr<Row> ToRow(Db& db, Damage& damage, int64_t sequence, size_t position,
                          const JobItem& item) {
  ASSIGN_OR_RETURN(const int64_t key_id, FindOrAddKey(db, damage, item.key));
  return Row{sequence,
             static_cast<int64_t>(position),
             key_id,
             static_cast<int64_t>(item.state),
             static_cast<int64_t>(item.decision_id),
             int64_t{item.already_decided},
             item.message};
}

JobItem ToItem(const Row& row, KeyReader::Entry entry) {
  JobItem item;
  item.key = std::move(entry.key);
  item.fingerprint = entry.fingerprint;
  item.state = static_cast<ContestState>(row.Int(3));
  item.decision_id = static_cast<uint64_t>(row.Int(4));
  item.already_decided = row.Int(5) != 0;
  item.message = row.Text(6);
  return item;
}

Row ToRow(int64_t sequence, size_t position, const Verification& found) {
  return Row{sequence,
             static_cast<int64_t>(position),
             static_cast<int64_t>(found.decision_id),
             found.drift,
             found.regret,
             found.regret_error,
             int64_t{found.superseded},
             int64_t{found.pick_failed}};
}

// What the verification at this position found; nullopt: nothing, or it is damaged.
absl::StatusOr<std::optional<Verification>> ReadVerification(Db& db, Damage& damage,
                                                             int64_t sequence, int64_t position) {
  const absl::StatusOr<Row> row = db.QueryRow(
      Db::Select(tables::kVerification) + "WHERE job=? AND position=?", Row{sequence, position});
  if (absl::IsNotFound(row.status())) return std::nullopt;
  RETURN_IF_ERROR(row.status());
  if (row->IsIntact(tables::kVerification)) {
    return Verification{static_cast<uint64_t>(row->Int(2)),
                        row->Real(3),
                        row->Real(4),
                        row->Real(5),
                        row->Int(6) != 0,
                        row->Int(7) != 0};
  }
  damage.Found(tables::kVerification.name, sequence);
  return std::nullopt;
}

absl::Status WriteVerification(Db& db, int64_t sequence, size_t position, const JobItem& item) {
  if (!item.verification) return absl::OkStatus();
  RETURN_IF_ERROR(db.Exec(
      absl::StrCat("DELETE FROM verification WHERE job=", sequence, " AND position=", position)));
  return db.Insert(tables::kVerification, ToRow(sequence, position, *item.verification));
}

// Fills job.items. False: one is damaged or missing.
absl::StatusOr<bool> ReadItems(Db& db, Damage& damage, KeyReader& keys, int64_t sequence,
                               size_t count, Job& job) {
  ASSIGN_OR_RETURN(Statement select,
                   db.Prepare(absl::StrCat("SELECT rowid AS row,", tables::kJobItem.columns,
                                           " FROM job_item WHERE job=? ORDER BY position")));
  RETURN_IF_ERROR(select.Bind(Row{sequence}));
  for (;;) {
    ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return job.items.size() == count;
    const Row row = select.Columns(1);
    if (!row.IsIntact(tables::kJobItem) || row.Int(1) != static_cast<int64_t>(job.items.size())) {
      damage.Found(tables::kJobItem.name, select.Columns().Int(0));
      return false;
    }
    ASSIGN_OR_RETURN(std::optional<KeyReader::Entry> entry, keys.Read(row.Int(2)));
    if (!entry) return false;
    JobItem& item = job.items.emplace_back(ToItem(row, *std::move(entry)));
    if (!job.verify) continue;
    ASSIGN_OR_RETURN(item.verification, ReadVerification(db, damage, sequence, row.Int(1)));
  }
}

absl::StatusOr<std::optional<Job>> ReadJob(Db& db, Damage& damage, KeyReader& keys,
                                           const Row& row) {
  if (!row.IsIntact(tables::kJob)) {
    damage.Found(tables::kJob.name, row.Int(0));
    return std::nullopt;
  }
  Job job = ToJob(row);
  ASSIGN_OR_RETURN(const bool complete,
                   ReadItems(db, damage, keys, row.Int(0), static_cast<size_t>(row.Int(11)), job));
  if (complete) return job;
  damage.Found(tables::kJob.name, row.Int(0));
  return std::nullopt;
}

// The job's place in the order, which it keeps when it is replaced.
absl::StatusOr<int64_t> SequenceOf(Db& db, const std::string& id) {
  return db.QueryInt("SELECT sequence FROM job WHERE id=?", Row{id});
}

}  // namespace

absl::Status WriteJob(Db& db, Damage& damage, const Job& job) {
  absl::StatusOr<int64_t> sequence = SequenceOf(db, job.id);
  if (absl::IsNotFound(sequence.status())) {
    sequence = db.QueryInt("SELECT ifnull(max(sequence),0)+1 FROM job");
    RETURN_IF_ERROR(sequence.status());
    RETURN_IF_ERROR(db.Insert(tables::kJob, ToRow(*sequence, job)));
  } else {
    RETURN_IF_ERROR(sequence.status());
    RETURN_IF_ERROR(db.Update(tables::kJob, "sequence=?1", ToRow(*sequence, job)));
    RETURN_IF_ERROR(db.Exec(absl::StrCat("DELETE FROM job_item WHERE job=", *sequence)));
  }
  for (size_t i = 0; i < job.items.size(); ++i) {
    ASSIGN_OR_RETURN(Row row, ToRow(db, damage, *sequence, i, job.items[i]));
    RETURN_IF_ERROR(db.Insert(tables::kJobItem, std::move(row)));
    RETURN_IF_ERROR(WriteVerification(db, *sequence, i, job.items[i]));
  }
  return absl::OkStatus();
}

absl::Status WriteJobItem(Db& db, Damage& damage, const Job& job, size_t index) {
  const absl::StatusOr<int64_t> sequence = SequenceOf(db, job.id);
  if (absl::IsNotFound(sequence.status())) {
    return absl::NotFoundError(absl::StrCat("no job ", job.id, " in this store"));
  }
  RETURN_IF_ERROR(sequence.status());
  ASSIGN_OR_RETURN(const int64_t count,
                   db.QueryInt("SELECT count(*) FROM job_item WHERE job=?", Row{*sequence}));
  RETURN_IF_ERROR(CheckItemCount(job, static_cast<size_t>(count)));
  RETURN_IF_ERROR(db.Update(tables::kJob, "sequence=?1", ToRow(*sequence, job)));
  ASSIGN_OR_RETURN(Row row, ToRow(db, damage, *sequence, index, job.items[index]));
  RETURN_IF_ERROR(db.Update(tables::kJobItem, "job=?1 AND position=?2", std::move(row)));
  return WriteVerification(db, *sequence, index, job.items[index]);
}

absl::Status EraseJobsEndedBefore(Db& db, int64_t unix_ms) {
  // An ended job has a time; 0 is one that goes on.
  return db.Exec(
      absl::StrCat("DELETE FROM job WHERE ended_unix_ms<>0 AND ended_unix_ms<", unix_ms));
}

absl::StatusOr<std::vector<Job>> ReadJobs(Db& db, Damage& damage) {
  ASSIGN_OR_RETURN(KeyReader keys, KeyReader::Create(db, damage));
  ASSIGN_OR_RETURN(Statement select, db.Prepare(Db::Select(tables::kJob) + "ORDER BY sequence"));
  std::vector<Job> jobs;
  for (;;) {
    ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return jobs;
    ASSIGN_OR_RETURN(std::optional<Job> job, ReadJob(db, damage, keys, select.Columns()));
    if (job) jobs.push_back(*std::move(job));
  }
}

}  // namespace tactic
