// What an inference engine does with tacticd, on the linear layers of a small language model: it
// links the client and the runners, registers the op, chooses a tactic for each layer and batch,
// and runs it. Compared with the fallback, which is what it would run without tuning.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "client/examples/layers.h"
#include "client/examples/measure.h"
#include "client/examples/report.h"
#include "tactic/client.h"
#include "tactic/host_runners.h"
#include "tactic/sdk/host.h"
#include "tactic/sdk/runner.h"

namespace tactic::examples {
namespace {

constexpr const char* kUsage =
    "usage: llama_layers [--target TARGET] [--name NAME] [--tune] [--lock FILE] [--json]\n"
    "       llama_layers --report FILE...\n"
    "Chooses and runs the linear layers of Llama-3.2-1B with 1 to 64 rows, and prints for each "
    "the\n"
    "chosen tactic, its time, the fallback's time, and where the answer came from.\n"
    "  --target TARGET  where tacticd listens (default: $TACTICD_TARGET, else its default socket)\n"
    "  --name NAME      this process's name in the report and in the daemon's log\n"
    "  --tune           first have the daemon tune what has no decision yet, and wait\n"
    "  --lock FILE      measure only while holding this lock, one process at a time\n"
    "  --json           a JSON object instead of a table\n"
    "  --report FILE... one table out of the --json of several processes; exit code 1 unless all\n"
    "                   chose the same and every result agreed\n";

struct Flags {
  ClientOptions client;
  bool tune = false;
  bool json = false;
  const char* lock = nullptr;
  std::vector<std::string> reports;
};

// nullopt: not understood.
std::optional<Flags> ParseFlags(int argc, char** argv) {
  Flags flags;
  flags.client.name = "llama_layers";
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--tune") {
      flags.tune = true;
    } else if (flag == "--json") {
      flags.json = true;
    } else if (i + 1 == argc) {
      return std::nullopt;  // All others take a value.
    } else if (flag == "--target") {
      flags.client.target = argv[++i];
    } else if (flag == "--name") {
      flags.client.name = argv[++i];
    } else if (flag == "--lock") {
      flags.lock = argv[++i];
    } else if (flag == "--report") {
      flags.reports.assign(argv + i + 1, argv + argc);
      break;
    } else {
      return std::nullopt;
    }
  }
  return flags;
}

// The gemm runners of this program, in its own order: the first one's default is the fallback.
std::vector<const sdk::Runner*> RunnersOf(const sdk::Registry& registry) {
  std::vector<const sdk::Runner*> runners;
  for (const char* name : {"host_blocked", "openblas"}) {
    const sdk::Runner* runner = registry.FindRunner("gemm", name);
    if (runner != nullptr) runners.push_back(runner);
  }
  return runners;
}

OpSpec GemmSpec(const std::vector<const sdk::Runner*>& runners) {
  OpSpec spec;
  spec.op = "gemm";
  spec.inputs = {{DType::kF32, Layout::kRowMajor}, {DType::kF32, Layout::kColMajor}};
  for (const sdk::Runner* runner : runners) spec.runners.push_back(runner->Id());
  DynamicDim rows;  // Of the activations: input 0, dimension 0.
  rows.buckets.rule = Buckets::Rule::kList;
  rows.buckets.list.assign(kRows.begin(), kRows.end());
  spec.dynamic = {rows};
  spec.tune_max = kRows.back();
  return spec;
}

const char* NameOf(Freshness freshness) {
  switch (freshness) {
    case Freshness::kFresh:
      return "fresh";
    case Freshness::kStale:
      return "stale";
    case Freshness::kOffline:
      return "offline";
  }
  return "?";
}

class Program {
 public:
  explicit Program(const Flags& flags) : flags_(flags), client_(flags.client) {
    RegisterHostRunners(registry_);
    runners_ = RunnersOf(registry_);
  }

  // The exit code.
  int Run() {
    const Result<OpHandle> registered = client_.Register(GemmSpec(runners_));
    if (!registered.ok()) {
      std::fprintf(stderr, "llama_layers: %s\n", registered.error().message.c_str());
      return 2;
    }
    if (!client_.WaitUntilReady(std::chrono::seconds(2))) {
      std::fprintf(stderr, "llama_layers: no daemon answers (%s); running on fallbacks\n",
                   client_.Statistics().last_error.c_str());
    }
    if (flags_.tune) Tune(*registered);
    const ProcessReport report = MeasureAll(*registered);
    const std::string text = flags_.json ? ToJson(report).dump() + "\n" : ProcessText(report);
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
  }

 private:
  void Tune(const OpHandle& gemm) {
    TuningScope scope(client_);
    for (const Layer& layer : kLayers) gemm.ChooseOne({{1, layer.in}, {layer.in, layer.out}});
    const TuneOutcome outcome = scope.Wait(std::chrono::minutes(30));
    std::fprintf(stderr, "llama_layers: tuned: %u decided, %u failed%s%s\n", outcome.decided,
                 outcome.failed, outcome.message.empty() ? "" : "; ", outcome.message.c_str());
  }

  ProcessReport MeasureAll(const OpHandle& gemm) {
    const Turn turn(flags_.lock);
    WeightPool weights(sdk::DetectHostDevice().cache_bytes);
    ProcessReport report;
    report.process = flags_.client.name;
    for (const Layer& layer : kLayers) {
      for (const int64_t rows : kRows) report.rows.push_back(RunLayer(gemm, layer, rows, weights));
    }
    const ClientStatistics statistics = client_.Statistics();
    report.freshness = NameOf(statistics.freshness);
    report.revision = statistics.revision;
    return report;
  }

  LayerRow RunLayer(const OpHandle& gemm, const Layer& layer, int64_t rows, WeightPool& weights) {
    const sdk::Op& op = *registry_.Find("gemm")->op;
    const Choice choice = gemm.ChooseOne({{rows, layer.in}, {layer.in, layer.out}});
    const Problem problem =
        MakeProblem(op.Schema(), {{"m", rows}, {"k", layer.in}, {"n", layer.out}}, DType::kF32,
                    {{"b", Layout::kColMajor}}, {})
            .value();
    const sdk::Runner& runner = *runners_[static_cast<size_t>(choice.runner)];
    LayerRow row{
        layer.name,         rows, layer.in, layer.out, "", choice.hit ? "table" : "fallback",
        choice.decision_id, 0,    0,        true};
    row.chosen = ToText(Candidate{runner.Id(), choice.tactic()});
    // The default works for every problem of the op.
    const auto fallback = runners_[0]->Prepare(problem, {}).value();
    auto chosen = runner.Prepare(problem, choice.tactic());
    if (!chosen.ok()) {
      std::fprintf(stderr, "llama_layers: cannot run %s: %s; running the fallback\n",
                   row.chosen.c_str(), chosen.error().message.c_str());
      row.source = "fallback";
      row.chosen = ToText(Candidate{runners_[0]->Id(), {}});
      chosen = runners_[0]->Prepare(problem, {});
    }
    const Comparison times = Compare(op, problem, **chosen, *fallback, weights, CompareOptions());
    row.chosen_ns = times.chosen_ns;
    row.fallback_ns = times.fallback_ns;
    row.agree = times.largest_difference <= 1;
    return row;
  }

  const Flags& flags_;
  sdk::Registry registry_;
  std::vector<const sdk::Runner*> runners_;
  Client client_;
};

int Report(const std::vector<std::string>& files) {
  std::vector<ProcessReport> reports;
  for (const std::string& file : files) {
    std::ifstream in(file);
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    auto report = ParseReport(text);
    if (!report.ok() || report->rows.size() != kLayers.size() * kRows.size()) {
      std::fprintf(stderr, "llama_layers: %s: %s\n", file.c_str(),
                   report.ok() ? "not the report of a whole run" : report.error().message.c_str());
      return 2;
    }
    reports.push_back(std::move(report).value());
  }
  bool good = false;
  std::fputs(CombinedText(reports, &good).c_str(), stdout);
  return good ? 0 : 1;
}

int Main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--help") == 0) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  const std::optional<Flags> flags = ParseFlags(argc, argv);
  if (!flags) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  if (!flags->reports.empty()) return Report(flags->reports);
  Program program(*flags);
  return program.Run();
}

}  // namespace
}  // namespace tactic::examples

int main(int argc, char** argv) { return tactic::examples::Main(argc, argv); }
