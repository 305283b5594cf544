/** @file Problem C: figure 3's toy after 8 untrained layers, 10,000 × 128, 2 classes. */
import { gaussianHalfspace } from "@linear-probes/models";
import { labelledRows } from "../parts/features-of.ts";
import { throughUntrainedLayers } from "../parts/untrained-layers.ts";
import type { CompareProblem } from "../problem.ts";

const ROWS = 10_000;

export const toyLayer: CompareProblem = {
  name: "toy-layer",
  about: "Gaussian half-space after 8 untrained layers, two classes",
  scaling: "none",
  l2: [1e-4, 1e-6],
  async load({ runtime, stream, rows = ROWS }) {
    const most = Math.min(rows, ROWS);
    const data = await gaussianHalfspace.load({ stream, rows: { train: most, test: most } });
    const { name, classes, sha256, synthetic } = data;
    const cols = data.inputShape.reduce((product, length) => product * length, 1);
    const dense = ({ inputs, labels }: typeof data.train) => ({ x: new Float32Array(inputs), labels, cols, classes });
    const input = {
      train: labelledRows(runtime, "train", name, dense(data.train)),
      test: labelledRows(runtime, "test", name, dense(data.test)),
      dataset: { name, sha256, synthetic },
    };
    return throughUntrainedLayers(runtime, input, { depth: 8, width: 128, slope: 0.5 }, stream);
  },
};
