/** @file The loop: how fits end, what is refused, what is counted. */
import { describe, expect, test } from "vitest";
import {
  certifiedGap,
  createReferenceRuntime,
  earlyStopping,
  evaluateOnTest,
  evaluateOnValidation,
  fit,
  passBudget,
  rootStream,
  splitFeatures,
  splitRows,
  stepBudget,
  type FitOptions,
  type FitResult,
  type ProbeProblem,
  type Solver,
} from "../src/index.ts";
import { fixedStep, toyProblem, toyRows } from "./toy-problem.ts";

const runtime = createReferenceRuntime();
const stream = rootStream("drive");

function run(solver: Solver, options: Partial<FitOptions>, problem = toyProblem(runtime)): FitResult {
  return fit(runtime, problem, solver, { stream, stop: [stepBudget(50)], ...options });
}

describe("endings", () => {
  test("converged: the certificate satisfies the rule", () => {
    const result = run(fixedStep(1), { stop: [certifiedGap({ relative: 1e-4 }), stepBudget(5000)] });
    expect(result.status).toBe("converged");
    expect(result.certificate.relativeGap).toBeLessThanOrEqual(1e-4);
  });

  test("pass-budget: by passes and by steps, exactly", () => {
    expect(run(fixedStep(1), { stop: [passBudget(7)] })).toMatchObject({ status: "pass-budget", passes: 7, steps: 7 });
    expect(run(fixedStep(1), { stop: [stepBudget(3)] })).toMatchObject({ status: "pass-budget", passes: 3, steps: 3 });
  });

  test("diverged: the last finite iterate is returned", () => {
    const exploding: Solver = {
      ...fixedStep(1),
      step: (_, { theta }) => ({ theta: theta.map((value) => (value === 0 ? 1 : Infinity)) }),
    };
    const result = run(exploding, {});
    expect(result.status).toBe("diverged");
    expect(result.probe.weights.every(Number.isFinite)).toBe(true);
  });

  test("stalled: with the solver's reason; converged if the rule is met there", () => {
    const stuck: Solver = { ...fixedStep(1), step: (_, state) => ({ ...state, stalled: "No way down." }) };
    expect(run(stuck, {})).toMatchObject({ status: "stalled", reason: "No way down.", steps: 1 });
    expect(run(stuck, { stop: [certifiedGap({ absolute: 1e6 })] }).status).toBe("converged");
  });

  test("unsupported: a result, not an exception", () => {
    const picky: Solver = { ...fixedStep(1), unsupported: ({ cols }) => `not with ${cols} columns` };
    expect(run(picky, {})).toMatchObject({ status: "unsupported", reason: "not with 4 columns", passes: 0 });
  });

  test("time-budget and interrupted: by the caller's watch", () => {
    let calls = 0;
    const watch = () => (++calls > 4 ? { status: "time-budget" as const, reason: "Out of time." } : undefined);
    expect(run(fixedStep(1), { hooks: { watch } })).toMatchObject({ status: "time-budget", steps: 4 });
  });

  test("early-stopped: the best iterate on validation is restored", () => {
    const validation = toyRows(runtime, "validation", 40);
    const result = run(fixedStep(0.3), { stop: [earlyStopping({ patience: 4 }), stepBudget(500)], validation });
    expect(result.status).toBe("early-stopped");
    const errors = result.trace.map((point) => point.validationError ?? Number.NaN);
    expect(errors[result.chosenStep]).toBe(Math.min(...errors));
    expect(evaluateOnValidation(runtime, result.probe, validation).error).toBe(errors[result.chosenStep]);
    expect(result.steps - result.chosenStep).toBe(4);
  });
});

test("hooks: the clock sees init and every step, and the observer every point", () => {
  let timed = 0;
  let seen = 0;
  const hooks = {
    around: <T>(work: () => T): T => ((timed += 1), work()),
    observe: () => (seen += 1),
  };
  run(fixedStep(1), { stop: [stepBudget(5)], hooks });
  expect([timed, seen]).toEqual([6, 6]);
});

test("the schedule decides where the trace is certified, and the cost is counted apart", () => {
  const { trace, certificatePasses, passes } = run(fixedStep(1), {
    stop: [stepBudget(4)],
    record: (step) => step % 2 === 0,
  });
  expect(trace.map((point) => point.certificate !== undefined)).toEqual([true, false, true, false, true]);
  expect([certificatePasses, passes]).toEqual([3, 4]);
});

test("a warm start begins where the last fit ended", () => {
  const first = run(fixedStep(1), { stop: [stepBudget(30)] });
  const second = run(fixedStep(1), { stop: [stepBudget(0)], start: first.probe });
  expect(second.certificate.objective).toBeCloseTo(first.certificate.objective, 13);
});

test("a start that may be an optimum is judged before the solver looks, and where it is none nothing but a certificate is lost", () => {
  const stop = [certifiedGap({ relative: 1e-3 }), stepBudget(500)];
  const first = run(fixedStep(1), { stop });
  expect(first.status).toBe("converged");
  const again = run(fixedStep(1), { stop, start: first.probe, judgeStart: true });
  expect(again).toMatchObject({ status: "converged", passes: 0, certificatePasses: 1, steps: 0, chosenStep: 0 });
  expect(again.certificate).toEqual(first.certificate);
  const zero = { ...first.probe, weights: first.probe.weights.map(() => 0) };
  const [judged, plain] = [true, false].map((judgeStart) => run(fixedStep(1), { stop, start: zero, judgeStart }));
  expect(judged?.trace).toEqual(plain?.trace);
  expect(judged?.certificatePasses).toBe((plain?.certificatePasses ?? 0) + 1);
});

describe("refusals", () => {
  const problem = toyProblem(runtime);
  const relabel = (labels: Int32Array, classes = 3): ProbeProblem => ({
    ...problem,
    train: { ...problem.train, labels, classes },
  });
  const cases: [string, ProbeProblem, RegExp][] = [
    ["l2 = 0", { ...problem, l2: 0 }, /l2: must be > 0 and finite, got 0/],
    ["l2 < 0", { ...problem, l2: -1 }, /l2: must be > 0 and finite, got -1/],
    ["l2 NaN", { ...problem, l2: Number.NaN }, /l2: must be > 0 and finite, got NaN/],
    ["too few labels", relabel(new Int32Array(3)), /train labels: must be one for each of 60 rows, got 3/],
    ["a label outside", relabel(problem.train.labels.with(5, 3)), /train labels\[5\]: must be 0..2, got 3/],
    ["a negative label", relabel(problem.train.labels.with(0, -1)), /train labels\[0\]: must be 0..2, got -1/],
    ["one class only", relabel(new Int32Array(60)), /at least two classes, got "only class 0"/],
    [
      "more classes than rows",
      relabel(problem.train.labels, 61),
      /classes: must not be more than the 60 training rows/,
    ],
    ["fewer than two classes", relabel(new Int32Array(60), 1), /classes: must be an integer of at least 2, got 1/],
  ];
  test.each(cases)("%s", (_, bad, message) => {
    expect(() => run(fixedStep(1), {}, bad)).toThrow(message);
  });

  test("early stopping without validation rows", () => {
    expect(() => run(fixedStep(1), { stop: [earlyStopping({ patience: 3 })] })).toThrow(/needs validation rows/);
  });

  test("a warm start of another shape", () => {
    const start = { classes: 3, cols: 9, weights: new Float64Array(27), bias: new Float64Array(3) };
    expect(() => run(fixedStep(1), { start })).toThrow(/probe columns: must be 4/);
  });
});

describe("splits", () => {
  test("every row has at most one role", () => {
    const { train, validation, test: held } = splitRows(100, { train: 50, validation: 20, test: 25 }, stream);
    expect([train.length, validation.length, held.length]).toEqual([50, 20, 25]);
    expect(new Set([...train, ...validation, ...held]).size).toBe(95);
    expect(() => splitRows(10, { train: 8, validation: 2, test: 1 }, stream)).toThrow(/at most the 10 rows/);
  });

  test("rows keep their labels", () => {
    const all = toyRows(runtime, "train", 90);
    const rows = splitRows(90, { train: 40, validation: 30, test: 20 }, stream);
    const split = splitFeatures(runtime, all, rows);
    for (const role of ["train", "validation", "test"] as const) {
      expect(split[role].features.readRows([3])).toEqual(all.features.readRows([rows[role][3]!]));
      expect(split[role].labels[3]).toBe(all.labels[rows[role][3]!]);
    }
  });

  test("a test set is unacceptable to whatever fits or selects: by type", () => {
    const held = toyRows(runtime, "test");
    const { probe } = run(fixedStep(1), { stop: [stepBudget(1)] });
    expect(evaluateOnTest(runtime, probe, held).rows).toBe(60);
    const wrong = (): unknown[] => [
      // @ts-expect-error a test set cannot be fitted
      fit(runtime, { train: held, l2: 1, scaling: "none" }, fixedStep(1), { stream, stop: [] }),
      // @ts-expect-error a test set cannot stop a fit
      fit(runtime, toyProblem(runtime), fixedStep(1), { stream, stop: [], validation: held }),
      // @ts-expect-error a test set cannot select
      evaluateOnValidation(runtime, probe, held),
      // @ts-expect-error and validation rows are not a test
      evaluateOnTest(runtime, probe, toyRows(runtime, "validation")),
    ];
    expect(wrong).toBeTypeOf("function");
  });
});
