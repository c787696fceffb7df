#include "client/cli/profile_flags.h"

#include <algorithm>
#include <utility>

#include "client/cli/format.h"
#include "client/cli/problem_flags.h"
#include "client/cli/spec.h"
#include "tactic/cache.h"

namespace tactic::cli {
namespace {

// "name:argument"; without a colon no argument.
std::pair<std::string, std::string> CutArgument(const std::string& text) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return {text, ""};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

Result<int64_t> OneSize(const std::string& what, const std::string& text) {
  const auto sizes = ParseSizes(text);
  if (!sizes.ok()) return InvalidArgument(what + ": " + sizes.error().message);
  if (sizes->size() != 1) {
    return InvalidArgument(what + ": '" + text + "' is " + Plural(sizes->size(), "size") +
                           "; give one");
  }
  return sizes->front();
}

Result<Buckets> ParseBuckets(const std::string& text) {
  using Rule = Buckets::Rule;
  const auto [rule, argument] = CutArgument(text);
  if (text == "pow2") return Buckets{Rule::kPowersOfTwo};
  if (text == "last_pow2") return Buckets{Rule::kLastPowersOfTwo};
  if (text == "met") return Buckets{Rule::kList};
  if (rule == "multiples") {
    const auto step = OneSize("multiples", argument);
    if (!step.ok()) return step.error();
    return Buckets{Rule::kMultiples, {}, *step};
  }
  auto list = ParseSizes(text);
  if (!list.ok()) {
    return InvalidArgument("buckets '" + text +
                           "' are neither pow2, last_pow2, multiples:N, met nor sizes (" +
                           list.error().message + ")");
  }
  return Buckets{Rule::kList, std::move(list).value()};
}

Mapper FittingMapper(const Buckets& buckets) {
  using Rule = Mapper::Rule;
  switch (buckets.rule) {
    case Buckets::Rule::kLastPowersOfTwo:
      return {Rule::kLastPowerOfTwo};
    case Buckets::Rule::kMultiples:
      return {Rule::kRoundUp, buckets.step};
    case Buckets::Rule::kList:
      if (buckets.list.empty()) return {Rule::kIdentity};
      return {Rule::kCeilTo, 1, buckets.list};
    case Buckets::Rule::kPowersOfTwo:
    case Buckets::Rule::kFunction:
      break;
  }
  return {Rule::kNextPowerOfTwo};
}

Result<Mapper> ParseMapper(const std::string& text, const Buckets& buckets) {
  using Rule = Mapper::Rule;
  const auto [name, argument] = CutArgument(text);
  if (text == "identity") return Mapper{Rule::kIdentity};
  if (text == "next_pow2") return Mapper{Rule::kNextPowerOfTwo};
  if (text == "last_pow2") return Mapper{Rule::kLastPowerOfTwo};
  if (name == "round_up" || name == "floor_div") {
    const auto step = OneSize(name, argument);
    if (!step.ok()) return step.error();
    return Mapper{name == "round_up" ? Rule::kRoundUp : Rule::kFloorDivide, *step};
  }
  if (name == "floor_to" || name == "ceil_to") {
    const auto list = argument.empty() ? Result(buckets.list) : ParseSizes(argument);
    if (!list.ok()) return InvalidArgument(name + ": " + list.error().message);
    return Mapper{name == "floor_to" ? Rule::kFloorTo : Rule::kCeilTo, 1, *list};
  }
  return InvalidArgument(
      "unknown mapper '" + text +
      "'; identity, next_pow2, last_pow2, round_up:N, floor_div:N, floor_to[:LIST] "
      "or ceil_to[:LIST]");
}

// Where the dimension is: input and position, the first one first.
std::vector<std::pair<int, int>> PlacesOf(const OpSchema& schema, const std::string& name) {
  std::vector<std::pair<int, int>> places;
  for (size_t i = 0; i < schema.inputs.size(); ++i) {
    const auto& dims = schema.inputs[i].dims;
    for (size_t d = 0; d < dims.size(); ++d) {
      if (dims[d] == name) places.emplace_back(static_cast<int>(i), static_cast<int>(d));
    }
  }
  return places;
}

// The first place is dynamic, the others follow from it.
Check AddDynamic(const OpSchema& schema, const std::string& flag, OpSpec& spec) {
  auto parsed = ParseDynamic(flag);
  if (!parsed.ok()) return InvalidArgument("--dynamic " + flag + ": " + parsed.error().message);
  auto& [name, dynamic] = *parsed;
  const auto places = PlacesOf(schema, name);
  if (places.empty()) {
    return InvalidArgument("--dynamic " + flag + ": " + schema.op + " has no dimension '" + name +
                           "'");
  }
  const auto [input, dim] = places.front();
  dynamic.input = input;
  dynamic.dim = dim;
  spec.dynamic.push_back(std::move(dynamic));
  for (size_t p = 1; p < places.size(); ++p) {
    spec.constraints.push_back(
        {places[p].first, places[p].second, [from = places.front()](const Shapes& shapes) {
           return shapes[from.first][from.second];
         }});
  }
  return Ok();
}

Result<OpSpec> SpecOf(const OpSchema& schema, const ProfilesFlags& flags) {
  OpSpec spec;
  spec.op = schema.op;
  spec.inputs.resize(schema.inputs.size());
  spec.runners = {{"any", ""}};  // Profiles do not depend on it.
  spec.dialect = flags.ancestor ? Dialect::kAncestor : Dialect::kStrict;
  for (const std::string& flag : flags.dynamic) {
    if (Check added = AddDynamic(schema, flag, spec); !added.ok()) return added.error();
  }
  if (!flags.tune_max.empty()) {
    const auto most = OneSize("--tune-max", flags.tune_max);
    if (!most.ok()) return most.error();
    spec.tune_max = *most;
  }
  return spec;
}

Shapes ShapesOf(const OpSchema& schema, const Explained::Sizes& sizes) {
  Shapes shapes;
  for (const InputSchema& input : schema.inputs) {
    auto& shape = shapes.emplace_back();
    for (const std::string& dim : input.dims) shape.push_back(sizes.at(dim));
  }
  return shapes;
}

// One size for each dimension of the op.
Result<Explained::Sizes> SizesAtHand(const OpSchema& schema, const ProfilesFlags& flags) {
  const auto all = ParseNamedSizes(schema, flags.dims);
  if (!all.ok()) return all.error();
  Explained::Sizes sizes;
  for (const auto& [name, list] : *all) {
    if (list.size() != 1) {
      return InvalidArgument("--" + name + ": " + Plural(list.size(), "size") +
                             "; give the one at hand, and those to look up with --at " + name +
                             "=…");
    }
    sizes[name] = list.front();
  }
  for (const std::string& name : DimNames(schema)) {
    if (!sizes.contains(name)) {
      return InvalidArgument("--" + name + " is missing: the size at hand of each dimension");
    }
  }
  return sizes;
}

Json SizeOf(const Dim& dim, bool dynamic) {
  if (!dynamic) return dim.opt;
  return {{"min", dim.min},
          {"opt", dim.opt},
          {"max", dim.max == kUnbounded ? Json(nullptr) : Json(dim.max)}};
}

Json KeyOf(const Problem& problem) {
  Json key = Json::array();
  for (const Tensor& input : problem.inputs) {
    Json sizes = Json::array();
    for (const Dim& dim : input.dims) sizes.push_back(dim.KeySize());
    key.push_back(std::move(sizes));
  }
  return key;
}

bool IsRange(const Dim& dim) { return dim.min != dim.max; }

Json InputsOf(const Problem& problem) {
  Json inputs = Json::array();
  for (const Tensor& input : problem.inputs) {
    Json sizes = Json::array();
    for (const Dim& dim : input.dims) sizes.push_back(SizeOf(dim, IsRange(dim)));
    inputs.push_back(std::move(sizes));
  }
  return inputs;
}

// "8", "4..8", "8..": the size and what it stands for.
std::string RangeText(const Dim& dim) {
  if (!IsRange(dim)) return std::to_string(dim.opt);
  return std::to_string(dim.min) + ".." + (dim.max == kUnbounded ? "" : std::to_string(dim.max));
}

std::string SizesText(const OpSchema& schema, const Explained::Sizes& sizes) {
  std::string text;
  for (const std::string& name : DimNames(schema)) {
    text += (text.empty() ? "" : " ") + name + "=" + std::to_string(sizes.at(name));
  }
  return text;
}

}  // namespace

Result<OpSchema> SchemaOfInputs(const ProfilesFlags& flags) {
  OpSchema schema;
  schema.op = flags.op;
  for (size_t i = 0; i < flags.inputs.size(); ++i) {
    InputSchema input;
    input.name = "input" + std::to_string(i);
    input.dims = Split(flags.inputs[i], ',');
    input.dtypes = {DType::kF32};
    input.layouts = {Layout::kRowMajor};
    schema.inputs.push_back(std::move(input));
  }
  if (Check sound = CheckSchema("--input: ", schema); !sound.ok()) return sound.error();
  return schema;
}

Result<std::pair<std::string, DynamicDim>> ParseDynamic(const std::string& text) {
  const size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const std::string rules = equals == std::string::npos ? "pow2" : text.substr(equals + 1);
  const size_t slash = rules.find('/');
  auto buckets = ParseBuckets(rules.substr(0, slash));
  if (!buckets.ok()) return buckets.error();
  auto mapper = slash == std::string::npos ? Result(FittingMapper(*buckets))
                                           : ParseMapper(rules.substr(slash + 1), *buckets);
  if (!mapper.ok()) return mapper.error();
  DynamicDim dynamic{0, 0, std::move(buckets).value(), std::move(mapper).value()};
  return std::pair(name, std::move(dynamic));
}

Result<Explained> Explain(const OpSchema& schema, const ProfilesFlags& flags) {
  const auto spec = SpecOf(schema, flags);
  if (!spec.ok()) return spec.error();
  const auto at_hand = SizesAtHand(schema, flags);
  if (!at_hand.ok()) return at_hand.error();
  const auto asked = ParseNamedSizes(schema, flags.at);
  if (!asked.ok()) return InvalidArgument("--at: " + asked.error().message);
  const auto lookups = CartesianProduct(*asked);
  if (!lookups.ok()) return lookups.error();
  Cache cache;
  const auto op = cache.Register(*spec);
  if (!op.ok()) return op.error();
  auto profiles = op->Profiles(ShapesOf(schema, *at_hand));
  if (!profiles.ok()) return profiles.error();

  Explained explained{schema, std::move(profiles).value(), {}};
  for (const Explained::Sizes& some : *lookups) {
    Explained::Sizes sizes = some;
    sizes.insert(at_hand->begin(), at_hand->end());
    auto problem = op->ProblemOf(ShapesOf(schema, sizes));
    if (!problem.ok()) return problem.error();
    const auto found =
        std::find_if(explained.profiles.begin(), explained.profiles.end(),
                     [&](const Problem& known) { return KeyOf(known) == KeyOf(*problem); });
    std::optional<size_t> profile;
    if (found != explained.profiles.end()) {
      profile = static_cast<size_t>(found - explained.profiles.begin()) + 1;
    }
    explained.lookups.push_back({std::move(sizes), std::move(problem).value(), profile});
  }
  return explained;
}

std::string TextOf(const Explained& explained) {
  const std::vector<std::string> names = DimNames(explained.schema);
  std::vector<Table::Column> columns = {{"profile", Table::Align::kRight}};
  for (const std::string& name : names) columns.push_back({name});
  Table profiles(columns);
  for (size_t i = 0; i < explained.profiles.size(); ++i) {
    std::vector<std::string> row = {std::to_string(i + 1)};
    for (const std::string& name : names) {
      const auto [input, dim] = PlacesOf(explained.schema, name).front();
      row.push_back(RangeText(explained.profiles[i].inputs[input].dims[dim]));
    }
    profiles.Add(std::move(row));
  }
  Table lookups({{"size"}, {"is looked up as"}, {"and finds"}});
  for (const Explained::Lookup& lookup : explained.lookups) {
    lookups.Add({SizesText(explained.schema, lookup.sizes),
                 SizesText(explained.schema, SizesByName(explained.schema, lookup.problem)),
                 lookup.profile ? "profile " + std::to_string(*lookup.profile) : "nothing"});
  }
  return profiles.Render(0) + "\n" + lookups.Render(0);
}

Json ToJson(const Explained& explained) {
  Json profiles = Json::array();
  for (const Problem& profile : explained.profiles) {
    profiles.push_back({{"sizes", SizesByName(explained.schema, profile)},
                        {"inputs", InputsOf(profile)},
                        {"key", KeyOf(profile)}});
  }
  Json lookups = Json::array();
  for (const Explained::Lookup& lookup : explained.lookups) {
    lookups.push_back({{"sizes", lookup.sizes},
                       {"key", KeyOf(lookup.problem)},
                       {"hit", lookup.profile.has_value()},
                       {"profile", lookup.profile ? Json(*lookup.profile) : Json(nullptr)}});
  }
  return {{"op", explained.schema.op},
          {"profiles", std::move(profiles)},
          {"lookups", std::move(lookups)}};
}

}  // namespace tactic::cli
