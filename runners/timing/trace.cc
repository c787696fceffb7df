#include "runners/timing/trace.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <tuple>

#include "tactic/model/problem.h"

namespace tactic::timing {
namespace {

constexpr size_t kLineBytes = size_t{1} << 20;
// Of a trace without a header.
const std::vector<std::string> kUsualSettings = {"algo_id", "tile",   "stages",  "splitk",
                                                 "swizzle", "custom", "cluster", "workspace"};
constexpr std::string_view kLayout =
    "mode,m,n,k,candidate,algo_id,tile,stages,splitk,swizzle,custom,cluster,workspace,samples_us…";

struct Row {
  std::string mode;
  int64_t m = 0;
  int64_t n = 0;
  int64_t k = 0;
  int64_t candidate = 0;
  TraceRow row;
};

// The fields of one line, taken from the left. Remembers the first thing that was wrong.
class Fields {
 public:
  explicit Fields(std::string_view line) : rest_(line) {}

  bool done() const { return done_; }
  const std::string& problem() const { return problem_; }

  std::string_view Text(std::string_view name) {
    if (done_) {
      Complain(std::string(name) + " is missing; a row is " + std::string(kLayout));
      return {};
    }
    const size_t comma = rest_.find(',');
    const std::string_view field = rest_.substr(0, comma);
    done_ = comma == std::string_view::npos;
    if (!done_) rest_.remove_prefix(comma + 1);
    return field;
  }

  template <typename Number>
  Number Parse(std::string_view name) {
    const std::string_view field = Text(name);
    Number number{};
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
    if (error != std::errc{} || end != field.data() + field.size()) {
      Complain(std::string(name) + " is '" + std::string(field.substr(0, 40)) +
               "'; it must be a number");
    }
    return number;
  }

  // A whole number if it looks like one, else text; nullopt: empty, or the row has ended: the
  // candidate has no such setting.
  std::optional<Value> Setting(std::string_view name) {
    if (done_) return std::nullopt;
    const std::string_view field = Text(name);
    if (field.empty()) return std::nullopt;
    int64_t number = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
    if (error == std::errc{} && end == field.data() + field.size()) return number;
    return std::string(field);
  }

  void Complain(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

 private:
  std::string_view rest_;
  bool done_ = false;
  std::string problem_;
};

Row ParseRow(Fields& fields, const std::vector<std::string>& settings) {
  Row row;
  row.mode = fields.Text("mode");
  if (row.mode.empty()) fields.Complain("mode is empty; it must be a name such as cold or warm");
  row.m = fields.Parse<int64_t>("m");
  row.n = fields.Parse<int64_t>("n");
  row.k = fields.Parse<int64_t>("k");
  row.candidate = fields.Parse<int64_t>("candidate");
  const bool usual = settings == kUsualSettings;
  for (const std::string& setting : settings) {
    if (usual) {
      row.row.configuration.Set(setting, fields.Parse<int64_t>(setting));
    } else if (std::optional<Value> value = fields.Setting(setting)) {
      row.row.configuration.Set(setting, *std::move(value));
    }
  }
  while (!fields.done() && fields.problem().empty()) {
    const size_t number = row.row.samples_us.size() + 1;
    row.row.samples_us.push_back(fields.Parse<float>("sample " + std::to_string(number)));
  }
  return row;
}

// Puts `row` behind the others of its problem. What is wrong with its place, if anything.
std::optional<std::string> Append(Row row, std::vector<TraceProblem>& problems) {
  const auto same = [&row](const TraceProblem& p) {
    return std::tie(p.mode, p.m, p.n, p.k) == std::tie(row.mode, row.m, row.n, row.k);
  };
  if (problems.empty() || !same(problems.back())) {
    if (std::any_of(problems.begin(), problems.end(), same)) {
      return "the problem's other rows are further up; rows of a problem must stand together";
    }
    problems.push_back({row.mode, row.m, row.n, row.k, {}});
  }
  auto& rows = problems.back().rows;
  if (row.candidate < 0 || static_cast<uint64_t>(row.candidate) != rows.size()) {
    return "candidate is " + std::to_string(row.candidate) + "; the next one of this problem is " +
           std::to_string(rows.size());
  }
  if (rows.size() >= limits::kCandidates) {
    return "the problem has more than " + std::to_string(limits::kCandidates) + " candidates";
  }
  rows.push_back(std::move(row.row));
  return std::nullopt;
}

// The settings that a header names: between `candidate` and the first column of samples.
std::vector<std::string> SettingsOf(std::string_view header) {
  constexpr size_t kBefore = 5;
  std::vector<std::string> settings;
  Fields fields(header);
  for (size_t column = 0; !fields.done(); ++column) {
    const std::string_view name = fields.Text("column");
    if (name.starts_with("samples")) return settings;
    if (column >= kBefore) settings.emplace_back(name);
  }
  return kUsualSettings;  // It does not say where samples begin.
}

Error AtLine(size_t number, const std::string& what) {
  return InvalidArgument("trace, line " + std::to_string(number) + ": " + what);
}

}  // namespace

std::string ToText(const TraceProblem& problem) {
  return problem.mode + " m=" + std::to_string(problem.m) + " n=" + std::to_string(problem.n) +
         " k=" + std::to_string(problem.k);
}

Result<std::vector<TraceProblem>> ReadTrace(std::istream& text) {
  std::vector<TraceProblem> problems;
  std::vector<std::string> settings = kUsualSettings;
  std::string line;
  for (size_t number = 1; std::getline(text, line); ++number) {
    if (line.size() > kLineBytes) {
      return AtLine(number, "is " + std::to_string(line.size()) + " bytes long; at most " +
                                std::to_string(kLineBytes));
    }
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (number == 1 && line.starts_with("mode,")) {
      settings = SettingsOf(line);
      continue;
    }
    line.erase(line.find_last_not_of(',') + 1);
    if (line.empty()) continue;
    Fields fields(line);
    Row row = ParseRow(fields, settings);
    if (!fields.problem().empty()) return AtLine(number, fields.problem());
    if (auto misplaced = Append(std::move(row), problems)) return AtLine(number, *misplaced);
  }
  if (text.bad()) return Error{ErrorCode::kUnavailable, "trace: reading failed"};
  if (problems.empty()) return InvalidArgument("trace: no rows; a row is " + std::string(kLayout));
  return problems;
}

}  // namespace tactic::timing
