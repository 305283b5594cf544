/** @file The catalogue of small problems that every solver is held to. Each says where it comes from. */
import { rootStream, type ProbeProblem, type Runtime, type Scaling, type Stream } from "@linear-probes/core";

export interface CatalogueProblem {
  readonly name: string;
  readonly source: string;
  readonly rows: number;
  readonly cols: number;
  readonly classes: number;
  readonly l2: number;
  readonly scaling: Scaling;
  /** F*, where it is known in closed form. */
  readonly optimum?: number;
  /** X [n, d] and y [n]. */
  readonly data: (stream: Stream) => { readonly x: Float32Array; readonly y: Int32Array };
}

/** The problem in the memory of `runtime`; the same numbers every time. */
export function buildProblem(runtime: Runtime, problem: CatalogueProblem): ProbeProblem {
  const { x, y } = problem.data(rootStream("catalogue").split(problem.name));
  const writer = runtime.createFeatures({ rows: problem.rows, cols: problem.cols, name: problem.name });
  writer.write(0, x);
  const train = { role: "train" as const, features: writer.finish(), labels: y, classes: problem.classes };
  return { train, l2: problem.l2, scaling: problem.scaling };
}

/** Normal features whose label is the greatest of the first k columns after some noise. */
export function noisyArgmax(
  rows: number,
  cols: number,
  classes: number,
  spread: (column: number) => number,
  noise = 0.5,
) {
  return (stream: Stream) => {
    const x = Float32Array.from({ length: rows * cols }, (_, at) => stream.normal() * spread(at % cols));
    const y = Int32Array.from({ length: rows }, (_, i) => {
      const scores = Array.from({ length: classes }, (_, c) => {
        return x[i * cols + (c % cols)]! / spread(c % cols) + noise * stream.normal();
      });
      return scores.indexOf(Math.max(...scores));
    });
    for (let c = 0; c < classes; c++) y[c] = c; // every class occurs
    return { x, y };
  };
}

/** The root of a falling function on [0, high]. */
function bisect(f: (x: number) => number, high: number): number {
  let [low, top] = [0, high];
  for (let i = 0; i < 200; i++) {
    const middle = (low + top) / 2;
    if (f(middle) > 0) low = middle;
    else top = middle;
  }
  return low;
}

/** Two points at ±1: by symmetry W = (-a, a), F(a) = log(1 + exp(-2a)) + l2·a². */
function twoPointOptimum(l2: number): number {
  const a = bisect((value) => 2 / (1 + Math.exp(2 * value)) - 2 * l2 * value, 100);
  return Math.log1p(Math.exp(-2 * a)) + l2 * a * a;
}

const entropy = (...p: number[]): number => p.reduce((sum, value) => sum - value * Math.log(value), 0);

export const problems: readonly CatalogueProblem[] = [
  {
    name: "two-points",
    source: "x = ±1; the optimum is the root of a scalar equation",
    rows: 2,
    cols: 1,
    classes: 2,
    l2: 0.1,
    scaling: "none",
    optimum: twoPointOptimum(0.1),
    data: () => ({ x: Float32Array.of(-1, 1), y: Int32Array.of(0, 1) }),
  },
  {
    name: "no-information",
    source: "the same features in every class, so W* = 0 and F* is the entropy of the class frequencies",
    rows: 8,
    cols: 3,
    classes: 3,
    l2: 1e-3,
    scaling: "center",
    optimum: entropy(1 / 2, 1 / 4, 1 / 4),
    data: () => ({
      x: Float32Array.from({ length: 24 }, (_, at) => (at % 3) + 1),
      y: Int32Array.of(0, 0, 0, 0, 1, 1, 2, 2),
    }),
  },
  {
    name: "binary",
    source: "noisy half-space",
    rows: 300,
    cols: 7,
    classes: 2,
    l2: 1e-3,
    scaling: "standardize",
    data: noisyArgmax(300, 7, 2, () => 1),
  },
  {
    name: "ten-classes",
    source: "noisy argmax of ten columns",
    rows: 400,
    cols: 12,
    classes: 10,
    l2: 1e-3,
    scaling: "none",
    data: noisyArgmax(400, 12, 10, () => 1),
  },
  {
    name: "separable",
    source: "argmax without noise: the optimum exists only because of the penalty",
    rows: 200,
    cols: 6,
    classes: 3,
    l2: 1e-4,
    scaling: "none",
    data: noisyArgmax(200, 6, 3, () => 1, 0),
  },
  {
    name: "constant-column",
    source: "one column constant and far from zero; standardize makes it zero",
    rows: 150,
    cols: 5,
    classes: 3,
    l2: 1e-3,
    scaling: "standardize",
    data(stream) {
      const { x, y } = noisyArgmax(150, 5, 3, () => 1)(stream);
      return { x: x.map((value, at) => (at % 5 === 4 ? 1000.1 : value)), y };
    },
  },
  {
    name: "duplicate-columns",
    source: "each column twice: S is singular",
    rows: 150,
    cols: 6,
    classes: 3,
    l2: 1e-3,
    scaling: "none",
    data(stream) {
      const { x, y } = noisyArgmax(150, 6, 3, () => 1)(stream);
      return { x: x.map((_, at) => x[at - (at % 2)]!), y };
    },
  },
  {
    name: "ill-conditioned",
    source: "column scales over three decades, far from zero: condition number about 1e6",
    rows: 300,
    cols: 8,
    classes: 3,
    l2: 1e-4,
    scaling: "none",
    data(stream) {
      const { x, y } = noisyArgmax(300, 8, 3, (column) => 10 ** ((-3 * column) / 7))(stream);
      return { x: x.map((value) => value + 2), y };
    },
  },
  {
    name: "one-row-per-class",
    source: "as few rows as allowed",
    rows: 5,
    cols: 4,
    classes: 5,
    l2: 1e-2,
    scaling: "none",
    data: noisyArgmax(5, 4, 5, () => 1),
  },
  {
    name: "wide",
    source: "more columns than rows",
    rows: 20,
    cols: 60,
    classes: 3,
    l2: 1e-2,
    scaling: "none",
    data: noisyArgmax(20, 60, 3, () => 1),
  },
];
