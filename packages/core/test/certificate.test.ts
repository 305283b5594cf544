/** @file The certificate against what it claims, at many probes, in every scaling. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  certifiedGap,
  certify,
  columnMap,
  createOracle,
  createReferenceRuntime,
  fit,
  fromProbe,
  rootStream,
  stepBudget,
  toProbe,
  type LinearProbe,
  type ProbeProblem,
  type Scaling,
} from "../src/index.ts";
import { fixedStep, toyProblem } from "./toy-problem.ts";

const runtime = createReferenceRuntime();

function certificateOf(problem: ProbeProblem, probe: LinearProbe) {
  const { features, labels, classes } = problem.train;
  return certify(runtime.bind(features, { labels, classes }), problem, probe);
}

function randomProbe(seed: string, size: number): LinearProbe {
  const stream = rootStream(seed);
  const draw = (length: number): Float64Array => Float64Array.from({ length }, () => size * stream.normal());
  return { classes: 3, cols: 4, weights: draw(12), bias: draw(3) };
}

describe.each<Scaling>(["none", "center", "standardize"])("%s", (scaling) => {
  const problem = toyProblem(runtime, 1e-2, scaling);
  const best = fit(runtime, problem, fixedStep(1), {
    stream: rootStream("best"),
    stop: [certifiedGap({ absolute: 1e-12 }), stepBudget(20_000)],
  });

  test("the optimum has no gap, and every other probe's lower bound is below it", () => {
    expect(best.status).toBe("converged");
    const optimum = best.certificate.objective;
    fc.assert(
      fc.property(fc.string(), fc.double({ min: 0, max: 3, noNaN: true }), (seed, size) => {
        const { objective, dualityGap } = certificateOf(problem, randomProbe(seed, size));
        expect(objective).toBeGreaterThanOrEqual(optimum - 1e-12);
        expect(objective - dualityGap).toBeLessThanOrEqual(optimum + 1e-12);
      }),
      { numRuns: 50 },
    );
  });

  test("the objective is F by its definition", () => {
    const probe = randomProbe("definition", 0.5);
    const oracle = createOracle(runtime, problem, "centred");
    const value = oracle.valueAndGradient(oracle.fromProbe(probe), new Float64Array(oracle.dimension));
    expect(certificateOf(problem, probe).objective).toBeCloseTo(value, 12);
  });

  test.each(["centred", "as-declared"] as const)("θ ↔ probe is exact in %s coordinates", (coordinates) => {
    const map = columnMap(problem.train.features, scaling, coordinates);
    const probe = randomProbe("map", 1);
    const { weights, bias } = toProbe(map, 3, fromProbe(map, probe));
    for (const [at, weight] of probe.weights.entries()) expect(weights[at]).toBeCloseTo(weight, 12);
    for (const [at, b] of probe.bias.entries()) expect(bias[at]).toBeCloseTo(b, 12);
  });

  test("the oracle's gradient is the derivative of its value, and its Hessian of the gradient", () => {
    const oracle = createOracle(runtime, problem, "centred");
    const stream = rootStream("derivative");
    const draw = (): Float64Array => Float64Array.from({ length: oracle.dimension }, () => stream.normal());
    const [theta, direction, gradient, image] = [draw(), draw(), draw(), draw()];
    const at = (t: number, out: Float64Array): number =>
      oracle.valueAndGradient(
        theta.map((value, i) => value + t * direction[i]!),
        out,
      );
    const [up, down] = [new Float64Array(oracle.dimension), new Float64Array(oracle.dimension)];
    const h = 1e-5;
    const slope = (at(h, up) - at(-h, down)) / (2 * h);
    at(0, gradient);
    expect(gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0)).toBeCloseTo(slope, 8);

    const margins = oracle.createMargins();
    const line = oracle.createMargins();
    oracle.margins(theta, margins);
    oracle.margins(direction, line);
    oracle.hessianVector(margins, direction, image);
    for (const [i, value] of image.entries()) expect(value).toBeCloseTo((up[i]! - down[i]!) / (2 * h), 7);
    const values = oracle.along({ margins, direction: line, theta, delta: direction }, 0);
    expect(values.slope).toBeCloseTo(slope, 8);
    expect(values.curvature).toBeCloseTo(
      image.reduce((sum, value, i) => sum + value * direction[i]!, 0),
      10,
    );
  });
});

test("a class without rows has its bias at -∞, and is certified all the same", () => {
  const { train, scaling } = toyProblem(runtime);
  const problem: ProbeProblem = { train: { ...train, classes: 4 }, l2: 1e-2, scaling };
  const probe = { classes: 4, cols: 4, weights: new Float64Array(16), bias: new Float64Array(4) };
  const frequencies = [0, 1, 2].map((c) => train.labels.filter((y) => y === c).length / train.labels.length);
  const entropy = frequencies.reduce((sum, p) => sum - p * Math.log(p), 0);
  const { objective, dualityGap } = certificateOf(problem, probe);
  expect(objective).toBeCloseTo(Math.log(4), 14);
  expect(dualityGap).toBeGreaterThan(Math.log(4) - entropy);
  expect(dualityGap).toBeLessThan(Infinity);
});

test("standardize: a weight on a column without variance is a constant, and costs nothing", () => {
  const writer = runtime.createFeatures({ rows: 4, cols: 2 });
  writer.write(0, Float32Array.of(1, 7, 2, 7, 3, 7, 4, 7));
  const labels = Int32Array.of(0, 0, 1, 1);
  const train = { role: "train" as const, features: writer.finish(), labels, classes: 2 };
  const problem: ProbeProblem = { train, l2: 0.1, scaling: "standardize" };
  const plain = { classes: 2, cols: 2, weights: Float64Array.of(-1, 0, 1, 0), bias: Float64Array.of(2.5, -2.5) };
  const constant = { ...plain, weights: Float64Array.of(-1, 1, 1, 0), bias: Float64Array.of(2.5 - 7, -2.5) };
  expect(certificateOf(problem, constant)).toEqual(certificateOf(problem, plain));
});
