#!/usr/bin/env python3
"""What choosing costs in a Python autotuner of the usual kind: plain Python 3, no GPU.

The steps are those of TensorRT-LLM's AutoTuner between the call and the answer: sizes of the inputs, for each runner a
key of the op's name, the runner's class and attributes, and the nearest profile (memoised by shapes and rules), and one
look into a dictionary. Prints {"python_ns": N}, the best of several passes. choose_one_bench runs it.

    python_autotuner.py OPS LAYERS BUCKETS
"""
import functools
import json
import random
import sys
import time

CALLS = 4096
PASSES = 15


class Runner:
    """Its attributes identify it, as text."""

    def __init__(self, dtype, variant):
        self.dtype = dtype
        self.variant = variant

    def unique_id(self):
        return tuple(self.__dict__.values())


def next_power_of_two(size):
    return 1 << max(size - 1, 0).bit_length()


class DynamicDim:
    """Which dimension is bucketed, and how. Hashed by identity, as one configuration is made once."""

    def __init__(self, tensor, axis, mapper):
        self.tensor = tensor
        self.axis = axis
        self.mapper = mapper


@functools.lru_cache(maxsize=None)
def nearest_profile(shapes, dynamic):
    sizes = [list(shape) for shape in shapes]
    for dim in dynamic:
        sizes[dim.tensor][dim.axis] = dim.mapper(sizes[dim.tensor][dim.axis])
    return tuple(tuple(shape) for shape in sizes)


def key_of(op, runner, shapes, dynamic):
    return (op, runner.__class__.__name__, str(runner.unique_id()), nearest_profile(shapes, dynamic))


class Tuner:
    def __init__(self):
        self.decided = {}

    def choose_one(self, op, runners, dynamic, inputs):
        shapes = tuple(tuple(tensor) for tensor in inputs)
        for index, runner in enumerate(runners):
            key = key_of(op, runner, shapes, dynamic)
            if key in self.decided:
                tactic, _ = self.decided[key]
                return index, tactic
        return 0, -1


def main():
    ops, layers, buckets = (int(text) for text in sys.argv[1:4])
    rng = random.Random(20260101)
    runners = [Runner("bf16", 1)]
    dynamic = (DynamicDim(0, 0, next_power_of_two),)
    tuner = Tuner()

    def layer_of(op, layer):
        return 64 * (layer + 1), 128 * (op + 1) + 16 * layer

    for op in range(ops):
        for layer in range(layers):
            k, n = layer_of(op, layer)
            for bucket in range(buckets):
                shapes = ((1 << bucket, k), (k, n), (n,))
                tuner.decided[key_of(f"op{op}", runners[0], shapes, dynamic)] = (bucket, 1.0)
    calls = []
    for _ in range(CALLS):
        op, layer, bucket = rng.randrange(ops), rng.randrange(layers), rng.randrange(buckets)
        k, n = layer_of(op, layer)
        top = 1 << bucket
        m = top - rng.randrange((top + 1) // 2)
        calls.append((f"op{op}", [(m, k), (k, n), (n,)]))
    best = float("inf")
    for _ in range(PASSES):
        start = time.perf_counter_ns()
        for op, inputs in calls:
            tuner.choose_one(op, runners, dynamic, inputs)
        best = min(best, (time.perf_counter_ns() - start) / CALLS)
    for op, inputs in calls:
        if tuner.choose_one(op, runners, dynamic, inputs)[1] < 0:
            sys.exit("a call missed")
    print(json.dumps({"python_ns": round(best, 1)}))


if __name__ == "__main__":
    main()
