/** @file Activations stored as float16: the rounding, the room, the keys, and what it does to a probe. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readNpy, writeNpy } from "@linear-probes/core";
import { fitProbe } from "@linear-probes/solvers";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type ProbingOptions, runProbing } from "../../src/foreign/run-probing.ts";
import { toFloat16 } from "../../src/foreign/to-float16.ts";
import { openStore } from "../../src/store.ts";
import { decode } from "../../src/stored-value.ts";
import { quietEffects, smallData, smallModel, smallOptions } from "./small-model.ts";

vi.setConfig({ testTimeout: 60_000 });

let folder: string;
let model: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "probe-dtype-"));
  model = join(folder, "small.onnx");
  smallModel(model);
  smallData(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

const npy = (name: string) => readNpy(readFileSync(join(folder, name)), name);

const run = (more: Partial<ProbingOptions>) => runProbing([model], smallOptions(folder, more), quietEffects());

/** The stored blocks of activations. */
function blocks() {
  const files = openStore({ folder: join(folder, "store") }).list();
  return files.flatMap(({ path, kind }) => {
    const entry = decode(readFileSync(path));
    if (kind !== "onnx-activations" || "broken" in entry) return [];
    return [{ facts: entry.facts, values: entry.arrays["values"] }];
  });
}

/** IEEE 754-2019, binary16, from its definition: a multiple of 2^(e-10), e at least -14; ties to the even multiple. */
function rounded(value: number): number {
  const exponent = Math.max(-14, Math.floor(Math.log2(Math.abs(value) || 1e-9)));
  const unit = 2 ** (exponent - 10);
  const below = Math.floor(value / unit);
  const rest = value / unit - below;
  return unit * (rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below);
}

it("rounds as IEEE 754 says, and the store gives back the very bits", () => {
  const store = openStore({ folder: join(folder, "store") });
  const halfway = fc.integer({ min: 1025, max: 4095 }).map((odd) => (2 * odd + 1) / 2048);
  const finite = fc.float({ min: -65504, max: 65504, noNaN: true });
  fc.assert(
    fc.property(fc.float32Array(), fc.array(fc.oneof(finite, halfway)), (any, chosen) => {
      const values = Float32Array.from([...chosen, ...any.filter((value) => Math.abs(value) <= 65504)]);
      const facts = { kind: "activations", values: [...values].map(String) };
      store.put(facts, { json: null, arrays: { values: toFloat16(values, "t") } }, { seconds: {}, peakRssMiB: 0 });
      const back = store.get(facts)?.arrays["values"];
      expect(back).toBeInstanceOf(Float16Array);
      expect([...(back ?? [])].map((value) => value + 0)).toEqual([...values].map((value) => rounded(value) + 0));
    }),
    { numRuns: 50 },
  );
});

it("halves the bytes, under keys of its own, and computes once", async () => {
  const taps = ["x", "hidden"];
  const whole = await run({ taps });
  const wide = blocks();
  const half = await run({ taps, dtype: "float16" });
  expect(half).toMatchObject({ reused: 0, computed: whole.computed });
  expect(half.rows.map((row) => [row["tap"], row["dtype"]])).toEqual(taps.map((tap) => [tap, "float16"]));
  expect(await run({ taps, dtype: "float16" })).toMatchObject({ reused: 2, computed: 0, rows: half.rows });
  expect(await run({ taps })).toMatchObject({ reused: 2, computed: 0, rows: whole.rows });

  const kept = blocks().filter(({ facts }) => facts["dtype"] === "float16");
  expect(wide).toHaveLength(2);
  expect(kept).toHaveLength(2);
  for (const { facts, values } of wide) {
    const own = kept.find((block) => block.facts["tap"] === facts["tap"]);
    expect(own?.facts).toEqual({ ...facts, dtype: "float16" });
    expect(own?.values).toEqual(Float16Array.from(values ?? []));
    expect(own?.values?.byteLength).toBe((values?.byteLength ?? 0) / 2);
  }
});

it("is the probe of rounded features, whose optimum is as near as rounding allows", async () => {
  const { rows } = await run({ taps: ["x"], dtype: "float16" });
  const { shape, values: given } = npy("x.npy");
  const exact = Float32Array.from(given, Number);
  const values = exact.map(rounded);
  writeFileSync(join(folder, "x.npy"), writeNpy(shape, values));
  const { dtype: _, ...same } = (await run({ taps: ["x"] })).rows[0] ?? {};
  expect(rows).toEqual([{ ...same, dtype: "float16" }]);

  // Rounding moves a feature by at most u = 2^-11 of itself (Higham 2002, theorem 2.2), a margin by at most u Σ|w||x|, and
  // the cross-entropy of a row by at most twice the largest move of its margins. So each optimum bounds the other.
  const labels = Int32Array.from(npy("labels.npy").values, Number);
  const [of, cols] = [(x: Float32Array) => fitProbe({ values: x, cols }, labels, { l2: 1e-4, tol: 1e-9 }), 6];
  const probes = await Promise.all([of(exact), of(values)]);
  const [one, other] = probes.map(({ certificate }) => certificate.objective);
  const bounds = probes.map(({ weights }) => {
    const moves = labels.reduce((sum, _, row) => {
      const x = exact.subarray(row * cols, (row + 1) * cols);
      const margin = (c: number): number =>
        x.reduce((all, value, j) => all + Math.abs(value * weights[c * cols + j]!), 0);
      return sum + Math.max(margin(0), margin(1), margin(2));
    }, 0);
    return (2 * 2 ** -11 * moves) / labels.length;
  });
  const gaps = probes.map(({ certificate }) => certificate.dualityGap);
  expect(Math.abs(one! - other!)).toBeLessThanOrEqual(Math.max(...bounds) + Math.max(...gaps));
  expect(one).not.toBe(other);
});

it("refuses what float16 cannot hold, with the tap, the value and the way out", async () => {
  const { shape, values: given } = npy("x.npy");
  const values = Float32Array.from(given, Number);
  values[7] = -65505;
  writeFileSync(join(folder, "x.npy"), writeNpy(shape, values));
  await expect(run({ taps: ["x"], dtype: "float16" })).rejects.toThrow(
    'dtype: tap "x": must have values of at most 65504 in magnitude to be stored as float16, got -65505; ' +
      "use --dtype float32, or leave the tap out",
  );
  expect((await run({ taps: ["x"] })).rows[0]).toMatchObject({ certified: true, dtype: "float32" });
});
