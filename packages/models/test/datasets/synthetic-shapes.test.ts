/** @file Synthetic shapes: pinned bytes, image i depends on i alone; and when they stand in for CIFAR-10. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootStream, sha256 } from "@linear-probes/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadPhotos } from "../../src/datasets/load-photos.ts";
import { syntheticShapes } from "../../src/datasets/synthetic-shapes.ts";

test("the bytes are pinned: the same on every machine, whatever the seed", async () => {
  const { train, synthetic, notice } = await syntheticShapes.load({
    rows: { train: 200, test: 100 },
    stream: rootStream("any"),
  });
  expect([sha256(Uint8Array.from(train.inputs)), train.labels.slice(0, 12).join("")]).toMatchInlineSnapshot(`
    [
      "120ff6c9c5fa7684abdada74a648932e0fa00858a0ddddf439447bbd65fad827",
      "653924910657",
    ]
  `);
  expect(synthetic).toBe(true);
  expect(notice).toContain("not from CIFAR-10");
});

test("fewer rows are the first rows; every class comes about equally often", async () => {
  const few = await syntheticShapes.load({ rows: { train: 40, test: 40 } });
  const more = await syntheticShapes.load({ rows: { train: 1000, test: 50 } });
  expect(few.train.inputs).toEqual(more.train.inputs.subarray(0, 40 * 3072));
  expect(few.test.inputs).not.toEqual(few.train.inputs);
  for (let kind = 0; kind < 10; kind++) {
    const count = more.train.labels.reduce((sum, label) => sum + (label === kind ? 1 : 0), 0);
    expect(Math.abs(count - 100)).toBeLessThan(4 * Math.sqrt(1000 * 0.1 * 0.9));
  }
});

describe("photographs", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "photos-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const rows = { train: 20, test: 10 };

  test("without CIFAR-10: shapes, with a notice that gives the reason and no path of this machine", async () => {
    const lines: string[] = [];
    const photos = await loadPhotos({ cacheDir: folder, download: false, rows, log: (line) => lines.push(line) });
    expect([photos.name, photos.synthetic]).toEqual(["synthetic-shapes", true]);
    expect(photos.notice).toMatch(/CIFAR-10 could not be had: data_batch_1.bin is in no folder searched/);
    expect(photos.notice).not.toContain(folder);
    expect(lines).toContain("synthetic-shapes stands in for cifar10");
  });

  test("a damaged batch is an error", async () => {
    writeFileSync(join(folder, "data_batch_1.bin"), "not a batch");
    const loading = loadPhotos({ dataDir: folder, cacheDir: join(folder, "cache"), download: false, rows });
    await expect(loading).rejects.toThrow("data_batch_1.bin");
  });
});
