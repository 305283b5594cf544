/**
 * @file The toy data of figure 3 (Alain & Bengio 2016): x ~ N(0, I), w ~ N(0, I) and y = [x·w > 0], so that a linear
 * probe of the inputs can be perfect. Labels are taken of the rounded (float32) inputs and stay exactly separable.
 */
import type { Stream } from "@linear-probes/core";
import { reject } from "@linear-probes/core";
import type { Dataset, LabelledInputs, LoadOptions } from "../dataset.ts";
import { assemble, rowCount } from "./parts/assemble.ts";

const COLS = 128;
const DEFAULT_ROWS = 10_000;
const MOST_ROWS = 2 ** 22; // 2 GiB of float32

const facts = { name: "gaussian-halfspace", classes: 2, inputShape: [COLS] };

export const gaussianHalfspace: Dataset = {
  ...facts,
  source: "drawn; Alain & Bengio 2016, figure 3",
  async load({ stream, rows }: LoadOptions = {}) {
    if (stream === undefined) reject(facts.name, "stream must be given", stream, "name one per dataset drawn");
    const direction = new Float64Array(COLS); // w [d]
    stream.split("direction").fillNormal(direction);
    const draw = (role: "train" | "test"): LabelledInputs => {
      const n = rowCount(`${facts.name} ${role}`, rows?.[role] ?? DEFAULT_ROWS, MOST_ROWS);
      return drawRows(n, direction, stream.split("inputs").split(role));
    };
    return assemble(facts, { train: draw("train"), test: draw("test") }, undefined, { synthetic: false });
  },
};

function drawRows(n: number, direction: Float64Array, stream: Stream): LabelledInputs {
  const inputs = new Float32Array(n * COLS); // X [n, d]
  stream.fillNormal(inputs);
  const labels = new Int32Array(n);
  for (let row = 0; row < n; row++) {
    let product = 0;
    for (let j = 0; j < COLS; j++) product += inputs[row * COLS + j]! * direction[j]!;
    labels[row] = product > 0 ? 1 : 0;
  }
  return { inputs, labels };
}
