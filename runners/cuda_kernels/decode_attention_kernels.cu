#include <cuda_bf16.h>

#include "runners/cuda_kernels/decode_attention_kernels.h"
#include "runners/cuda_kernels/decode_attention_tensors.cuh"
#include "runners/cuda_kernels/elements.cuh"

namespace tactic::cuda_kernels {
namespace {

constexpr int kTile = 16;  // Keys of one matrix operation.

// 8 neighbours of a row, two a word.
struct Words {
  uint32_t at[4];
};

// What nobody reads again: not kept in the L1.
__device__ Words LoadOnce(const __nv_bfloat16* from) {
  Words v;
  asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(v.at[0]), "=r"(v.at[1]), "=r"(v.at[2]), "=r"(v.at[3])
               : "l"(from));
  return v;
}

// c += a b for a of 16 x 16, b of 16 x 8. PTX ISA, "Matrix Fragments for mma.m16n8k16", says which
// elements each lane holds; below, `group` is lane / 4 and `member` lane % 4.
__device__ void MultiplyAdd(float (&c)[4], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3,
                            uint32_t b0, uint32_t b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

// Of an 8 x 8 matrix of 16-bit elements, two neighbours in each lane.
__device__ uint32_t Transpose(uint32_t x) {
  uint32_t y;
  asm("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(y) : "r"(x));
  return y;
}

__device__ uint32_t Pack(float low, float high) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<const uint32_t*>(&pair);
}

__device__ uint32_t LowHalves(uint32_t a, uint32_t b) { return __byte_perm(a, b, 0x5410); }
__device__ uint32_t HighHalves(uint32_t a, uint32_t b) { return __byte_perm(a, b, 0x7632); }

__device__ float MaxOverGroups(float value) {
  for (int step = 4; step < 32; step *= 2) {
    value = fmaxf(value, __shfl_xor_sync(0xffffffff, value, step));
  }
  return value;
}
__device__ float SumOverGroups(float value) {
  for (int step = 4; step < 32; step *= 2) value += __shfl_xor_sync(0xffffffff, value, step);
  return value;
}

__device__ BlockShare ShareOf(const DecodeShape& s, int splits, const int32_t* seq_lens) {
  const int groups = (s.heads / s.kv_heads + kHeadsOfBlock - 1) / kHeadsOfBlock;
  unsigned rest = blockIdx.x;
  BlockShare share;
  share.part = static_cast<int>(rest % splits);
  rest /= splits;
  share.first_head = static_cast<int>(rest % groups) * kHeadsOfBlock;
  rest /= groups;
  share.kv_head = static_cast<int>(rest % s.kv_heads);
  share.sequence = static_cast<int>(rest / s.kv_heads);
  share.length = seq_lens[share.sequence];
  return share;
}

// What one warp has of the attention of up to 8 heads: for heads 2·member and 2·member + 1, the
// greatest score, the sum of exponentials over this lane's keys, and all of the output's dims that
// this lane holds: dim 64·h + 8·group + 2·i + (e / 2) of head 2·member + (e % 2) in out[h][i][e].
template <int kHeadDim>
struct Attention {
  float max[2] = {kNoMax, kNoMax};  // In units of log2.
  float sum[2] = {};
  float out[kHeadDim / 64][4][4] = {};
};

// A step of kTiles · 16 keys: keys and values in registers, as they came from memory.
template <int kHeadDim, int kTiles>
struct Step {
  Words k[kTiles][2][kHeadDim / 32];
  Words v[kTiles][4][kHeadDim / 64];

  // Lane i holds in `row` the row of key i. All loads are under way when this returns.
  __device__ void Load(const Tensors& t, int row, int group, int member) {
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile) {
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        const int64_t at = __shfl_sync(0xffffffff, row, tile * kTile + group + 8 * i);
#pragma unroll
        for (int j = 0; j < kHeadDim / 32; ++j) {
          k[tile][i][j] = LoadOnce(t.k + at * kHeadDim + 32 * j + 8 * member);
        }
      }
    }
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int key = tile * kTile + 2 * member + (i % 2) + 8 * (i / 2);
        const int64_t at = __shfl_sync(0xffffffff, row, key);
#pragma unroll
        for (int h = 0; h < kHeadDim / 64; ++h) {
          v[tile][i][h] = LoadOnce(t.v + at * kHeadDim + 64 * h + 8 * group);
        }
      }
    }
  }

  // scores[tile][e]: of key 16·tile + group + 8·(e / 2) and head 2·member + (e % 2). A sum over
  // dims has no order, so each lane multiplies the 8 neighbours that it loaded of K with the same 8
  // of Q, whatever dims the matrix operation takes them for.
  __device__ void Score(const Words (&q)[kHeadDim / 32], float (&scores)[kTiles][4]) const {
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile) {
      for (float& score : scores[tile]) score = 0;
#pragma unroll
      for (int j = 0; j < kHeadDim / 32; ++j) {
        const auto& low = k[tile][0][j].at;
        const auto& high = k[tile][1][j].at;
        const auto& right = q[j].at;
        MultiplyAdd(scores[tile], low[0], high[0], low[1], high[1], right[0], right[1]);
        MultiplyAdd(scores[tile], low[2], high[2], low[3], high[3], right[2], right[3]);
      }
    }
  }

  // Adds the values, weighted: the transpose of V times that of P, where `weights` are as scores.
  __device__ void AddValues(const float (&weights)[kTiles][4], Attention<kHeadDim>& a) const {
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile) {
      const uint32_t p0 = Transpose(Pack(weights[tile][0], weights[tile][1]));
      const uint32_t p1 = Transpose(Pack(weights[tile][2], weights[tile][3]));
#pragma unroll
      for (int h = 0; h < kHeadDim / 64; ++h) {
        const auto& [r0, r1, r2, r3] = v[tile];
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          MultiplyAdd(a.out[h][i], LowHalves(r0[h].at[i], r1[h].at[i]),
                      HighHalves(r0[h].at[i], r1[h].at[i]), LowHalves(r2[h].at[i], r3[h].at[i]),
                      HighHalves(r2[h].at[i], r3[h].at[i]), p0, p1);
        }
      }
    }
  }
};

// Scores, scaled to log2 and masked from `valid` keys on, become weights, and `a` makes room for
// them.
template <int kHeadDim, int kTiles>
__device__ void ToWeights(float (&scores)[kTiles][4], float scale, int valid, int group,
                          Attention<kHeadDim>& a) {
  float max[2] = {kNoMax, kNoMax};
#pragma unroll
  for (int tile = 0; tile < kTiles; ++tile) {
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      const bool masked = tile * kTile + group + 8 * (e / 2) >= valid;
      scores[tile][e] = masked ? kNoMax : scores[tile][e] * scale;
      max[e % 2] = fmaxf(max[e % 2], scores[tile][e]);
    }
  }
#pragma unroll
  for (int head = 0; head < 2; ++head) max[head] = fmaxf(a.max[head], MaxOverGroups(max[head]));
  if (__any_sync(0xffffffff, max[0] != a.max[0] || max[1] != a.max[1])) {
#pragma unroll
    for (int head = 0; head < 2; ++head) {
      const float factor = exp2f(a.max[head] - max[head]);
      a.max[head] = max[head];
      a.sum[head] *= factor;
#pragma unroll
      for (auto& half : a.out) {
#pragma unroll
        for (auto& dims : half) {
          dims[head] *= factor;
          dims[head + 2] *= factor;
        }
      }
    }
  }
#pragma unroll
  for (int tile = 0; tile < kTiles; ++tile) {
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      scores[tile][e] = exp2f(scores[tile][e] - max[e % 2]);
      a.sum[e % 2] += scores[tile][e];
    }
  }
}

// Combines the warps of a block through shared memory (kHeadsOfBlock · (kHeadDim + 2) floats a
// warp) and writes the output, or the part of it.
template <int kHeadDim>
__device__ void Finish(const DecodeShape& s, const Tensors& t, int splits, const BlockShare& share,
                       const Attention<kHeadDim>& a, float* shared) {
  const int warps = static_cast<int>(blockDim.x) / 32;
  const int warp = static_cast<int>(threadIdx.x) / 32;
  const int group = static_cast<int>(threadIdx.x) % 32 / 4;
  const int member = static_cast<int>(threadIdx.x) % 4;
  float* const outs = shared;                                     // [warps][8][kHeadDim]
  float* const maxima = outs + warps * kHeadsOfBlock * kHeadDim;  // [warps][8]
  float* const sums = maxima + warps * kHeadsOfBlock;             // [warps][8]
#pragma unroll
  for (int e = 0; e < 2; ++e) {
    const int slot = warp * kHeadsOfBlock + 2 * member + e;
    const float sum = SumOverGroups(a.sum[e]);
    if (group == 0) {
      maxima[slot] = a.max[e];
      sums[slot] = sum;
    }
#pragma unroll
    for (int h = 0; h < kHeadDim / 64; ++h) {
      auto* const to = reinterpret_cast<float4*>(outs + slot * kHeadDim + 64 * h + 8 * group);
      to[0] = {a.out[h][0][e], a.out[h][0][e + 2], a.out[h][1][e], a.out[h][1][e + 2]};
      to[1] = {a.out[h][2][e], a.out[h][2][e + 2], a.out[h][3][e], a.out[h][3][e + 2]};
    }
  }
  __syncthreads();
  const int group_heads = s.heads / s.kv_heads;
  const int heads = min(kHeadsOfBlock, group_heads - share.first_head);
  for (int i = static_cast<int>(threadIdx.x); i < heads * kHeadDim; i += 32 * warps) {
    const int head = i / kHeadDim;
    const int dim = i % kHeadDim;
    float max = kNoMax;
    for (int w = 0; w < warps; ++w) max = fmaxf(max, maxima[w * kHeadsOfBlock + head]);
    float sum = 0;
    float out = 0;
    for (int w = 0; w < warps; ++w) {
      const int slot = w * kHeadsOfBlock + head;
      const float factor = exp2f(maxima[slot] - max);
      sum += factor * sums[slot];
      out += factor * outs[slot * kHeadDim + dim];
    }
    out = sum > 0 ? out / sum : 0.0f;
    const int64_t row =
        int64_t{share.sequence} * s.heads + share.kv_head * group_heads + share.first_head + head;
    if (splits == 1) {
      t.out[row * kHeadDim + dim] = __float2bfloat16(out);
      continue;
    }
    t.part_out[(row * splits + share.part) * kHeadDim + dim] = out;
    if (dim == 0) t.part_lse[row * splits + share.part] = sum > 0 ? max + log2f(sum) : kNoMax;
  }
}

// A block for each part of each sequence and each 8 heads of a kv_head: its warps take the steps of
// the part in turn. What comes from memory goes from registers to the tensor cores: no key or value
// passes through shared memory.
template <int kHeadDim, int kTiles, bool kAhead>
__global__ void DecodeKernel(DecodeShape s, Tensors t, int splits) {
  extern __shared__ float shared[];
  cudaTriggerProgrammaticLaunchCompletion();  // CombineKernel may come up, and wait.
  constexpr int kKeys = kTiles * kTile;
  const BlockShare share = ShareOf(s, splits, t.seq_lens);
  const int warps = static_cast<int>(blockDim.x) / 32;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int group = lane / 4;
  const int member = lane % 4;
  const int part_keys = ((share.length + splits - 1) / splits + kKeys - 1) / kKeys * kKeys;
  const int end = min(share.length, (share.part + 1) * part_keys);
  int key = share.part * part_keys + static_cast<int>(threadIdx.x) / 32 * kKeys;

  Words q[kHeadDim / 32] = {};
  const int group_heads = s.heads / s.kv_heads;
  const int head = share.first_head + group;
  if (head < group_heads) {
    const int64_t row = int64_t{share.sequence} * s.heads + share.kv_head * group_heads + head;
#pragma unroll
    for (int j = 0; j < kHeadDim / 32; ++j) {
      q[j] = LoadOnce(t.q + row * kHeadDim + 32 * j + 8 * member);
    }
  }

  // Keys past the end are read as the last one, which is legal, and masked.
  const int stride = warps * kKeys;
  const auto row_of_lane = [&](int first) {
    return first < end ? RowOf(s, share, t.page_table, min(first + lane % kKeys, end - 1)) : 0;
  };
  Attention<kHeadDim> a;
  const auto attend = [&](const Step<kHeadDim, kTiles>& step, int first) {
    float scores[kTiles][4];
    step.Score(q, scores);
    ToWeights<kHeadDim, kTiles>(scores, s.scale * 1.44269504f, end - first, group, a);
    step.AddValues(scores, a);
  };
  int row = row_of_lane(key);
  if constexpr (kAhead) {
    Step<kHeadDim, kTiles> step;
    if (key < end) step.Load(t, row, group, member);
    row = row_of_lane(key + stride);
    for (; key < end; key += stride) {
      Step<kHeadDim, kTiles> next;
      if (key + stride < end) next.Load(t, row, group, member);
      row = row_of_lane(key + 2 * stride);
      attend(step, key);
      step = next;
    }
  } else {
    for (; key < end; key += stride) {
      Step<kHeadDim, kTiles> step;
      step.Load(t, row, group, member);
      row = row_of_lane(key + stride);  // Known when the next step starts.
      attend(step, key);
    }
  }
  Finish<kHeadDim>(s, t, splits, share, a, shared);
}

// A block a head of a sequence, a thread a dim. All of a chunk's loads are under way at once.
__global__ void CombineKernel(Tensors t, int head_dim, int splits) {
  constexpr int kChunk = 16;
  const float* lses = t.part_lse + int64_t{blockIdx.x} * splits;
  const float* parts = t.part_out + int64_t{blockIdx.x} * splits * head_dim + threadIdx.x;
  float max = kNoMax;
  float sum = 0;
  float out = 0;
  cudaGridDependencySynchronize();  // Until all parts are written.
  for (int first = 0; first < splits; first += kChunk) {
    float lse[kChunk];
    float part[kChunk];
#pragma unroll
    for (int i = 0; i < kChunk; ++i) {
      const bool there = first + i < splits;
      lse[i] = there ? lses[first + i] : kNoMax;
      part[i] = there ? parts[int64_t{first + i} * head_dim] : 0.0f;
    }
    float raised = max;
#pragma unroll
    for (const float l : lse) raised = fmaxf(raised, l);
    sum *= exp2f(max - raised);
    out *= exp2f(max - raised);
    max = raised;
#pragma unroll
    for (int i = 0; i < kChunk; ++i) {
      const float weight = exp2f(lse[i] - max);  // Of nothing but empty parts: 1, times zeros.
      sum += weight;
      out += weight * part[i];
    }
  }
  t.out[int64_t{blockIdx.x} * head_dim + threadIdx.x] = __float2bfloat16(out / sum);
}

size_t PartFloats(const DecodeShape& shape, const DecodePlan& plan) {
  if (plan.splits == 1) return 0;
  return size_t{1} * static_cast<size_t>(shape.batch) * static_cast<size_t>(shape.heads) *
         static_cast<size_t>(plan.splits);
}

// Its blocks come up while the last ones of DecodeKernel still run, so that only their waiting is
// left once those are done.
void LaunchCombine(const DecodeShape& shape, const DecodePlan& plan, const Tensors& tensors,
                   cudaStream_t stream) {
  cudaLaunchAttribute early = {};
  early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  early.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config = {};
  config.gridDim = static_cast<unsigned>(shape.batch * shape.heads);
  config.blockDim = static_cast<unsigned>(shape.head_dim);
  config.stream = stream;
  config.attrs = &early;
  config.numAttrs = 1;
  static_cast<void>(
      cudaLaunchKernelEx(&config, CombineKernel, tensors, shape.head_dim, plan.splits));
}

}  // namespace

size_t DecodeWorkspaceBytes(const DecodeShape& shape, const DecodePlan& plan) {
  return PartFloats(shape, plan) * (static_cast<size_t>(shape.head_dim) + 1) * sizeof(float);
}

void LaunchDecode(const DecodeShape& shape, const DecodePlan& plan, const sdk::Operands& operands) {
  const int64_t blocks = DecodeBlocks(shape) * plan.splits;
  if (blocks == 0) return;
  auto* const stream = static_cast<cudaStream_t>(operands.stream);
  Tensors tensors = TensorsOf(operands);
  if (plan.splits > 1) {
    tensors.part_out = static_cast<float*>(operands.workspace);
    tensors.part_lse =
        tensors.part_out + PartFloats(shape, plan) * static_cast<size_t>(shape.head_dim);
  }
  const int shared =
      plan.warps * kHeadsOfBlock * (shape.head_dim + 2) * static_cast<int>(sizeof(float));
  WithNumber<64, 128>(shape.head_dim, [&]<int head_dim>() {
    const auto kernel = plan.keys == 2 * kTile ? DecodeKernel<head_dim, 2, false>
                        : plan.ahead           ? DecodeKernel<head_dim, 1, true>
                                               : DecodeKernel<head_dim, 1, false>;
    kernel<<<static_cast<unsigned>(blocks), static_cast<unsigned>(32 * plan.warps), shared,
             stream>>>(shape, tensors, plan.splits);
  });
  if (plan.splits > 1) LaunchCombine(shape, plan, tensors, stream);
}

}  // namespace tactic::cuda_kernels
