// The runners of the host lane: real CPU kernels, for tuning and for running what was chosen.
//
//   op gemm (f32): c[m,n] = a[m,k] * b[k,n]; b row-major, or col-major (stored as [n,k]: A*B^T).
//     host_blocked  our own packed, cache-blocked, vectorised kernels
//     openblas      the system's libopenblas.so.0, when it is there
//   op softmax (f32): y = softmax(x[rows,cols]) over the last dimension.
//     host_softmax  our own vectorised kernels
//
// Their calls run on the calling thread and on a pool of this process's threads (one call at a time
// uses the pool; others wait). They allocate nothing and throw nothing after Prepare.
#pragma once

#include "tactic/sdk/runner.h"

namespace tactic {

// Adds the ops and runners above. Loads OpenBLAS if it is installed; without it, the runner
// `openblas` is simply not there.
void RegisterHostRunners(sdk::Registry& registry);

}  // namespace tactic
