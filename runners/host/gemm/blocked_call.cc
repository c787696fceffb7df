#include "runners/host/gemm/blocked_call.h"

#include <algorithm>

#include "runners/host/thread_pool.h"

namespace tactic::gemm {

namespace {

constexpr int64_t kLineFloats = 16;  // Of a cache line: threads' areas do not share any.

int64_t RoundUp(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

int UnrollIndex(int factor) {
  return static_cast<int>(std::find(kUnrollFactors, kUnrollFactors + kUnrolls, factor) -
                          kUnrollFactors);
}

}  // namespace

BlockedCall::BlockedCall(const Shape& shape, const Plan& plan)
    : shape_(shape),
      plan_(plan),
      whole_(plan.micro->whole[UnrollIndex(plan.unroll)][plan.prefetch > 0 ? 1 : 0]),
      rest_(plan.micro->rest),
      // A single row of a is a panel already.
      pack_a_(plan.micro->kind == MicroKind::kPanel && shape.m > 1) {
  const int64_t kc = std::min(plan.kc, shape.k);
  if (pack_a_) a_panels_ = RoundUp(shape.m * kc, kLineFloats);
  if (plan.pack_b) {
    const int64_t nc = RoundUp(std::min(plan.nc, shape.n), plan.micro->cols);
    b_panels_ = RoundUp(nc * kc, kLineFloats);
  }
  if (plan.split == Split::kK) partial_ = RoundUp(shape.m * shape.n, kLineFloats);
}

// Scratch of thread 0, 1, …; then the partial sums of thread 1, 2, …: thread 0 sums into c.
size_t BlockedCall::WorkspaceBytes() const {
  const int64_t floats = plan_.threads * (a_panels_ + b_panels_) + (plan_.threads - 1) * partial_;
  return static_cast<size_t>(floats) * sizeof(float);
}

void BlockedCall::Launch(const sdk::Operands& operands) {
  if (shape_.m == 0 || shape_.n == 0) return;
  ThreadPool& pool = ThreadPool::Process();
  pool.ParallelFor(plan_.threads, [&](int thread) { RunPart(PartOf(thread, operands)); });
  if (plan_.split == Split::kK && plan_.threads > 1) {
    pool.ParallelFor(plan_.threads, [&](int thread) { AddPartials(operands, thread); });
  }
}

// Part `index` of `extent`, in whole steps, as even as that allows.
BlockedCall::Span BlockedCall::Divide(int64_t extent, int64_t step, int parts, int index) {
  const int64_t steps = (extent + step - 1) / step;
  const auto edge = [&](int i) { return std::min(extent, steps * i / parts * step); };
  return {edge(index), edge(index + 1)};
}

BlockedCall::Part BlockedCall::PartOf(int thread, const sdk::Operands& operands) const {
  Part part;
  part.m = {0, shape_.m};
  part.n = {0, shape_.n};
  part.k = {0, shape_.k};
  part.a = static_cast<const float*>(operands.inputs[0]);
  part.b = static_cast<const float*>(operands.inputs[1]);
  part.c = static_cast<float*>(operands.outputs[0]);
  auto* scratch = static_cast<float*>(operands.workspace);
  if (scratch != nullptr) {
    part.a_panels = scratch + thread * (a_panels_ + b_panels_);
    part.b_panels = part.a_panels + a_panels_;
  }
  const bool axpy = plan_.micro->kind == MicroKind::kAxpy;
  switch (plan_.split) {
    case Split::kN:
      part.n = Divide(shape_.n, axpy ? kLineFloats : plan_.micro->cols, plan_.threads, thread);
      break;
    case Split::kM:
      part.m = Divide(shape_.m, plan_.micro->rows, plan_.threads, thread);
      break;
    case Split::kK:
      part.k = Divide(shape_.k, kLineFloats, plan_.threads, thread);
      if (thread > 0) {
        part.c = scratch + plan_.threads * (a_panels_ + b_panels_) + (thread - 1) * partial_;
      }
      break;
  }
  return part;
}

void BlockedCall::RunPart(const Part& part) const {
  const bool axpy = plan_.micro->kind == MicroKind::kAxpy;
  if (axpy || part.k.size() == 0) {
    for (int64_t i = part.m.begin; i < part.m.end; ++i) {
      std::fill_n(part.c + i * shape_.n + part.n.begin, part.n.size(), 0.0f);
    }
  }
  if (axpy) {
    RunAxpy(part);
  } else {
    RunTiles(part);
  }
}

void BlockedCall::RunAxpy(const Part& part) const {
  const int64_t depth = plan_.micro->cols;
  MicroArgs args;
  args.lda = shape_.k;
  args.ldb = args.ldc = shape_.n;
  args.prefetch = plan_.prefetch;
  for (int64_t j = part.n.begin; j < part.n.end; j += plan_.nc) {
    args.cols = std::min(plan_.nc, part.n.end - j);
    for (int64_t p = part.k.begin; p < part.k.end;) {
      const bool all = p + depth <= part.k.end;
      args.b = part.b + p * shape_.n + j;
      for (int64_t i = part.m.begin; i < part.m.end; i += plan_.micro->rows) {
        const int64_t rows = std::min<int64_t>(plan_.micro->rows, part.m.end - i);
        args.a = part.a + i * shape_.k + p;
        args.c = part.c + i * shape_.n + j;
        (all ? whole_ : rest_)[rows - 1](args);
      }
      p += all ? depth : 1;
    }
  }
}

void BlockedCall::RunTiles(const Part& part) const {
  if (part.m.size() == 0 || part.n.size() == 0) return;
  for (int64_t p = part.k.begin; p < part.k.end; p += plan_.kc) {
    const Span k = {p, std::min(p + plan_.kc, part.k.end)};
    if (pack_a_) PackA(part, k);
    for (int64_t j = part.n.begin; j < part.n.end; j += plan_.nc) {
      const Span n = {j, std::min(j + plan_.nc, part.n.end)};
      if (plan_.pack_b) PackB(part, n, k);
      // Whole tiles but for the last block, so that packed panels start where blocks do.
      const int64_t mc = RoundUp(plan_.mc, plan_.micro->rows);
      for (int64_t i = part.m.begin; i < part.m.end; i += mc) {
        RunBlock(part, {i, std::min(i + mc, part.m.end)}, n, k);
      }
    }
  }
}

void BlockedCall::RunBlock(const Part& part, Span m, Span n, Span k) const {
  const Micro& micro = *plan_.micro;
  MicroArgs args;
  args.lda = shape_.k;
  args.ldc = shape_.n;
  args.k = k.size();
  args.accumulate = k.begin > part.k.begin;
  args.prefetch = plan_.prefetch;
  args.ldb = plan_.pack_b ? micro.cols : shape_.b_transposed ? shape_.k : shape_.n;
  for (int64_t j = n.begin; j < n.end; j += micro.cols) {
    args.cols = std::min<int64_t>(micro.cols, n.end - j);
    args.b = plan_.pack_b          ? part.b_panels + (j - n.begin) * k.size()
             : shape_.b_transposed ? part.b + j * shape_.k + k.begin
                                   : part.b + k.begin * shape_.n + j;
    const MicroFunction* const kernels = args.cols == micro.cols ? whole_ : rest_;
    for (int64_t i = m.begin; i < m.end; i += micro.rows) {
      const int64_t rows = std::min<int64_t>(micro.rows, m.end - i);
      args.a =
          pack_a_ ? part.a_panels + (i - part.m.begin) * k.size() : part.a + i * shape_.k + k.begin;
      args.c = part.c + i * shape_.n + j;
      kernels[rows - 1](args);
    }
  }
}

// Panels of as many rows as the kernel takes, the last one narrower: element (i, p) of a panel of r
// rows is at [p * r + i].
void BlockedCall::PackA(const Part& part, Span k) const {
  for (int64_t i = part.m.begin; i < part.m.end; i += plan_.micro->rows) {
    const int64_t rows = std::min<int64_t>(plan_.micro->rows, part.m.end - i);
    HostMicros().transpose(part.a + i * shape_.k + k.begin, shape_.k, rows, k.size(),
                           part.a_panels + (i - part.m.begin) * k.size(), rows);
  }
}

// Panels of the tile's width: element (p, j) of a panel is at [p * cols + j].
void BlockedCall::PackB(const Part& part, Span n, Span k) const {
  const int64_t width = plan_.micro->cols;
  if (shape_.b_transposed) {
    for (int64_t j = n.begin; j < n.end; j += width) {
      HostMicros().transpose(part.b + j * shape_.k + k.begin, shape_.k, std::min(width, n.end - j),
                             k.size(), part.b_panels + (j - n.begin) * k.size(), width);
    }
    return;
  }
  // A few rows at a time: they are read as streams, and few lines of each panel are open at once.
  constexpr int64_t kRows = 8;
  for (int64_t p = 0; p < k.size(); p += kRows) {
    for (int64_t j = n.begin; j < n.end; j += width) {
      HostMicros().copy(part.b + (k.begin + p) * shape_.n + j, shape_.n, std::min(width, n.end - j),
                        std::min(kRows, k.size() - p),
                        part.b_panels + (j - n.begin) * k.size() + p * width, width);
    }
  }
}

void BlockedCall::AddPartials(const sdk::Operands& operands, int thread) const {
  const Span mine = Divide(shape_.m * shape_.n, kLineFloats, plan_.threads, thread);
  const float* partials =
      static_cast<const float*>(operands.workspace) + plan_.threads * (a_panels_ + b_panels_);
  auto* c = static_cast<float*>(operands.outputs[0]);
  for (int other = 1; other < plan_.threads; ++other, partials += partial_) {
    for (int64_t i = mine.begin; i < mine.end; ++i) c[i] += partials[i];
  }
}

}  // namespace tactic::gemm
