// The interface of runners: what a kernel author writes so that tacticd can tune it and programs
// can run what was chosen. A runner library is linked by the worker, to measure, and by the user's
// program, to run: what is served is what was measured. docs/adding_a_runner.md walks through one.
//
// Threads: an Op or Runner may be used from several threads at once; a Call from one at a time.
// Exceptions: any of these calls may throw; the worker turns std::bad_alloc into "out of memory"
// and all else into "rejected" with the message. A program that calls a runner directly sees the
// exception.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tactic/model/decision.h"
#include "tactic/model/op_schema.h"
#include "tactic/model/problem.h"
#include "tactic/model/result.h"
#include "tactic/sdk/inputs.h"

namespace tactic::sdk {

// Where a call reads and writes. Pointers are device memory on a GPU; inputs and outputs in the
// op's order, densely packed in their layout, 64-byte aligned. An absent input is nullptr. Must not
// be changed by the call: inputs.
struct Operands {
  std::span<const void* const> inputs;
  std::span<void* const> outputs;
  void* workspace = nullptr;  // Call::WorkspaceBytes() long, 64-byte aligned, content undefined.
  void* stream =
      nullptr;  // cudaStream_t on a GPU; nullptr on the host, where Launch returns when it is done.
};

// One tactic made ready for one problem: the object that is validated, timed, and run in
// production.
class Call {
 public:
  virtual ~Call() = default;
  virtual size_t WorkspaceBytes() const { return 0; }
  // Runs (host) or enqueues (GPU). No allocation, no synchronisation.
  virtual void Launch(const Operands& operands) = 0;
};

// One family of kernels for an op.
class Runner {
 public:
  virtual ~Runner() = default;
  // Name, and a unique id that changes whenever a tactic's meaning or speed may change: parameters,
  // code version.
  virtual RunnerId Id() const = 0;
  // Libraries whose version matters to the result. Default: none.
  virtual std::vector<Component> Libraries() const { return {}; }
  // The tactics worth measuring for this problem on this machine, most promising first, none twice.
  // The empty tactic (the default) need not be listed: it is always a candidate.
  virtual std::vector<Tactic> Tactics(const Problem& problem) const = 0;
  // Makes `tactic` ready: everything that is done once (packing plans, handles, module loads)
  // happens here, untimed. The empty tactic must work for every problem of the op.
  // FailedPrecondition or InvalidArgument: cannot run it.
  virtual Result<std::unique_ptr<Call>> Prepare(const Problem& problem,
                                                const Tactic& tactic) const = 0;
};

// What counts as a right answer: |x - reference| <= absolute + relative * |reference|, for each
// element.
struct Tolerance {
  double absolute = 0;
  double relative = 0;
};

// A named operation: what its runners must compute.
class Op {
 public:
  virtual ~Op() = default;
  virtual OpSchema Schema() const = 0;
  // Shapes and types of the outputs of a checked problem.
  virtual std::vector<Tensor> Outputs(const Problem& problem) const = 0;
  // Computes the outputs plainly and in higher precision inside. Runs once a contest. Host memory.
  virtual void Reference(const Problem& problem, const Operands& operands) const = 0;
  virtual Tolerance ToleranceFor(const Problem& problem) const = 0;
  // How each input of `problem` is filled for tuning, in the op's order. Default: DefaultFill for
  // each. What an input cannot hold (an index fill for floats, a value out of range) fails the
  // tuning with a message that names the input.
  virtual std::vector<InputFill> InputFills(const Problem& problem) const;
  // Default: empty, none. Inputs without a fill of their own need not pass through host memory
  // then.
  virtual InputsHook InputsPreHook(const Problem& problem) const;
  // Floating-point operations and least memory traffic of one call: for reports only.
  virtual double Flops(const Problem& problem) const = 0;
};

// The ops and runners of one process. Filled at start by the Register functions of the runner
// libraries, then constant.
class Registry {
 public:
  void Add(std::unique_ptr<Op> op);
  // The order in which runners are added is their order in contests: the first one's default is the
  // default candidate. The op must have been added before.
  void Add(const std::string& op, std::unique_ptr<Runner> runner);

  struct Entry {
    std::unique_ptr<Op> op;
    std::vector<std::unique_ptr<Runner>> runners;
  };
  const Entry* Find(const std::string& op) const;  // nullptr: unknown.
  // nullptr: unknown.
  const Runner* FindRunner(const std::string& op, const std::string& runner) const;
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

// What of the environment follows from the op: runners ("runner:NAME" -> unique id) and their
// libraries, sorted.
std::vector<Component> ComponentsOf(const Registry::Entry& entry);

}  // namespace tactic::sdk
