// The problem an op is asked to solve: tensors and attributes. Standard library only.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tactic/model/parameters.h"
#include "tactic/model/result.h"

namespace tactic {

// Element types. The numbers are stored and sent: never renumber.
enum class DType : uint8_t {
  kAbsent = 0,  // An optional input that is not there; its shape is (0).
  kF64 = 1,
  kF32 = 2,
  kTF32 = 3,
  kF16 = 4,
  kBF16 = 5,
  kF8E4M3 = 6,
  kF8E5M2 = 7,
  kI64 = 8,
  kI32 = 9,
  kI16 = 10,
  kI8 = 11,
  kU8 = 12,
  kBool = 13,
};
// Storage order of the last two dimensions. The numbers are stored and sent: never renumber.
enum class Layout : uint8_t {
  kRowMajor = 0,  // The last dimension is contiguous.
  kColMajor = 1,  // The last but one is contiguous: a [K,N] input stored as its transpose [N,K].
};

std::string_view Name(DType dtype);    // "f32"
std::string_view Name(Layout layout);  // "row_major"
std::optional<DType> ParseDType(std::string_view name);
std::optional<Layout> ParseLayout(std::string_view name);
size_t SizeOf(DType dtype);  // Bytes of one element; 0 for kAbsent.

inline constexpr int64_t kUnbounded = std::numeric_limits<int64_t>::max();

// One dimension of a shape profile. The problem is measured at `opt`; the profile stands for [min,
// max]. Only `opt` is part of a key, and a derived dimension (one that follows from others) is -1
// there.
struct Dim {
  int64_t opt = 0;
  int64_t min = 0;
  int64_t max = 0;
  bool derived = false;

  static Dim Static(int64_t n) { return {n, n, n, false}; }
  static Dim Dynamic(int64_t min, int64_t opt, int64_t max) { return {opt, min, max, false}; }
  static Dim Derived(int64_t n) { return {n, n, n, true}; }
  int64_t KeySize() const { return derived ? -1 : opt; }
  bool operator==(const Dim&) const = default;
};

struct Tensor {
  DType dtype = DType::kF32;
  Layout layout = Layout::kRowMajor;
  std::vector<Dim> dims;
  bool operator==(const Tensor&) const = default;
};

// Elements of `tensor` at its opt sizes. 0 when absent. Checked problems cannot overflow.
int64_t Elements(const Tensor& tensor);
size_t Bytes(const Tensor& tensor);

// The sizes of all inputs of a call; an absent one is {0}.
using Shapes = std::vector<std::vector<int64_t>>;

struct Problem {
  std::string op;
  Parameters attributes;
  std::vector<Tensor> inputs;
  bool operator==(const Problem&) const = default;
};

// For people: "gemm f32[16,2048] f32[2048,512]" plus attributes. Never parsed.
std::string ToText(const Problem& problem);

// Input limits that every edge enforces, with the field, its value and the bound in the message.
namespace limits {
inline constexpr size_t kNameBytes = 128;      // Op, runner and parameter names: [A-Za-z0-9_.:/-]+.
inline constexpr size_t kUniqueIdBytes = 256;  // A runner's unique id: printable UTF-8.
inline constexpr size_t kParameters = 64;      // Attributes of a problem, parameters of a tactic.
inline constexpr size_t kValueBytes = 256;     // A string value: UTF-8 without control characters.
inline constexpr size_t kValueDepth = 8;       // Lists and sets inside each other, at the most.
inline constexpr size_t kValues = 512;         // Of one set of parameters, at all depths together.
inline constexpr size_t kInputs = 32;
inline constexpr size_t kRank = 8;
inline constexpr int64_t kDim = int64_t{1} << 40;
inline constexpr int64_t kTensorBytes = int64_t{1} << 44;
inline constexpr size_t kCandidates = 4096;  // Of one contest.
inline constexpr size_t kDisturbances = 64;  // Of one contest.
inline constexpr size_t kProblems = 4096;    // Of one job.
inline constexpr size_t kComponents = 256;   // Of an environment.
inline constexpr size_t kDetailBytes =
    4096;  // Why a trial failed: UTF-8 without control characters.
inline constexpr uint32_t kBudgetMs = 3'600'000;
}  // namespace limits

// The generic checks, where `field` prefixes the name in the message ("problems[3].").
Check CheckName(std::string_view field, std::string_view name);
Check CheckParameters(std::string_view field, const Parameters& parameters);
Check CheckProblem(std::string_view field, const Problem& problem);
Check CheckShapes(std::string_view field, const Shapes& shapes);
// Valid UTF-8 without control characters (C0, DEL, C1).
bool IsPrintableUtf8(std::string_view text);
// `text` made printable: what is not becomes a space; cut at a character's edge to `max_bytes`.
std::string ToPrintable(std::string_view text, size_t max_bytes);

}  // namespace tactic
