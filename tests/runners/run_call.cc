#include "tests/runners/run_call.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "tactic/sdk/host.h"

namespace tactic {

namespace {

constexpr size_t kGuard = 256;
constexpr unsigned char kGuardByte = 0xa5;
constexpr unsigned char kPoison = 0xff;  // As floats: not numbers.

// `bytes` of poison between two guard zones.
class Guarded {
 public:
  explicit Guarded(size_t bytes)
      : bytes_(bytes), memory_(sdk::AllocateAligned(bytes + 2 * kGuard)) {
    std::memset(memory_.get(), kGuardByte, bytes + 2 * kGuard);
    Poison();
  }
  void Poison() { std::memset(data(), kPoison, bytes_); }
  std::byte* data() { return memory_.get() + kGuard; }
  bool Intact() const {
    const auto whole = [](const std::byte* zone) {
      return std::all_of(zone, zone + kGuard,
                         [](std::byte b) { return b == std::byte{kGuardByte}; });
    };
    return whole(memory_.get()) && whole(memory_.get() + kGuard + bytes_);
  }

 private:
  size_t bytes_;
  sdk::AlignedBytes memory_;
};

}  // namespace

Problem ProblemOf(const sdk::Op& op, const std::map<std::string, int64_t>& sizes,
                  const std::map<std::string, Layout>& layouts) {
  return MakeProblem(op.Schema(), sizes, std::nullopt, layouts, {}).value();
}

std::vector<float> RandomValues(size_t count, uint32_t seed) {
  std::minstd_rand random(seed + 1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(random);
  return values;
}

std::vector<std::vector<float>> RandomInputs(const Problem& problem) {
  std::vector<std::vector<float>> inputs;
  for (const Tensor& tensor : problem.inputs) {
    inputs.push_back(
        RandomValues(static_cast<size_t>(Elements(tensor)), static_cast<uint32_t>(inputs.size())));
  }
  return inputs;
}

RunResult RunGuarded(sdk::Call& call, const std::vector<std::vector<float>>& inputs,
                     size_t outputs) {
  std::vector<Guarded> copies;
  std::vector<const void*> pointers;
  copies.reserve(inputs.size());
  for (const std::vector<float>& input : inputs) {
    Guarded& copy = copies.emplace_back(input.size() * sizeof(float));
    if (!input.empty()) std::memcpy(copy.data(), input.data(), input.size() * sizeof(float));
    pointers.push_back(copy.data());
  }
  Guarded output(outputs * sizeof(float));
  Guarded workspace(call.WorkspaceBytes());
  void* const out[] = {output.data()};
  call.Launch({pointers, out, workspace.data()});
  output.Poison();
  call.Launch({pointers, out, workspace.data()});

  RunResult result;
  result.output.resize(outputs);
  if (outputs > 0) std::memcpy(result.output.data(), output.data(), outputs * sizeof(float));
  result.guards_intact = output.Intact() && workspace.Intact();
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool same = inputs[i].empty() || std::memcmp(copies[i].data(), inputs[i].data(),
                                                       inputs[i].size() * sizeof(float)) == 0;
    result.inputs_intact = result.inputs_intact && same && copies[i].Intact();
  }
  return result;
}

std::vector<float> ReferenceOf(const sdk::Op& op, const Problem& problem,
                               const std::vector<std::vector<float>>& inputs) {
  std::vector<const void*> pointers;
  for (const std::vector<float>& input : inputs) pointers.push_back(input.data());
  std::vector<float> output(static_cast<size_t>(Elements(op.Outputs(problem)[0])), NAN);
  void* const out[] = {output.data()};
  op.Reference(problem, {pointers, out});
  return output;
}

std::string Difference(const std::vector<float>& output, const std::vector<float>& reference,
                       const sdk::Tolerance& tolerance) {
  for (size_t i = 0; i < reference.size(); ++i) {
    const double wanted = reference[i];
    const double error = std::abs(output[i] - wanted);
    if (!(error <= tolerance.absolute + tolerance.relative * std::abs(wanted))) {
      return "element " + std::to_string(i) + " is " + std::to_string(output[i]) + ", not " +
             std::to_string(wanted);
    }
  }
  return "";
}

}  // namespace tactic
