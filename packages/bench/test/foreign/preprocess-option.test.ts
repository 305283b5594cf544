import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootStream } from "@linear-probes/core";
import { createReducer, type MeasuredTap, preprocessPresets } from "@linear-probes/models";
import { expect, it } from "vitest";
import { parsePreprocess, plainPixels } from "../../src/foreign/preprocess-option.ts";
import { groupTaps, type ReducedTap } from "../../src/foreign/tap-groups.ts";

it("takes a preset, JSON with defaults, or a file of it", () => {
  expect(parsePreprocess("torchvision")).toEqual(preprocessPresets["torchvision"]);
  expect(parsePreprocess("none")).toEqual(plainPixels);
  expect(parsePreprocess('{"mean":[0.5],"layout":"channels-last"}')).toEqual({
    ...plainPixels,
    mean: [0.5],
    layout: "channels-last",
  });
  const folder = mkdtempSync(join(tmpdir(), "preprocess-"));
  const path = join(folder, "own.json");
  writeFileSync(path, '{"geometry":[{"step":"resize","height":32,"width":32}]}');
  expect(parsePreprocess(path).geometry).toEqual([
    { step: "resize", height: 32, width: 32, method: "bilinear-antialias" },
  ]);
  rmSync(folder, { recursive: true });
});

it("refuses the rest by the name of the member", () => {
  const cases: [string, RegExp][] = [
    ["torchvison", /^preprocess: must be none, torchvision, .*got "torchvison"/],
    ["{", /^preprocess: must be JSON/],
    ['{"std":[0]}', /^preprocess\.std\.0: must be/],
    ['{"geometry":[{"step":"crop","height":0,"width":1}]}', /^preprocess\.geometry\.0\.height: must be/],
    ['{"sdt":[1]}', /^preprocess: must be as documented/],
  ];
  for (const [text, message] of cases) expect(() => parsePreprocess(text), text).toThrow(message);
});

function reduced(name: string, features: number, alone = false): ReducedTap {
  const facts = { name, depth: 1, operator: "Relu", node: "", group: "", declared: { kind: "tensor" as const } };
  const tap: MeasuredTap = {
    ...facts,
    type: "float32",
    shape: [features],
    features,
    rows: alone ? null : { axis: 0, chunk: 1 },
  };
  const reducer = createReducer("random:1000", tap, rootStream("1"));
  return { tap, reducer, cols: reducer.cols };
}

it("taps share a pass while a batch of them fits, and those that run row by row are apart", () => {
  const wide = 5_000_000; // 16 rows take 320 MB
  const groups = groupTaps(
    [reduced("a", 10), reduced("b", wide), reduced("c", wide), reduced("d", 10, true)],
    16,
    null,
  );
  expect(groups.map(({ taps, batch }) => [taps.map(({ tap }) => tap.name), batch])).toEqual([
    [["a", "b"], 16],
    [["c"], 16],
    [["d"], 1],
  ]);
  for (const { batch, blockRows, taps } of groups) {
    expect(blockRows % batch).toBe(0);
    expect(4 * blockRows * taps.reduce((sum, { cols }) => sum + cols, 0)).toBeLessThanOrEqual(2 ** 27);
  }
  expect(groupTaps([reduced("a", 10)], 16, 7)[0]?.batch).toBe(7);
});

it("a pass takes at most 16 rows and about 16 MiB of what leaves the graph, unless somebody asks", () => {
  const batchesOf = (features: number, alone = false): number | undefined =>
    groupTaps([reduced("a", features, alone)], undefined, null)[0]?.batch;
  expect(batchesOf(10)).toBe(16);
  expect(batchesOf(50_000_000)).toBe(16); // a thousand of them leave it
  expect(batchesOf(10, true)).toBe(1);
  const whole = {
    ...reduced("a", 700_000),
    reducer: createReducer("none", reduced("a", 700_000).tap, rootStream("1")),
  };
  expect(groupTaps([whole], undefined, null)[0]?.batch).toBe(5); // of 2.8 MB
});
