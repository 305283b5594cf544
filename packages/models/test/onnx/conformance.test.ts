import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { arraySource, toFeeds } from "../../src/onnx/inputs.ts";
import { openModel } from "../../src/onnx/tapped-model.ts";
import type { TappedModel } from "../../src/onnx/tapped-model.ts";
import { openTappedSession } from "../../src/onnx/tapped-session.ts";
import type { Optimization } from "../../src/onnx/open-session.ts";
import { makeFixtures, sampleCount } from "./make-fixtures.ts";
import type { Fixture } from "./make-fixtures.ts";
import { runNodeByNode } from "./node-by-node.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // processes and threads start slowly on a busy machine
const folder = mkdtempSync(join(tmpdir(), "onnx-fixtures-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(makeFixtures())("$name", (fixture) => {
  let tapped: TappedModel;
  let expected: Map<string, number[]>;

  beforeAll(async () => {
    for (const [name, bytes] of Object.entries(fixture.files ?? {})) writeFileSync(join(folder, name), bytes);
    const path = join(folder, `${fixture.name}.onnx`);
    writeFileSync(path, fixture.bytes);
    // Two of the trials run in a process of their own, as every foreign model's does; the others save the time.
    tapped = await openModel(path, {
      sample: await arraySource(fixture.rows).read(0, 2),
      isolated: ["convnet", "transformer"].includes(fixture.name),
    });
    expected = await rowsNodeByNode(fixture, tapped);
  });

  it("has the taps expected, in depth order", () => {
    const usable = tapped.select(["all"]);
    expect(Object.fromEntries(usable.map(({ name, shape }) => [name, shape]))).toEqual(fixture.taps);
    expect(usable.map(({ name }) => name)).toEqual(Object.keys(fixture.taps));
    const depths = tapped.select(["all"]).map(({ depth }) => depth);
    expect(depths).toEqual([...depths].sort((a, b) => a - b));
    expect(usable.filter(({ rows }) => rows === null).map(({ name }) => name)).toEqual(fixture.alone ?? []);
  });

  it("refuses the others with the reason", () => {
    const refused = tapped.taps.filter(({ refused }) => refused !== undefined);
    for (const [name, reason] of Object.entries(fixture.refused ?? {})) {
      expect(refused.find((tap) => tap.name === name)?.refused).toMatch(reason);
      expect(() => tapped.select([name])).toThrow(/must be a tensor that can be probed, got/);
    }
    if (!fixture.refused) expect(refused).toEqual([]);
  });

  it("picks sensible taps by itself", () => {
    expect(tapped.select(["auto"]).map(({ name }) => name)).toEqual(fixture.auto);
  });

  it.each<Optimization>(["disabled", "all"])(
    "gives the values of the graph run node by node (optimization %s)",
    async (optimization) => {
      const taps = tapped.select(["all"]);
      const got = await rowsTogether(fixture, tapped, optimization);
      for (const tap of taps) {
        const want = expected.get(tap.name) ?? [];
        const scale = Math.max(...want.map(Math.abs));
        // The same kernels on the same values differ by float32 rounding at another batch size; float16 by its own, and a
        // fused int8 product may round a half differently.
        const tolerance =
          tap.type === "float16" ? 4e-3 : fixture.name === "quantized" && optimization === "all" ? 2e-2 : 2e-6;
        const worst = Math.max(...want.map((value, i) => Math.abs(value - (got.get(tap.name)?.[i] ?? Number.NaN))));
        expect(worst / (scale || 1), tap.name).toBeLessThanOrEqual(tolerance);
        expect(got.get(tap.name)?.length, tap.name).toBe(want.length);
      }
    },
  );
});

/** Rows [6, features] of every tap through one session, in batches that do not divide six. */
async function rowsTogether(
  fixture: Fixture,
  tapped: TappedModel,
  optimization: Optimization,
): Promise<Map<string, number[]>> {
  const taps = tapped.select(["all"]);
  // Taps that need single rows force them on all, so they get a session of their own.
  const got = new Map<string, number[]>(taps.map(({ name }) => [name, []]));
  for (const group of [taps.filter(({ rows }) => rows === null), taps.filter(({ rows }) => rows !== null)]) {
    if (group.length === 0) continue;
    const session = await openTappedSession(tapped.model, tapped.plan, group, { batch: 4, optimization });
    const source = arraySource(fixture.rows);
    for (let start = 0; start < sampleCount; start += session.batch) {
      const count = Math.min(session.batch, sampleCount - start);
      const values = await session.run(await source.read(start, count), count);
      for (const [i, tap] of group.entries()) got.get(tap.name)?.push(...(values[i] ?? []));
    }
    await session.release();
  }
  return got;
}

async function rowsNodeByNode(fixture: Fixture, tapped: TappedModel): Promise<Map<string, number[]>> {
  const rows = new Map<string, number[]>();
  const copies = tapped.plan.fixedBatch ?? 1;
  for (let row = 0; row < sampleCount; row++) {
    const feeds: Record<string, Tensor> = toFeeds(
      tapped.model,
      tapped.plan,
      await arraySource(fixture.rows).read(row, 1),
      1,
    );
    for (const [name, value] of await runNodeByNode(fixture.bytes, feeds, folder)) {
      const list = rows.get(name) ?? [];
      // Where the batch is fixed it holds copies of the row, batch first.
      list.push(...numbers(value).slice(0, value.size / copies));
      rows.set(name, list);
    }
  }
  return rows;
}

function numbers({ type, data }: Tensor): number[] {
  // A feed of float16 is kept as its bits.
  const bits = type === "float16" && data instanceof Uint16Array;
  return Array.from(bits ? new Float16Array(data.buffer, data.byteOffset, data.length) : data, Number);
}
