import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { canonicalJson, type Json } from "../src/json.ts";
import { keyOf, openStore, type Store } from "../src/store.ts";
import * as fc from "fast-check";

let folder: string;
let lines: string[];
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "probes-store-"));
  lines = [];
  store = openStore({ folder, log: (line) => lines.push(line), maxValueBytes: 10_000 });
});
afterEach(() => rmSync(folder, { recursive: true }));

const facts = { kind: "probe", solver: "lbfgs", l2: 1e-4 };
const cost = { seconds: { probes: 0.25 }, peakRssMiB: 100 };
const weights = Float64Array.of(0.1, -0, 1e-300);
const value = { json: { testError: 0.1 }, arrays: { mask: Int32Array.of(1), weights } };

describe("canonicalJson", () => {
  it("spells equal values alike, whatever the order of their keys, and round-trips", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (record) => {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- fast-check's JsonValue is wider by name only
        const json = JSON.parse(JSON.stringify(record)) as { [key: string]: Json };
        const reversed = Object.fromEntries(Object.entries(json).toReversed());
        expect(canonicalJson(reversed)).toBe(canonicalJson(json));
        expect(JSON.parse(canonicalJson(json))).toEqual(json);
      }),
    );
  });
  it("refuses numbers that JSON cannot spell", () => {
    expect(() => canonicalJson({ a: [Number.NaN] })).toThrow("numbers must be finite, got NaN");
  });
});

describe("store", () => {
  it("gives back the very bits, facts and cost", () => {
    expect(store.put(facts, value, cost)).toBe(true);
    const entry = store.get({ l2: 1e-4, solver: "lbfgs", kind: "probe" });
    expect(entry).toEqual({ facts, json: value.json, arrays: value.arrays, cost });
    expect(Object.is(entry?.arrays["weights"]?.[1], -0)).toBe(true);
  });

  it("computes once, then reuses, and never mixes up facts", async () => {
    let runs = 0;
    const compute = async () => ({ json: ++runs, cost });
    expect(await store.remember(facts, compute)).toMatchObject({ json: 1, reused: false });
    expect(await store.remember(facts, compute)).toMatchObject({ json: 1, reused: true });
    expect(await store.remember({ ...facts, l2: 1e-5 }, compute)).toMatchObject({ json: 2, reused: false });
    expect(runs).toBe(2);
  });

  it("drops half, extended and altered files and computes them again", async () => {
    const path = join(folder, "probe", `${keyOf(facts)}.value`);
    const damage = [
      () => truncateSync(path, 80),
      () => truncateSync(path, 0),
      () => appendFileSync(path, "x"),
      () => {
        const bytes = readFileSync(path);
        bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
        writeFileSync(path, bytes);
      },
    ];
    for (const hurt of damage) {
      store.put(facts, value, cost);
      hurt();
      expect(await store.remember(facts, async () => ({ json: "again", cost }))).toMatchObject({ json: "again" });
      expect(lines.pop()).toContain("is dropped, its hash does not match");
    }
  });

  it("refuses a file that was renamed to another key", () => {
    store.put(facts, value, cost);
    const other = { ...facts, l2: 1 };
    store.put(other, value, cost);
    writeFileSync(
      join(folder, "probe", `${keyOf(other)}.value`),
      readFileSync(join(folder, "probe", `${keyOf(facts)}.value`)),
    );
    expect(store.get(other)).toBeUndefined();
    expect(lines[0]).toContain("belongs to other facts");
  });

  it("does not keep what is over the limit, but hands it over", async () => {
    const large = { json: null, arrays: { x: new Float32Array(5000).fill(0.5) }, cost };
    const first = await store.remember(facts, async () => large);
    expect(first.arrays["x"]).toEqual(large.arrays.x);
    expect(store.list()).toEqual([]);
  });

  it("collects what was used longest ago, and halves of writers that were killed", () => {
    for (const l2 of [1, 2, 3]) store.put({ ...facts, l2 }, value, cost);
    const half = join(folder, "probe", ".1-1.tmp");
    writeFileSync(half, "half");
    const size = store.list().find((file) => file.path.endsWith(".value"))?.bytes ?? 0;
    store.get({ ...facts, l2: 1 }); // used last
    const gone = store.collect(size).map((file) => file.path);
    expect(gone).toContain(half);
    expect(gone).toHaveLength(3);
    expect(store.get({ ...facts, l2: 1 })).toBeDefined();
    expect(store.collect(size)).toEqual([]);
  });
});
