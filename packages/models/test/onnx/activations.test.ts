import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootStream } from "@linear-probes/core";
import { describe, expect, it, vi } from "vitest";
import { type ActivationDtype, activationFacts } from "../../src/onnx/activation-key.ts";
import { DataType, graph, modelBytes, node, valueInfo } from "../../src/onnx/build.ts";
import { arraySource } from "../../src/onnx/inputs.ts";
import type { RowSource } from "../../src/onnx/inputs.ts";
import { createReducer } from "../../src/onnx/reducers.ts";
import { openModel } from "../../src/onnx/tapped-model.ts";
import type { TappedModel } from "../../src/onnx/tapped-model.ts";
import { openLanes, releaseLanes, writeTapActivations } from "../../src/onnx/tap-activations.ts";
import { makeFixtures } from "./make-fixtures.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // processes and threads start slowly on a busy machine
const rows = 50;
const fixtures = new Map(makeFixtures().map((fixture) => [fixture.name, fixture]));

function fixture(name: string): Uint8Array {
  return fixtures.get(name)?.bytes ?? new Uint8Array(0);
}

function images(shape: readonly number[]): RowSource {
  const data = new Float32Array(rows * shape.reduce((total, dim) => total * dim, 1));
  rootStream("activations").fillNormal(data);
  return arraySource({ x: { data, shape } });
}

interface Run {
  readonly threads?: number;
  readonly batch?: number;
  readonly reducer?: string;
  readonly select?: readonly string[];
}

/** Features [rows, cols] of each tap, by name. */
async function collect(
  tapped: TappedModel,
  source: RowSource,
  { threads = 1, batch = 8, reducer = "none", select = ["all"] }: Run = {},
): Promise<Map<string, Float32Array>> {
  const taps = tapped.select(select);
  const lanes = await openLanes(tapped.model, tapped.plan, taps, { stream: "7/probe", reducer, batch }, threads);
  try {
    const cols = lanes[0]?.cols ?? [];
    const places = cols.map((count) => new Float32Array(source.rows * count));
    const seen: number[] = [];
    const writers = places.map((place, i) => ({
      write: (start: number, block: Float32Array) => place.set(block, start * (cols[i] ?? 0)),
    }));
    await writeTapActivations(lanes, source, writers, { onRows: (done) => seen.push(done) });
    expect(seen.at(-1)).toBe(source.rows);
    return new Map(taps.map(({ name }, i) => [name, places[i] ?? new Float32Array(0)]));
  } finally {
    await releaseLanes(lanes);
  }
}

describe("activations", () => {
  it("are the same bits on one thread and on three", async () => {
    const tapped = await openModel(fixture("inception"), { isolated: false });
    const source = images([2, 5, 5]);
    for (const reducer of ["none", "random:20"])
      expect(await collect(tapped, source, { threads: 3, reducer })).toEqual(
        await collect(tapped, source, { reducer }),
      );
  });

  it("reduced on the fly are the reducer of the whole", async () => {
    const tapped = await openModel(fixture("convnet"), { isolated: false });
    const source = images([2, 8, 8]);
    const whole = await collect(tapped, source);
    for (const reducer of ["random:5", "avgpool", "maxpool", "pool-to:16", "sparse-projection:9"]) {
      const reduced = await collect(tapped, source, { reducer });
      for (const tap of tapped.select(["all"])) {
        const expected = createReducer(reducer, tap, rootStream("7/probe")).apply(
          whole.get(tap.name) ?? new Float32Array(0),
          rows,
        );
        const got = reduced.get(tap.name) ?? new Float32Array(0);
        // Means are summed in the graph, in float32; what is picked or summed here is the same to the last bit.
        const tolerance = ["avgpool", "pool-to:16"].includes(reducer) ? 1e-6 : 0;
        expect(got.length).toBe(expected.length);
        expect(Math.max(...got.map((value, i) => Math.abs(value - expected[i]!))), `${reducer} of ${tap.name}`) //
          .toBeLessThanOrEqual(tolerance);
      }
    }
  });

  it("a maximum does not pass over NaN", async () => {
    const dims = ["batch", 1, 2, 2];
    const roots = modelBytes(
      graph({
        nodes: [node("Sqrt", ["x"], ["root"], { name: "root" })],
        inputs: [valueInfo("x", dims, DataType.FLOAT)],
        outputs: [valueInfo("root", dims, DataType.FLOAT)],
      }),
    );
    const tapped = await openModel(roots, { isolated: false });
    const data = Float32Array.of(1, 4, 9, 0, 1, 4, -9, 0);
    const source = arraySource({ x: { data, shape: [1, 2, 2] } });
    const got = await collect(tapped, source, { reducer: "maxpool", select: ["root"] });
    expect([...(got.get("root") ?? [])]).toEqual([3, Number.NaN]);
  });

  it("an error in one lane ends the run and names the cause", async () => {
    const tapped = await openModel(fixture("convnet"), { isolated: false });
    const good = images([2, 8, 8]);
    const source: RowSource = {
      rows,
      read: (start, count) =>
        start >= 24 ? { x: { data: new Float32Array(3), shape: [3] } } : good.read(start, count),
    };
    for (const threads of [1, 2])
      await expect(collect(tapped, source, { threads })).rejects.toThrow(
        /input "x": must have shape \[batch, 2, 8, 8\], got "\[8, 3\]"/,
      );
  });

  it("missing, misshapen and non-numeric inputs are refused by name", async () => {
    const tapped = await openModel(fixture("transformer"), { isolated: false });
    const ids = { data: Int32Array.of(1, 2, 3), shape: [3] };
    await expect(collect(tapped, arraySource({ input_ids: ids }))).rejects.toThrow(
      /input "attention_mask": must be given, got "nothing"; the model wants int64 \[batch_size, sequence\]/,
    );
    const halves = { data: Float32Array.of(1, 0.5, 1), shape: [3] };
    await expect(collect(tapped, arraySource({ input_ids: ids, attention_mask: halves }))).rejects.toThrow(
      /must be whole numbers for int64/,
    );
    const far = { data: Int32Array.of(1, 99, 3), shape: [3] };
    await expect(collect(tapped, arraySource({ input_ids: far, attention_mask: ids }))).rejects.toThrow(
      /onnxruntime must be able to run it, got .*indices element out of data bounds/,
    );
  });

  it("a file that changes after its trial is refused", async () => {
    const folder = mkdtempSync(join(tmpdir(), "onnx-changed-"));
    const path = join(folder, "m.onnx");
    writeFileSync(path, fixture("convnet"));
    const tapped = await openModel(path, { isolated: false });
    writeFileSync(path, fixture("residual"));
    await expect(openLanes(tapped.model, tapped.plan, tapped.select(["logits"]), { stream: "1" }, 2)).rejects.toThrow(
      /m\.onnx: file: must not change while it is in use/,
    );
    rmSync(folder, { recursive: true });
  });

  it("can be stopped", async () => {
    const tapped = await openModel(fixture("convnet"), { isolated: false });
    const lanes = await openLanes(tapped.model, tapped.plan, tapped.select(["logits"]), { stream: "7", batch: 8 });
    const stop = new AbortController();
    await expect(
      writeTapActivations(lanes, images([2, 8, 8]), [{ write: () => stop.abort(new Error("stop")) }], {
        signal: stop.signal,
      }),
    ).rejects.toThrow("stop");
    await releaseLanes(lanes);
  });
});

it("the key changes with whatever the numbers depend on, and with nothing else", async () => {
  const tapped = await openModel(fixture("convnet"), { isolated: false });
  const options = { stream: "7/probe", reducer: "random:5", inputs: "hash", preprocess: "none" };
  const facts = async (
    select: readonly string[],
    optimization: "disabled" | "all",
    batch = 8,
    dtype: ActivationDtype = "float32",
  ): Promise<string> => {
    const taps = tapped.select(select);
    const lanes = await openLanes(tapped.model, tapped.plan, taps, { stream: "7/probe", batch, optimization });
    const [lane, tap] = [lanes[0], taps.find(({ name }) => name === "logits")];
    if (!lane || !tap) throw new Error("no lane");
    await releaseLanes(lanes);
    return JSON.stringify(activationFacts(tapped.model, lane, tap, { ...options, dtype }));
  };
  expect(await facts(["logits"], "disabled")).toBe(await facts(["logits", "flat"], "disabled"));
  expect(await facts(["logits"], "all")).not.toBe(await facts(["logits", "flat"], "all"));
  expect(await facts(["logits"], "all")).not.toBe(await facts(["logits"], "all", 16));
  expect(await facts(["logits"], "all")).not.toBe(await facts(["logits"], "all", 8, "float16"));
  expect(await facts(["logits"], "all")).toContain(tapped.model.fingerprint);
});
