#include "client/tools/vectors.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "client/cache/profile.h"
#include "client/tools/expression.h"

namespace tactic::tools {
namespace {

using cache_internal::Profile;

constexpr size_t kMostProfiles = 1 << 20;  // Of one case.

// What is wrong with a file. Stays within this source: the public functions give an Error.
struct Malformed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A part of the file, with the way to it.
class Part {
 public:
  Part(const Json& json, std::string path) : json_(json), path_(std::move(path)) {}

  const Json& json() const { return json_; }

  [[noreturn]] void Fail(const std::string& what) const {
    throw Malformed((path_.empty() ? "the case" : path_) + " " + what);
  }
  Part At(const char* name) const {
    if (!json_.is_object()) Fail("is not an object");
    const auto found = json_.find(name);
    const std::string path = path_.empty() ? name : path_ + "." + name;
    if (found == json_.end()) throw Malformed(path + " is missing");
    return {*found, path};
  }
  std::vector<Part> Items() const {
    if (!json_.is_array()) Fail("is not a list");
    std::vector<Part> items;
    for (size_t i = 0; i < json_.size(); ++i) {
      items.push_back({json_[i], path_ + "[" + std::to_string(i) + "]"});
    }
    return items;
  }
  int64_t Integer(int64_t low, int64_t high) const {
    const bool fits = json_.is_number_integer() &&
                      (!json_.is_number_unsigned() || json_.get<uint64_t>() <= INT64_MAX);
    if (!fits || json_.get<int64_t>() < low || json_.get<int64_t>() > high) {
      Fail("is " + json_.dump() + "; must be a whole number from " + std::to_string(low) + " to " +
           std::to_string(high));
    }
    return json_.get<int64_t>();
  }
  int64_t Size() const { return Integer(0, limits::kDim); }
  std::vector<int64_t> Sizes() const {
    std::vector<int64_t> sizes;
    for (const Part& item : Items()) sizes.push_back(item.Size());
    return sizes;
  }
  std::string Text() const {
    if (!json_.is_string()) Fail("is not a text");
    return json_.get<std::string>();
  }
  bool Flag() const {
    if (!json_.is_boolean()) Fail("is not true or false");
    return json_.get<bool>();
  }

 private:
  const Json& json_;
  std::string path_;
};

Shapes ReadShapes(const Part& part) {
  Shapes shapes;
  for (const Part& input : part.Items()) {
    shapes.push_back(input.json().is_null() ? std::vector<int64_t>{0} : input.Sizes());
  }
  return shapes;
}

Buckets ReadBuckets(const Part& part) {
  using Rule = Buckets::Rule;
  if (part.json().is_array()) return {Rule::kList, part.Sizes()};
  const Part kind = part.At("kind");
  if (kind.Text() == "power_of_2") return {Rule::kPowersOfTwo};
  if (kind.Text() == "last_power_of_2") return {Rule::kLastPowersOfTwo};
  if (kind.Text() == "multiples") return {Rule::kMultiples, {}, part.At("step").Size()};
  kind.Fail("is " + kind.json().dump() + "; power_of_2, last_power_of_2 or multiples");
}

Mapper ReadMapper(const Part& part) {
  using Rule = Mapper::Rule;
  const Part kind = part.At("kind");
  const std::string name = kind.Text();
  if (name == "identity") return {Rule::kIdentity};
  if (name == "next_power_of_2") return {Rule::kNextPowerOfTwo};
  if (name == "last_power_of_2") return {Rule::kLastPowerOfTwo};
  if (name == "round_up") return {Rule::kRoundUp, part.At("multiple").Size()};
  if (name == "floor_div") return {Rule::kFloorDivide, part.At("by").Size()};
  if (name == "floor_to") return {Rule::kFloorTo, 1, part.At("buckets").Sizes()};
  if (name == "ceil_to") return {Rule::kCeilTo, 1, part.At("buckets").Sizes()};
  kind.Fail("is " + kind.json().dump() +
            "; identity, next_power_of_2, last_power_of_2, round_up, floor_div, floor_to or "
            "ceil_to");
}

Constraint ReadConstraint(const Part& part, int input, int dim) {
  auto expression = Expression::Parse(part.At("expr").Text());
  if (!expression.ok()) part.At("expr").Fail(expression.error().message);
  return {input, dim, [parsed = std::move(expression).value()](const Shapes& shapes) {
            return parsed.Evaluate(shapes);
          }};
}

// Calls `take(part, input, dim)` for each item; one of a dimension that is not there is ignored, as
// the ancestor does.
template <typename Take>
void ForEachPlace(const Part& list, const Shapes& shapes, Take take) {
  for (const Part& part : list.Items()) {
    const int64_t input = part.At("input").Integer(INT32_MIN, INT32_MAX);
    const int64_t dim = part.At("dim").Integer(INT32_MIN, INT32_MAX);
    const bool known = input >= 0 && input < static_cast<int64_t>(shapes.size()) && dim >= 0;
    if (known) take(part, static_cast<int>(input), static_cast<int>(dim));
  }
}

OpSpec ReadSpec(const Part& part, const Shapes& shapes) {
  OpSpec spec;
  spec.dialect = Dialect::kAncestor;
  spec.inputs.resize(shapes.size());
  ForEachPlace(part.At("dynamic"), shapes, [&](const Part& item, int input, int dim) {
    spec.dynamic.push_back(
        {input, dim, ReadBuckets(item.At("buckets")), ReadMapper(item.At("map"))});
  });
  ForEachPlace(part.At("constraints"), shapes, [&](const Part& item, int input, int dim) {
    spec.constraints.push_back(ReadConstraint(item, input, dim));
  });
  const Part tune_max = part.At("tune_max");
  if (!tune_max.json().is_null()) spec.tune_max = tune_max.Size();
  const Check ready = cache_internal::PrepareProfileRules(spec);
  if (!ready.ok()) throw Malformed(ready.error().message);
  return spec;
}

VectorCase ReadParts(const Part& part) {
  VectorCase read;
  read.shapes = ReadShapes(part.At("shapes"));
  read.spec = ReadSpec(part, read.shapes);
  const Part expect = part.At("expect");
  expect.At("profiles").Items();
  expect.At("profile_keys").Items();
  read.profiles = expect.At("profiles").json();
  read.key = expect.At("key").json();
  read.profile_keys = expect.At("profile_keys").json();
  read.hit_after_tuning = expect.At("hit_after_tuning").Flag();
  for (const Part& item : expect.At("lookups").Items()) {
    Lookup lookup{ReadShapes(item.At("shapes")), item.At("key").json(), item.At("hit").Flag()};
    if (lookup.shapes.size() != read.shapes.size()) {
      item.At("shapes").Fail("has another number of inputs than the case");
    }
    read.lookups.push_back(std::move(lookup));
  }
  return read;
}

Json ToJson(const Dim& dim) {
  if (dim == Dim::Static(dim.opt)) return dim.opt;
  return {{"min", dim.min},
          {"opt", dim.opt},
          {"max", dim.max == kUnbounded ? Json(nullptr) : Json(dim.max)}};
}

Json ToJson(const Profile& profile) {
  Json inputs = Json::array();
  for (const auto& dims : profile.dims) {
    Json input = Json::array();
    for (const Dim& dim : dims) input.push_back(ToJson(dim));
    inputs.push_back(std::move(input));
  }
  return inputs;
}

void Compare(const std::string& what, const Json& is, const Json& expected,
             std::vector<std::string>& out) {
  if (is == expected) return;
  out.push_back(what + " is " + is.dump() + ", expected " + expected.dump());
}

// Element by element, so that what differs is seen.
void CompareLists(const std::string& what, const Json& is, const Json& expected,
                  std::vector<std::string>& out) {
  if (is.size() != expected.size()) {
    out.push_back(what + ": " + std::to_string(is.size()) + ", expected " +
                  std::to_string(expected.size()));
  }
  for (size_t i = 0; i < std::min(is.size(), expected.size()); ++i) {
    Compare(what + "[" + std::to_string(i) + "]", is[i], expected[i], out);
  }
}

}  // namespace

Result<Json> CasesOf(const std::string& text) {
  Json file;
  try {
    file = Json::parse(text);
  } catch (const Json::exception& e) {
    return InvalidArgument(std::string("not JSON: ") + e.what());
  }
  if (!file.is_object() || !file.contains("cases") || !file["cases"].is_array()) {
    return InvalidArgument("not a file of profile vectors: no list 'cases' at its top");
  }
  if (!file.contains("format") || file["format"] != 1) {
    return InvalidArgument("'format' is " + file.value("format", Json()).dump() +
                           "; this program reads 1");
  }
  return std::move(file["cases"]);
}

Result<VectorCase> ReadCase(const Json& json) {
  try {
    return ReadParts(Part(json, ""));
  } catch (const Malformed& e) {
    return InvalidArgument(e.what());
  }
}

std::vector<std::string> Differences(const VectorCase& expected) {
  const OpSpec& spec = expected.spec;
  const auto profiles = cache_internal::ProfilesOf(spec, expected.shapes, kMostProfiles);
  if (!profiles.ok()) return {"no profiles: " + profiles.error().message};
  std::vector<std::string> out;
  Json all = Json::array();
  Json keys = Json::array();
  for (const Profile& profile : *profiles) {
    all.push_back(ToJson(profile));
    keys.push_back(profile.key);
  }
  const auto hits = [&](const Shapes& key) {
    return std::any_of(profiles->begin(), profiles->end(),
                       [&](const Profile& profile) { return profile.key == key; });
  };
  CompareLists("profiles", all, expected.profiles, out);
  CompareLists("profile_keys", keys, expected.profile_keys, out);
  const Shapes key = cache_internal::KeyOf(spec, expected.shapes).value();
  Compare("key", key, expected.key, out);
  Compare("hit_after_tuning", hits(key), expected.hit_after_tuning, out);
  for (size_t i = 0; i < expected.lookups.size(); ++i) {
    const Lookup& lookup = expected.lookups[i];
    const std::string what = "lookups[" + std::to_string(i) + "]";
    const Shapes asked = cache_internal::KeyOf(spec, lookup.shapes).value();
    Compare(what + ".key", asked, lookup.key, out);
    Compare(what + ".hit", hits(asked), lookup.hit, out);
  }
  return out;
}

}  // namespace tactic::tools
