#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include <algorithm>

#include "runners/cuda/memory.h"
#include "runners/cuda/status.h"
#include "runners/cuda/tensor_kernels.h"
#include "runners/timing/elements.h"

namespace tactic::cuda {
namespace {

constexpr int kThreads = 256;
constexpr size_t kBlocks = 2048;
constexpr size_t kLine = 128;

unsigned BlocksFor(size_t items) {
  return static_cast<unsigned>(std::clamp<size_t>((items + kThreads - 1) / kThreads, 1, kBlocks));
}

void CheckLaunch(const char* what) { ThrowIf(cudaGetLastError(), what); }

constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;  // The step of splitmix64,
// and its finaliser.
__device__ uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

template <typename T>
__device__ double ToReal(T x) {
  return static_cast<double>(x);
}
template <>
__device__ double ToReal<__half>(__half x) {
  return static_cast<double>(__half2float(x));
}
template <>
__device__ double ToReal<__nv_bfloat16>(__nv_bfloat16 x) {
  return static_cast<double>(__bfloat162float(x));
}
template <>
__device__ double ToReal<__nv_fp8_e4m3>(__nv_fp8_e4m3 x) {
  return static_cast<double>(static_cast<float>(x));
}
template <>
__device__ double ToReal<__nv_fp8_e5m2>(__nv_fp8_e5m2 x) {
  return static_cast<double>(static_cast<float>(x));
}

template <typename T>
__device__ bool IsUnwritten(const T& value) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(&value);
  for (size_t i = 0; i < sizeof(T); ++i) {
    if (bytes[i] != 0xff) return false;
  }
  return true;
}

template <typename T>
__global__ void CompareKernel(const T* got, const T* reference, size_t count, double absolute,
                              double relative, bool real, Finding* finding) {
  for (size_t i = blockIdx.x * size_t{blockDim.x} + threadIdx.x; i < count;
       i += size_t{gridDim.x} * blockDim.x) {
    const double x = ToReal(got[i]);
    const double y = ToReal(reference[i]);
    bool right = fabs(x - y) <= absolute + relative * fabs(y);  // False for NaN.
    if (isnan(y)) right = isnan(x);
    if (isinf(y)) right = x == y;
    if (real && IsUnwritten(got[i])) right = false;
    if (right) continue;
    atomicAdd(&finding->wrong, 1ull);
    atomicMax(&finding->first, ~static_cast<unsigned long long>(i));
  }
}

__global__ void HashKernel(const unsigned char* data, size_t bytes, Finding* finding) {
  unsigned long long sum = 0;
  const size_t words = bytes / 8;
  const size_t stride = size_t{gridDim.x} * blockDim.x;
  const size_t self = blockIdx.x * size_t{blockDim.x} + threadIdx.x;
  const auto* as_words = reinterpret_cast<const uint64_t*>(data);
  for (size_t i = self; i < words; i += stride) sum += Mix(as_words[i] + (i + 1) * kGolden);
  for (size_t i = words * 8 + self; i < bytes; i += stride) sum += Mix(data[i] + ~i * kGolden);
  for (int lane = 16; lane > 0; lane /= 2) sum += __shfl_down_sync(~0u, sum, lane);
  if (threadIdx.x % 32 == 0) atomicAdd(&finding->hash, sum);
}

// One block: half of its threads for each guard zone.
__global__ void DamageKernel(const unsigned char* data, size_t bytes, unsigned guard_bytes,
                             unsigned char guard, Finding* finding) {
  for (unsigned i = threadIdx.x; i < guard_bytes; i += blockDim.x) {
    const unsigned distance = i + 1;
    if (*(data - distance) != guard) atomicMax(&finding->before, distance);
    if (data[bytes + i] != guard) atomicMax(&finding->behind, distance);
  }
}

// As timing::FillRandom: SplitMix64 of the place, made legal.
__global__ void FillKernel(uint64_t* words, size_t count, uint64_t seed, uint64_t mask,
                           uint64_t base) {
  for (size_t i = blockIdx.x * size_t{blockDim.x} + threadIdx.x; i < count;
       i += size_t{gridDim.x} * blockDim.x) {
    words[i] = (Mix(seed + (i * sizeof(uint64_t) + 1) * kGolden) & mask) + base;
  }
}

__global__ void NothingKernel() {}

__global__ void SweepKernel(const uint4* data, size_t count, uint32_t* never) {
  uint32_t sum = 0;
  for (size_t i = blockIdx.x * size_t{blockDim.x} + threadIdx.x; i < count;
       i += size_t{gridDim.x} * blockDim.x) {
    const uint4 v = data[i];
    sum += v.x ^ v.y ^ v.z ^ v.w;
  }
  if (sum == 0x7ac71c0d && never != nullptr) *never = sum;  // Keeps the loads.
}

__global__ void TouchKernel(uint32_t* data, size_t lines) {
  for (size_t i = blockIdx.x * size_t{blockDim.x} + threadIdx.x; i < lines;
       i += size_t{gridDim.x} * blockDim.x) {
    volatile uint32_t* const word = data + i * (kLine / sizeof(uint32_t));
    *word = *word;
  }
}

__device__ uint64_t GlobalNs() {
  uint64_t ns;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(ns));
  return ns;
}

__global__ void GateKernel(const volatile uint32_t* flag, uint32_t ticket) {
  constexpr uint64_t kLimitNs = 200'000'000;
  const uint64_t start = GlobalNs();
  while (*flag != ticket && GlobalNs() - start < kLimitNs) {
  }
}

__global__ void ClockKernel(uint64_t* out) {
  constexpr uint64_t kSpinNs = 20'000;
  const uint64_t start_ns = GlobalNs();
  const long long start = clock64();
  uint64_t now = start_ns;
  while (now - start_ns < kSpinNs) now = GlobalNs();
  out[0] = static_cast<uint64_t>(clock64() - start);
  out[1] = now - start_ns;
}

// fn(T*) with the element type of `dtype`, and whether it is a floating-point one.
template <typename Fn>
void WithType(DType dtype, const Fn& fn) {
  switch (dtype) {
    case DType::kF64:
      return fn(static_cast<double*>(nullptr), true);
    case DType::kF32:
    case DType::kTF32:
      return fn(static_cast<float*>(nullptr), true);
    case DType::kF16:
      return fn(static_cast<__half*>(nullptr), true);
    case DType::kBF16:
      return fn(static_cast<__nv_bfloat16*>(nullptr), true);
    case DType::kF8E4M3:
      return fn(static_cast<__nv_fp8_e4m3*>(nullptr), true);
    case DType::kF8E5M2:
      return fn(static_cast<__nv_fp8_e5m2*>(nullptr), true);
    case DType::kI64:
      return fn(static_cast<int64_t*>(nullptr), false);
    case DType::kI32:
      return fn(static_cast<int32_t*>(nullptr), false);
    case DType::kI16:
      return fn(static_cast<int16_t*>(nullptr), false);
    case DType::kI8:
      return fn(static_cast<int8_t*>(nullptr), false);
    case DType::kU8:
    case DType::kBool:
      return fn(static_cast<uint8_t*>(nullptr), false);
    case DType::kAbsent:
      return;
  }
}

template <typename T>
T FetchOne(const T* from, cudaStream_t stream) {
  T value;
  ThrowIf(cudaMemcpyAsync(&value, from, sizeof(T), cudaMemcpyDeviceToHost, stream), "reading back");
  ThrowIf(cudaStreamSynchronize(stream), "reading back");
  return value;
}

template <typename T>
__global__ void WidenKernel(const T* got, const T* reference, double* out) {
  out[0] = ToReal(*got);
  out[1] = ToReal(*reference);
}

}  // namespace

void Hash(const void* data, size_t bytes, Finding* finding, cudaStream_t stream) {
  HashKernel<<<BlocksFor(bytes / 8), kThreads, 0, stream>>>(static_cast<const unsigned char*>(data),
                                                            bytes, finding);
  CheckLaunch("hashing");
}

void FindDamage(const std::byte* data, size_t bytes, size_t guard_bytes, unsigned char guard,
                Finding* finding, cudaStream_t stream) {
  DamageKernel<<<1, 1024, 0, stream>>>(reinterpret_cast<const unsigned char*>(data), bytes,
                                       static_cast<unsigned>(guard_bytes), guard, finding);
  CheckLaunch("reading guard zones");
}

void Compare(DType dtype, const void* got, const void* reference, size_t elements,
             const sdk::Tolerance& tolerance, Finding* finding, cudaStream_t stream) {
  WithType(dtype, [&](auto* type, bool real) {
    using T = std::remove_pointer_t<decltype(type)>;
    CompareKernel<<<BlocksFor(elements), kThreads, 0, stream>>>(
        static_cast<const T*>(got), static_cast<const T*>(reference), elements, tolerance.absolute,
        tolerance.relative, real, finding);
    CheckLaunch("comparing an output");
  });
}

std::pair<double, double> ReadElements(DType dtype, const void* got, const void* reference,
                                       size_t index, cudaStream_t stream) {
  const DeviceBytes memory = Allocate(2 * sizeof(double));
  auto* values = reinterpret_cast<double*>(memory.get());
  WithType(dtype, [&](auto* type, bool) {
    using T = std::remove_pointer_t<decltype(type)>;
    WidenKernel<<<1, 1, 0, stream>>>(static_cast<const T*>(got) + index,
                                     static_cast<const T*>(reference) + index, values);
    CheckLaunch("reading an output");
  });
  return {FetchOne(values, stream), FetchOne(values + 1, stream)};
}

void FillRandom(DType dtype, void* data, size_t bytes, uint64_t seed, cudaStream_t stream) {
  const timing::RandomRule rule = timing::RandomRuleOf(dtype);
  const size_t words = (bytes + sizeof(uint64_t) - 1) / sizeof(uint64_t);
  FillKernel<<<BlocksFor(words), kThreads, 0, stream>>>(static_cast<uint64_t*>(data), words, seed,
                                                        rule.mask, rule.base);
  CheckLaunch("filling an input");
}

void Sweep(const void* data, size_t bytes, cudaStream_t stream) {
  SweepKernel<<<kBlocks, kThreads, 0, stream>>>(static_cast<const uint4*>(data),
                                                bytes / sizeof(uint4), nullptr);
  CheckLaunch("sweeping the L2");
}

void Touch(void* data, size_t bytes, cudaStream_t stream) {
  const size_t lines = bytes / kLine;
  if (lines == 0) return;
  TouchKernel<<<BlocksFor(lines), kThreads, 0, stream>>>(static_cast<uint32_t*>(data), lines);
  CheckLaunch("touching an activation");
}

void Gate(const volatile uint32_t* flag, uint32_t ticket, cudaStream_t stream) {
  GateKernel<<<1, 1, 0, stream>>>(flag, ticket);
  CheckLaunch("closing the gate");
}

void Nothing(cudaStream_t stream) {
  NothingKernel<<<1, 1, 0, stream>>>();
  CheckLaunch("launching nothing");
}

void ProbeClock(uint64_t* out, cudaStream_t stream) {
  ClockKernel<<<1, 1, 0, stream>>>(out);
  CheckLaunch("probing the clock");
}

}  // namespace tactic::cuda
