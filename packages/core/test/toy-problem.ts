/** @file A small problem and the simplest possible solver, for the tests of everything that judges. */
import type { LabelledFeatures, ProbeProblem, Runtime, Scaling, Solver } from "../src/index.ts";
import { rootStream } from "../src/index.ts";

/** Noisy argmax of the first columns, three classes, columns away from zero. */
export function toyRows<Role extends "train" | "validation" | "test">(
  runtime: Runtime,
  role: Role,
  rows = 60,
): LabelledFeatures<Role> {
  const stream = rootStream("toy").split(role);
  const cols = 4;
  const x = Float32Array.from({ length: rows * cols }, () => stream.normal());
  const labels = Int32Array.from({ length: rows }, (_, i) => {
    const scores = [0, 1, 2].map((c) => x[i * cols + c]! + 0.5 * stream.normal());
    return scores.indexOf(Math.max(...scores));
  });
  const writer = runtime.createFeatures({ rows, cols, name: role });
  writer.write(
    0,
    x.map((value, at) => (at % cols) * 3 + value),
  );
  return { role, features: writer.finish(), labels, classes: 3 };
}

export function toyProblem(runtime: Runtime, l2 = 1e-2, scaling: Scaling = "none"): ProbeProblem {
  return { train: toyRows(runtime, "train"), l2, scaling };
}

/** θ ← θ - rate ∇F. */
export function fixedStep(rate: number): Solver {
  return {
    name: "fixed-step",
    source: "test",
    settings: { rate },
    init: (_, start) => ({ theta: start }),
    step(oracle, { theta }) {
      const gradient = new Float64Array(oracle.dimension);
      const objective = oracle.valueAndGradient(theta, gradient);
      return { theta: theta.map((value, at) => value - rate * gradient[at]!), objective };
    },
  };
}
