// Whether what the buckets of a dynamic dimension tune is what its mapper asks for.
#include <set>
#include <string>

#include "client/cache/field_errors.h"
#include "client/cache/profile.h"

namespace tactic::cache_internal {
namespace {

// A size that stands for all in the place of a generator's maximum, where only a call will tell it:
// large enough for several buckets.
int64_t TypicalSize(const DynamicDim& dim) {
  return std::max<int64_t>(100, 2 * std::max(dim.buckets.step, dim.mapper.step) + 1);
}

class Coverage {
 public:
  Coverage(const OpSpec& spec, size_t index)
      : dim_(spec.dynamic[index]),
        field_(Indexed("dynamic", index)),
        tune_max_(spec.tune_max),
        grows_(dim_.buckets.rule != Buckets::Rule::kList && !tune_max_) {}

  Check Run() {
    const auto buckets = BucketsAt(TypicalSize(dim_));
    if (!buckets.ok()) {
      if (grows_) return Ok();  // At other sizes it may be well.
      return InvalidArgument(field_ + "." + buckets.error().message);
    }
    for (const int64_t bucket : *buckets) {
      if (!KeyOf(bucket)) return MapperFailed(bucket);
    }
    const Sizes tuned = KeysOf(*buckets);
    const Sizes telling = TellingSizes(*buckets, tuned);
    if (Check between = CheckBetween(*buckets, tuned, telling); !between.ok()) return between;
    return grows_ ? CheckGrowing() : CheckAlone(tuned, telling);
  }

 private:
  using Sizes = std::set<int64_t>;

  Result<Sizes> BucketsAt(int64_t size) const {
    const auto sizes = BucketSizes(dim_.buckets, tune_max_.value_or(size), limits::kProblems);
    if (!sizes.ok()) return sizes.error();
    return Sizes(sizes->begin(), sizes->end());
  }

  std::optional<int64_t> KeyOf(int64_t size) const {
    const std::optional<int64_t> mapped = TryMapSize(dim_.mapper, size);
    if (!mapped) return std::nullopt;
    return std::min(*mapped, tune_max_.value_or(kUnbounded));
  }

  Sizes KeysOf(const Sizes& sizes) const {
    Sizes keys;
    for (const int64_t size : sizes) {
      if (const std::optional<int64_t> key = KeyOf(size)) keys.insert(*key);
    }
    return keys;
  }

  // Mappers are steps: where one leaves what is tuned, it does so beside a bucket or an image.
  Sizes TellingSizes(const Sizes& buckets, const Sizes& tuned) const {
    Sizes sizes = SampleSizes();
    if (!buckets.empty()) sizes.insert(2 * *buckets.rbegin() + 1);
    for (const Sizes* known : {&buckets, &tuned}) {
      for (const int64_t size : *known) {
        if (size > 0) sizes.insert(size - 1);
        sizes.insert({size, size + 1});
      }
    }
    return sizes;
  }

  // Evenly up to the typical size, and where division gives the next number.
  Sizes SampleSizes() const {
    constexpr int64_t kEven = 64;
    constexpr int64_t kQuotients = 8;
    Sizes sizes;
    for (int64_t i = 1; i <= kEven; ++i) sizes.insert(TypicalSize(dim_) * i / kEven);
    for (int64_t i = 1; i <= kQuotients; ++i) sizes.insert(dim_.mapper.step * i);
    return sizes;
  }

  // Between the smallest and the largest bucket, the buckets must do.
  Check CheckBetween(const Sizes& buckets, const Sizes& tuned, const Sizes& telling) const {
    if (buckets.empty()) return Ok();
    const auto end = telling.upper_bound(*buckets.rbegin());
    for (auto size = telling.lower_bound(*buckets.begin()); size != end; ++size) {
      const std::optional<int64_t> key = KeyOf(*size);
      if (!key) return MapperFailed(*size);
      if (!tuned.contains(*key)) return CannotHit(*size, *key);
    }
    return Ok();
  }

  // Any size must hit once it was tuned itself, as it is when it is met.
  Check CheckAlone(const Sizes& tuned, const Sizes& telling) const {
    for (const int64_t size : telling) {
      const std::optional<int64_t> key = KeyOf(size);
      if (key && !IsTunedWhenMet(size, *key, tuned)) return CannotHit(size, *key);
    }
    return Ok();
  }

  // The same where the buckets differ from size to size.
  Check CheckGrowing() const {
    for (const int64_t size : SampleSizes()) {
      const std::optional<int64_t> key = KeyOf(size);
      const auto buckets = BucketsAt(size);
      if (!key || !buckets.ok()) continue;
      if (!IsTunedWhenMet(size, *key, KeysOf(*buckets))) return CannotHit(size, *key);
    }
    return Ok();
  }

  bool IsTunedWhenMet(int64_t size, int64_t key, const Sizes& tuned) const {
    if (tuned.contains(key)) return true;
    const std::optional<int64_t> current = TryMapSize(dim_.mapper, size);  // Is a bucket then.
    return current && KeyOf(*current) == key;
  }

  Error CannotHit(int64_t size, int64_t key) const {
    const std::string looked_up = std::to_string(key);
    return InvalidArgument(
        field_ + ": size " + std::to_string(size) + " maps to " + looked_up +
        ", but nothing that is tuned is looked up as " + looked_up +
        ", so it can never hit; use a mapper that ends in a bucket (floor_to or ceil_to the list), "
        "leave the list empty to tune the sizes met, or ask for Dialect::kAncestor");
  }

  Error MapperFailed(int64_t size) const {
    return InvalidArgument(
        field_ + ".mapper.map(" + std::to_string(size) +
        ") threw or is below 0; it must take every size from the smallest to the "
        "largest bucket");
  }

  const DynamicDim& dim_;
  const std::string field_;
  const std::optional<int64_t> tune_max_;
  const bool grows_;  // The buckets, with the size at hand.
};

}  // namespace

Check CheckCoverage(const OpSpec& spec) {
  if (spec.dialect == Dialect::kAncestor) return Ok();
  for (size_t i = 0; i < spec.dynamic.size(); ++i) {
    if (Check covered = Coverage(spec, i).Run(); !covered.ok()) return covered;
  }
  return Ok();
}

}  // namespace tactic::cache_internal
