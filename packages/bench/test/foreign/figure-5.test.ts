/**
 * @file Figure 5 through the ONNX path: the rows that the experiment itself stores for its trained network, against the
 * probes of `probes probe` on the same network, exported, and the same images. Compared are the bytes of the activations,
 * and of every probe the l2, the cross-entropy, the gap, the passes and all errors, bit for bit. The wide taps in front
 * are left out to save time: the test of the export compares the bytes of all of them, and a probe follows from these.
 * (Of conv1_preact it does not: the figure solves that affine map of the pixels in their 784 numbers.)
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootStream, type Row } from "@linear-probes/core";
import { exportOnnx, loadDigits, mnistConvnet, openModel, readForeignModel } from "@linear-probes/models";
import { afterAll, expect, it } from "vitest";
import { z } from "zod";
import type { TaskContext } from "../../src/experiment.ts";
import figure from "../../src/experiments/fig05-mnist-convnet.ts";
import { modelInputs } from "../../src/foreign/model-inputs.ts";
import { parsePreprocess } from "../../src/foreign/preprocess-option.ts";
import type { ProbeData } from "../../src/foreign/probe-data.ts";
import { probeNetwork, reducedTaps } from "../../src/foreign/probe-network.ts";
import { createProgress } from "../../src/foreign/progress.ts";
import { storedActivations } from "../../src/foreign/stored-activations.ts";
import { groupTaps } from "../../src/foreign/tap-groups.ts";
import { createMeter } from "../../src/ledger.ts";
import { fittingFeatures, testFeatures } from "../../src/stages/convnet-activations.ts";
import { digits } from "../../src/stages/convnet-data.ts";
import { createWasmRuntime } from "../../src/stages/kernels.ts";
import type { Facts } from "../../src/stored-value.ts";
import { openStore } from "../../src/store.ts";
import { storedCheckpoints } from "../../src/stored-checkpoints.ts";
import { quietEffects } from "./small-model.ts";

const folder = mkdtempSync(join(tmpdir(), "figure-5-"));
const runtime = await createWasmRuntime({ threads: 1 });
afterAll(async () => {
  await runtime.dispose();
  rmSync(folder, { recursive: true });
});

const stream = rootStream("1").split(figure.id);
const effects = quietEffects();
const settings = z
  .object({
    rows: z.object({ train: z.int(), test: z.int(), validation: z.int(), heldOut: z.int() }),
    steps: z.int(),
    certified: z.object({
      strengths: z.array(z.number()),
      pathCells: z.number(),
      pathRows: z.int(),
      pathGap: z.number(),
      chosenGap: z.number(),
      gapNats: z.number(),
      passes: z.number(),
    }),
  })
  .parse(figure.settings("smoke"));
const { rows: sizes, steps, certified } = settings;

const taps = [
  "input",
  "conv2_preact",
  "conv2_postact", // in the figure rectified from the one before
  "conv2_postpool",
  "fc1_preact",
  "fc1_postact",
  "logits",
];

const compared = [
  "l2",
  "trainLoss",
  "gapNats",
  "relativeGap",
  "passes",
  "status",
  "trainError",
  "validationError",
  "testError",
];

/** What both kinds of rows say of a probe. */
function measured(row: Row) {
  return Object.fromEntries(compared.map((key) => [key, row[key]]));
}

/** The certified rows of the figure's own tasks, for the network after its training. */
async function figureRows() {
  const store = openStore({ folder: join(folder, "store") });
  // The paper's protocol takes most of the time and has no counterpart: as if it were stored already, and so other taps.
  const skipped = { json: {}, arrays: {}, cost: { seconds: {}, peakRssMiB: 0 } };
  const isSkipped = ({ protocol, tap }: Facts) =>
    protocol === "early-stopping" || (typeof tap === "string" && !taps.includes(tap));
  const context: TaskContext = {
    ...effects,
    stream,
    runtime,
    threads: runtime.threads,
    dataDir: undefined,
    async remember(_, facts, compute) {
      if (isSkipped(facts)) return { ...skipped, facts, reused: true };
      return store.remember(facts, async () => {
        const meter = createMeter(effects);
        return { ...(await compute(meter)), cost: meter.cost() };
      });
    },
    recall: (_, facts) => (isSkipped(facts) ? { ...skipped, facts } : store.get(facts)),
    keep: (_, facts, value, cost) => void store.put(facts, value, cost),
    forget: (_, facts) => store.remove(facts),
  };
  const rows: Row[] = [];
  for (const [at, { label }] of figure.tasks("smoke").entries())
    if (label.startsWith(`probes at step ${steps} `) && / on input|logits$/.test(label))
      rows.push(...(await figure.run("smoke", at, context)).rows);
  const own = rows.filter((row) => row["protocol"] === "certified-l2" && taps.includes(String(row["tap"])));
  expect(own.map((row) => row["tap"])).toEqual(taps);
  return own.map(measured);
}

/** The images of the figure, as a user's data: training images first, of which the first are for validation. */
async function figureData(): Promise<ProbeData> {
  const data = await loadDigits({ stream: stream.split("data"), rows: sizes, log: effects.log });
  const count = sizes.train + sizes.test;
  const range = (from: number, to: number) => Int32Array.from({ length: to - from }, (_, i) => from + i);
  return {
    record: { name: data.name, sha256: data.sha256, synthetic: data.synthetic },
    classes: data.classes,
    inputShape: data.inputShape,
    count,
    labels: Int32Array.of(...data.train.labels, ...data.test.labels),
    roles: {
      train: range(sizes.validation, sizes.train),
      validation: range(0, sizes.validation),
      test: range(sizes.train, count),
    },
    place: (row: number) => (row < sizes.train ? { set: data.train, row } : { set: data.test, row: row - sizes.train }),
    hash: data.sha256,
  };
}

it(
  "the exported network gives figure 5's activations and certified probes, bit for bit",
  { timeout: 120_000 },
  async () => {
    const wanted = await figureRows();
    const [checkpoint] = storedCheckpoints(join(folder, "store")).filter(({ step }) => step === steps);
    if (checkpoint === undefined) throw new Error("the figure must have left its network in the store");
    const { graph, parameters } = checkpoint;
    const path = join(folder, "convnet.onnx");
    writeFileSync(path, exportOnnx(graph, parameters));

    const model = await readForeignModel(path);
    const data = await figureData();
    const { shift, scale } = mnistConvnet.pixels;
    const preprocess = parsePreprocess(JSON.stringify({ scale: 1, mean: [shift], std: [scale] }));
    const inputs = modelInputs(model, data, preprocess);
    const sample = await inputs.source.read(0, 2);
    const tapped = await openModel(model, { sample, isolated: false });
    const options = {
      ...inputs,
      inputs: data.hash,
      name: "trained" as const,
      tapped,
      taps,
      tasks: [{ name: "labels" as const, labels: data.labels, classes: data.classes }],
      reducer: "none",
      dtype: "float32" as const,
      roles: data.roles,
      settings: {
        l2Strengths: certified.strengths,
        relativeGap: certified.chosenGap,
        passes: certified.passes,
      },
      batch: 50, // as the figure's
      device: "cpu" as const,
      threads: 1,
      stream,
      codes: { activations: "this", probes: "this" },
      runtime,
      store: openStore({ folder: join(folder, "imported") }),
      effects,
      progress: createProgress(effects),
    };
    const own = await digits({ stream, dataDir: undefined, log: effects.log }, sizes);
    const running = { threads: 1, stop: effects.stop };
    const fitting = await fittingFeatures(runtime, parameters, own, sizes, taps, running);
    const testing = await testFeatures(runtime, parameters, own, sizes, taps, running);
    const activations = storedActivations({ ...options, stream: stream.path, code: "this" });
    const { train, validation, test } = data.roles;
    for (const group of groupTaps(reducedTaps(tapped, taps, "none", stream), 50, null))
      for (const tap of group.taps) {
        const { name } = tap.tap;
        const imported = await activations.load(runtime, group, tap, [train, validation, test]);
        const features = [fitting.get(name)?.train, fitting.get(name)?.validation, testing.get(name)?.test];
        expect(
          imported.map(({ hash }) => hash),
          name,
        ).toEqual(features.map((one) => one?.features.hash));
        for (const part of imported) part.release();
      }
    await activations.release();

    const { rows } = await probeNetwork(options);
    await inputs.release();
    expect(rows.map((row) => row["tap"])).toEqual(taps);
    for (const [at, tap] of taps.entries()) {
      const { trainCrossEntropyNats: trainLoss = null, ...row } = rows[at] ?? {};
      expect(measured({ ...row, trainLoss }), tap).toEqual(wanted[at]);
    }
  },
);
