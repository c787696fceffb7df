#include "tests/cli/fixtures.h"

#include "proto/convert/convert.h"

namespace tactic::cli {

OpSchema GemmSchema() {
  const std::vector<DType> dtypes = {DType::kF32, DType::kF64};
  return {"gemm",
          {{"a", {"m", "k"}, dtypes, {Layout::kRowMajor}, false},
           {"b", {"k", "n"}, dtypes, {Layout::kRowMajor, Layout::kColMajor}, true}},
          {{"alpha", 1.0}}};
}

Schemas GemmSchemas() {
  v1::GetServerInfoResponse info;
  convert::ToProto(GemmSchema(), info.add_lanes()->add_ops()->mutable_schema());
  return Schemas(info);
}

Problem Gemm(int64_t m, int64_t n, int64_t k) {
  return MakeProblem(GemmSchema(), {{"m", m}, {"n", n}, {"k", k}}, std::nullopt, {}, {}).value();
}

Candidate Blocked(int64_t kc) { return {{"host_blocked", "1"}, {{"kc", kc}}}; }
Candidate BlockedDefault() { return {{"host_blocked", "1"}, {}}; }

Decision GemmDecision(uint64_t id, const Problem& problem) {
  Decision decision;
  decision.id = id;
  decision.revision = id;
  decision.key.problem = problem;
  decision.key.policy = Resolve({}, DeviceKind::kHost);
  decision.key.environment.device.arch = "GenuineIntel-6-207-avx512";
  decision.ranking = {{Blocked(256), 100e3, 99e3, 102e3}};
  decision.default_ns = 150e3;
  decision.created_unix_ms = 1763870706000;
  return decision;
}

v1::Job GemmJob(int problems) {
  v1::Job job;
  job.set_id("j-7");
  job.set_state(v1::JOB_STATE_RUNNING);
  for (int i = 0; i < problems; ++i) {
    v1::Contest* contest = job.add_contests();
    convert::ToProto(Gemm(i + 1, 64, 32), contest->mutable_problem());
    contest->set_state(v1::CONTEST_STATE_QUEUED);
  }
  job.set_contests_total(static_cast<uint32_t>(problems));
  return job;
}

}  // namespace tactic::cli
