import { expect, it } from "vitest";
import { certifiedGap, createReferenceRuntime, evaluateOnTest, fit, predictOnTest, rootStream } from "../src/index.ts";
import { fixedStep, toyProblem, toyRows } from "./toy-problem.ts";

it("says of every test row what evaluateOnTest says of all", () => {
  const runtime = createReferenceRuntime();
  const { probe } = fit(runtime, toyProblem(runtime), fixedStep(0.1), {
    stream: rootStream(1),
    stop: [certifiedGap({ relative: 1e-3 })],
  });
  const test = toyRows(runtime, "test");
  const predictions = predictOnTest(runtime, probe, test);
  const { error, loss, rows } = evaluateOnTest(runtime, probe, test);
  expect(predictions.error).toBe(error);
  expect(predictions.rows).toBe(rows);
  expect(predictions.loss).toBeCloseTo(loss, 6);
  let nats = 0;
  for (const [row, label] of test.labels.entries()) {
    const p = predictions.probabilities.subarray(3 * row, 3 * row + 3);
    expect(p[0]! + p[1]! + p[2]!).toBeCloseTo(1, 12);
    nats -= Math.log(p[label]!) / rows;
  }
  expect(nats).toBeCloseTo(loss, 6);
  // @ts-expect-error -- validation rows are no test rows
  predictOnTest(runtime, probe, toyRows(runtime, "validation"));
});
