/** @file Our own convnet through ONNX and back: the same probes as on the activations of our own engine, bit for bit. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createWasmRuntime, type Features, labelled, predictOnTest, rootStream } from "@linear-probes/core";
import {
  exportOnnx,
  graphInputs,
  initialParameters,
  inputRows,
  mnistConvnet,
  streamActivations,
} from "@linear-probes/models";
import { afterAll, expect, it, vi } from "vitest";
import { parsePreprocess } from "../../src/foreign/preprocess-option.ts";
import { probeData } from "../../src/foreign/probe-data.ts";
import { runProbing } from "../../src/foreign/run-probing.ts";
import { testMeasures } from "../../src/foreign/test-measures.ts";
import { certifiedProbe } from "../../src/stages/convnet-certified.ts";
import { quietEffects, smallOptions } from "./small-model.ts";

vi.setConfig({ testTimeout: 180_000 });
const folder = mkdtempSync(join(tmpdir(), "probe-convnet-"));
afterAll(() => rmSync(folder, { recursive: true }));

const graph = mnistConvnet.build();
const parameters = initialParameters(graph, rootStream("convnet"));
const taps = ["input", "conv2_postpool", "fc1_postact", "logits"];
const batch = 50;

it("gives the errors, losses and gaps of the same settings on our own engine's activations", async () => {
  const path = join(folder, "convnet.onnx");
  writeFileSync(path, exportOnnx(graph, parameters));
  const { shift, scale } = mnistConvnet.pixels;
  const options = smallOptions(folder, {
    data: "synthetic-digits",
    dataOptions: { validation: 0.25, rows: 200, testRows: 100 },
    taps,
    batch,
    preprocess: parsePreprocess(JSON.stringify({ scale: 1, mean: [shift], std: [scale] })),
    settings: { l2Strengths: [1e-3, 1e-5], relativeGap: 1e-3, passes: 100 },
  });
  const { rows } = await runProbing([path], options, quietEffects());
  expect(rows.map((row) => row["tap"])).toEqual(taps);
  expect(rows).toEqual((await ownProbes(options)).map((own, i) => ({ ...rows[i], ...own })));
});

/** The same probes without ONNX files or stores. */
async function ownProbes({ data: name, dataOptions, settings, seed }: ReturnType<typeof smallOptions>) {
  const stream = rootStream(seed).split("probe-onnx");
  const data = await probeData(name, dataOptions, stream, () => {});
  const size = 28 * 28;
  const inputs = new Float32Array(data.count * size);
  for (let at = 0; at < data.count; at++) {
    const { set, row } = data.place(at);
    inputs.set(graphInputs(mnistConvnet, set.inputs, data.inputShape, [row, row + 1]), at * size);
  }
  const features = new Map(
    taps.map((tap) => [tap, new Float32Array(data.count * graph.shapeOf(tap).reduce((a, b) => a * b, 1))]),
  );
  const sinks = [...features].map(([tap, place]) => {
    const write = (start: number, block: Float32Array): void => place.set(block, (start * place.length) / data.count);
    return [tap, { write }] as const;
  });
  await streamActivations(graph, parameters, inputRows(inputs, data.count), new Map(sinks), { batch });
  const runtime = await createWasmRuntime({ threads: 1 });
  const { l2Strengths: strengths, relativeGap, passes } = settings;
  const path = { strengths, pathGap: 1e-2, chosenGap: relativeGap, passes };
  try {
    return [...features].map(([tap, values]) => {
      const part = (rows: Int32Array): Features => {
        const cols = values.length / data.count;
        const writer = runtime.createFeatures({ rows: rows.length, cols });
        for (const [i, row] of rows.entries()) writer.write(i, values.slice(row * cols, (row + 1) * cols));
        return writer.finish();
      };
      const labelsOf = (rows: Int32Array): Int32Array => rows.map((row) => data.labels[row] ?? -1);
      const { train, validation, test } = data.roles;
      const rows = {
        train: labelled("train", part(train), labelsOf(train), 10),
        validation: labelled("validation", part(validation), labelsOf(validation), 10),
        release: () => {},
      };
      const { probe, cells } = certifiedProbe(
        runtime,
        rows,
        stream.split("probes").split(tap).split("labels"),
        path,
        {},
      );
      const predictions = predictOnTest(runtime, probe, labelled("test", part(test), labelsOf(test), 10));
      const { trainError, validationError, l2, gapNats, relativeGap, status, passes } = cells;
      const resamples = stream.split("resamples").split("error");
      return {
        ...testMeasures(predictions, resamples),
        trainError,
        validationError,
        l2,
        gapNats,
        relativeGap,
        status,
        passes,
      };
    });
  } finally {
    await runtime.dispose();
  }
}
