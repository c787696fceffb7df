// The reading half of codec.h.
#include <algorithm>

#include "proto/model/bytes.h"
#include "tactic/model/codec.h"

namespace tactic {
namespace {

using internal::ByteReader;
using internal::kDimDerived;
using internal::kDimRanged;

// The fewest bytes that an item takes: bounds the counts that a decoder believes.
constexpr size_t kLeastValue = 2;
constexpr size_t kLeastParameter = 3;
constexpr size_t kLeastDim = 2;
constexpr size_t kLeastTensor = 3;
constexpr size_t kLeastComponent = 2;
constexpr size_t kLeastRanked = 27;
constexpr size_t kLeastSample = 5;
constexpr size_t kLeastShape = 1;
constexpr size_t kLeastSize = 1;

// What is left of a set of parameters while it is read, so that neither the stack nor the memory
// follows what damaged bytes say.
struct Room {
  size_t depth = limits::kValueDepth;
  size_t values = limits::kValues;
};

Parameters ReadParameters(ByteReader& in, Room& room);

ValueList ReadList(ByteReader& in, Room& room);

// `read` with one level less.
template <typename Read>
auto Nested(ByteReader& in, Room& room, Read read) -> decltype(read(in, room)) {
  if (room.depth == 0) {
    in.Fail("values are nested too deep");
    return {};
  }
  --room.depth;
  auto value = read(in, room);
  ++room.depth;
  return value;
}

Value ReadValue(ByteReader& in, Room& room) {
  switch (in.Byte()) {
    case 0:
      return in.Signed();
    case 1:
      return in.Bool();
    case 2:
      return in.Double();
    case 3:
      return in.Text(limits::kValueBytes);
    case 4:
      return Nested(in, room, ReadList);
    case 5:
      return Nested(in, room, ReadParameters);
    default:
      in.Fail("unknown type of value");
      return {};
  }
}

// How many values follow, taken from the room.
size_t TakeCount(ByteReader& in, size_t limit, size_t least_bytes, Room& room) {
  const size_t count = in.Count(std::min(limit, room.values), least_bytes);
  room.values -= count;
  return count;
}

ValueList ReadList(ByteReader& in, Room& room) {
  ValueList list;
  list.items.resize(TakeCount(in, limits::kValues, kLeastValue, room));
  for (Value& item : list.items) item = ReadValue(in, room);
  return list;
}

Parameters ReadParameters(ByteReader& in, Room& room) {
  std::vector<Parameter> items(TakeCount(in, limits::kValues, kLeastParameter, room));
  const std::string* previous = nullptr;
  for (Parameter& item : items) {
    item.name = in.Text(limits::kNameBytes);
    item.value = ReadValue(in, room);
    if (previous != nullptr && *previous >= item.name) in.Fail("parameters are not sorted");
    previous = &item.name;
  }
  return in.ok() ? Parameters(std::move(items)) : Parameters();
}

Parameters ReadParameters(ByteReader& in) {
  Room room;
  return ReadParameters(in, room);
}

Dim ReadDim(ByteReader& in) {
  const uint8_t bits = in.Byte();
  if ((bits & ~(kDimDerived | kDimRanged)) != 0) in.Fail("unknown bits of a dimension");
  Dim dim = Dim::Static(in.Signed());
  dim.derived = (bits & kDimDerived) != 0;
  if ((bits & kDimRanged) == 0) return dim;
  dim.min = in.Signed();
  dim.max = in.Signed();
  if (dim.min == dim.opt && dim.max == dim.opt) in.Fail("range of a static dimension");
  return dim;
}

Problem ReadProblem(ByteReader& in) {
  Problem problem;
  problem.op = in.Text(limits::kNameBytes);
  problem.attributes = ReadParameters(in);
  problem.inputs.resize(in.Count(limits::kInputs, kLeastTensor));
  for (Tensor& input : problem.inputs) {
    input.dtype = in.Enum(DType::kAbsent, DType::kBool);
    input.layout = in.Enum(Layout::kRowMajor, Layout::kColMajor);
    input.dims.resize(in.Count(limits::kRank, kLeastDim));
    for (Dim& dim : input.dims) dim = ReadDim(in);
  }
  return problem;
}

MeasurementPolicy ReadPolicy(ByteReader& in) {
  MeasurementPolicy policy;
  policy.cache = in.Enum(CacheState::kUnspecified, CacheState::kWarm);
  policy.launch = in.Enum(LaunchMode::kUnspecified, LaunchMode::kEager);
  policy.validation = in.Enum(Validation::kUnspecified, Validation::kNone);
  policy.budget_ms = in.VarintAs<uint32_t>();
  return policy;
}

Environment ReadEnvironment(ByteReader& in) {
  Environment environment;
  DeviceClass& device = environment.device;
  device.kind = in.Enum(DeviceKind::kHost, DeviceKind::kCuda);
  device.arch = in.Text(limits::kValueBytes);
  device.units = in.VarintAs<uint32_t>();
  device.cache_bytes = in.Varint();
  device.partition = in.Text(limits::kValueBytes);
  device.label = in.Text(limits::kValueBytes);
  device.memory_bytes = in.Varint();
  environment.driver = in.Text(limits::kValueBytes);
  environment.runtime = in.Text(limits::kValueBytes);
  environment.components.resize(in.Count(limits::kComponents, kLeastComponent));
  for (Component& component : environment.components) {
    component.name = in.Text(limits::kValueBytes);
    component.version = in.Text(limits::kUniqueIdBytes);
  }
  return environment;
}

Candidate ReadCandidate(ByteReader& in) {
  Candidate candidate;
  candidate.runner.name = in.Text(limits::kNameBytes);
  candidate.runner.unique_id = in.Text(limits::kUniqueIdBytes);
  candidate.tactic = ReadParameters(in);
  return candidate;
}

double ReadTime(ByteReader& in) {
  const double nanoseconds = in.Double();
  if (nanoseconds < 0) in.Fail("negative time");
  return nanoseconds;
}

Sample ReadSample(const Sample& previous, ByteReader& in) {
  Sample sample = previous;
  const int64_t step_and_flag = in.Signed();
  const int64_t round = int64_t{previous.round} + (step_and_flag >> 1);
  if (round < 0 || round > UINT32_MAX) in.Fail("round out of range");
  sample.round = static_cast<uint32_t>(round);
  if ((step_and_flag & 1) != 0) {
    sample.epoch = in.VarintAs<uint32_t>();
    if (sample.epoch == previous.epoch) in.Fail("epoch said to differ does not");
  }
  sample.nanoseconds = in.Float();
  if (sample.nanoseconds < 0) in.Fail("negative time");
  return sample;
}

ByteReader Open(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.Byte() != internal::kEncodingVersion) in.Fail("unknown version of the encoding");
  return in;
}

// What was read and then found wrong is damage too, not the caller's bad argument.
Error Damaged(const char* what, const Check& check) {
  return {ErrorCode::kDataLoss, std::string(what) + ": " + check.error().message};
}

// Reads the one value that `bytes` hold with `read` and checks it with `check`.
template <typename Read, typename CheckValue>
auto Decode(const char* what, std::string_view bytes, Read&& read, CheckValue&& check)
    -> Result<decltype(read(std::declval<ByteReader&>()))> {
  ByteReader in = Open(bytes);
  auto value = read(in);
  if (const Check finished = in.Finish(what); !finished.ok()) return finished.error();
  if (const Check checked = check(value); !checked.ok()) return Damaged(what, checked);
  return value;
}

}  // namespace

Result<Key> DecodeKey(std::string_view bytes) {
  const auto read = [](ByteReader& in) {
    Key key;
    key.problem = ReadProblem(in);
    key.policy = ReadPolicy(in);
    key.environment = ReadEnvironment(in);
    return key;
  };
  return Decode("key", bytes, read, [](const Key& key) {
    Check check = CheckProblem("problem.", key.problem);
    if (check.ok()) check = CheckPolicy("policy.", key.policy);
    if (check.ok()) check = CheckEnvironment("environment.", key.environment);
    return check;
  });
}

Result<Environment> DecodeEnvironment(std::string_view bytes) {
  return Decode("environment", bytes, ReadEnvironment,
                [](const Environment& environment) { return CheckEnvironment("", environment); });
}

Result<Candidate> DecodeCandidate(std::string_view bytes) {
  return Decode("candidate", bytes, ReadCandidate,
                [](const Candidate& candidate) { return CheckCandidate("", candidate); });
}

Result<std::vector<Ranked>> DecodeRanking(std::string_view bytes) {
  const auto read = [](ByteReader& in) {
    std::vector<Ranked> ranking(in.Count(limits::kCandidates, kLeastRanked));
    for (Ranked& ranked : ranking) {
      ranked.candidate = ReadCandidate(in);
      ranked.median_ns = ReadTime(in);
      ranked.low_ns = ReadTime(in);
      ranked.high_ns = ReadTime(in);
    }
    return ranking;
  };
  return Decode("ranking", bytes, read, [](const std::vector<Ranked>& ranking) {
    for (const Ranked& ranked : ranking) {
      Check check = CheckCandidate("candidate.", ranked.candidate);
      if (!check.ok()) return check;
    }
    return Ok();
  });
}

Result<std::vector<Sample>> DecodeSamples(std::string_view bytes) {
  const auto read = [](ByteReader& in) {
    std::vector<Sample> samples(in.Count(SIZE_MAX, kLeastSample));
    Sample previous;
    for (Sample& sample : samples) previous = sample = ReadSample(previous, in);
    return samples;
  };
  return Decode("samples", bytes, read, [](const std::vector<Sample>&) { return Ok(); });
}

Result<Shapes> DecodeShapes(std::string_view bytes) {
  const auto read = [](ByteReader& in) {
    Shapes shapes(in.Count(limits::kInputs, kLeastShape));
    for (std::vector<int64_t>& shape : shapes) {
      shape.resize(in.Count(limits::kRank, kLeastSize));
      for (int64_t& size : shape) size = in.Signed();
    }
    return shapes;
  };
  return Decode("shapes", bytes, read,
                [](const Shapes& shapes) { return CheckShapes("shapes", shapes); });
}

}  // namespace tactic
