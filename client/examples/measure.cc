#include "client/examples/measure.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace tactic::examples {
namespace {

constexpr size_t kAlignFloats = 16;  // 64 bytes.

// xorshift64*: fast, and good enough for operands.
void FillRandom(float* out, size_t count, uint64_t seed) {
  uint64_t state = seed * 2 + 1;
  for (size_t i = 0; i < count; ++i) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    const auto bits = static_cast<int32_t>((state * 0x2545f4914f6cdd1dULL) >> 32);
    out[i] = static_cast<float>(bits) * 0x1p-31F;
  }
}

// One of the two sides: its call, its output, its workspace, its times.
class Side {
 public:
  Side(sdk::Call& call, const Tensor& output)
      : call_(call),
        output_(sdk::AllocateAligned(Bytes(output))),
        workspace_(sdk::AllocateAligned(call.WorkspaceBytes())) {}

  double Launch(const float* activations, const float* weights) {
    const void* const inputs[] = {activations, weights};
    void* const outputs[] = {output_.get()};
    const auto start = std::chrono::steady_clock::now();
    call_.Launch({.inputs = inputs, .outputs = outputs, .workspace = workspace_.get()});
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    return took.count();
  }

  void Record(double nanoseconds) { times_.push_back(nanoseconds); }
  double Median() {
    auto middle = times_.begin() + static_cast<std::ptrdiff_t>(times_.size() / 2);
    std::nth_element(times_.begin(), middle, times_.end());
    return *middle;
  }
  const float* output() const { return reinterpret_cast<const float*>(output_.get()); }

 private:
  sdk::Call& call_;
  sdk::AlignedBytes output_;
  sdk::AlignedBytes workspace_;
  std::vector<double> times_;
};

// The largest |x - y| over what the op tolerates between a result and the reference.
double LargestDifference(const float* x, const float* y, int64_t count,
                         const sdk::Tolerance& tolerance) {
  double largest = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double allowed = tolerance.absolute + tolerance.relative * std::fabs(y[i]);
    // Each may be off from the reference by that much, to either side.
    const double ratio = std::fabs(double{x[i]} - double{y[i]}) / (2 * allowed);
    largest = std::isfinite(ratio) ? std::max(largest, ratio) : HUGE_VAL;
  }
  return largest;
}

}  // namespace

WeightPool::WeightPool(uint64_t cache_bytes)
    : size_(std::clamp<uint64_t>(2 * cache_bytes, uint64_t{256} << 20, uint64_t{1} << 30) /
            sizeof(float)),
      memory_(sdk::AllocateAligned(size_ * sizeof(float))) {
  FillRandom(reinterpret_cast<float*>(memory_.get()), size_, 1);
}

const float* WeightPool::Take(size_t count) {
  if (next_ + count > size_) next_ = 0;
  const float* window = reinterpret_cast<const float*>(memory_.get()) + next_;
  next_ += (count + kAlignFloats - 1) / kAlignFloats * kAlignFloats;
  return window;
}

Comparison Compare(const sdk::Op& op, const Problem& problem, sdk::Call& chosen,
                   sdk::Call& fallback, WeightPool& weights, const CompareOptions& options) {
  const Tensor output = op.Outputs(problem).front();
  const auto weight_count = static_cast<size_t>(Elements(problem.inputs[1]));
  std::vector<float> activations(static_cast<size_t>(Elements(problem.inputs[0])));
  FillRandom(activations.data(), activations.size(), 2);
  Side ours(chosen, output);
  Side other(fallback, output);

  // The first launches warm up, and show that both compute the same.
  const float* shared = weights.Take(weight_count);
  double used = ours.Launch(activations.data(), shared) + other.Launch(activations.data(), shared);
  Comparison result;
  result.largest_difference =
      LargestDifference(ours.output(), other.output(), Elements(output), op.ToleranceFor(problem));
  for (int round = 0; round < options.least || used < options.budget_ns; ++round) {
    const bool ours_first = round % 2 == 0;
    for (Side* side : {ours_first ? &ours : &other, ours_first ? &other : &ours}) {
      const double took = side->Launch(activations.data(), weights.Take(weight_count));
      side->Record(took);
      used += took;
    }
  }
  result.chosen_ns = ours.Median();
  result.fallback_ns = other.Median();
  return result;
}

Turn::Turn(const char* path) {
  if (path == nullptr) return;
  fd_ = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ >= 0 && flock(fd_, LOCK_EX) != 0) {
    close(fd_);
    fd_ = -1;
  }
}

Turn::~Turn() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace tactic::examples
