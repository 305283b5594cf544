/** @file Every figure compiles to the same Vega as before, without a warning; fixture rows only. */
import type { Result } from "@linear-probes/bench";
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { FigureDefinition } from "../src/figure.ts";
import * as registry from "../src/figures/index.ts";
import { wideWidth } from "../src/page/drawing.ts";
import { compileSpec, renderSvg, themed } from "../src/render.ts";
import { figureWidth } from "../src/theme.ts";
import { fig07Result, fig08Result } from "./fixtures/deep.ts";
import { depthSweepResult } from "./fixtures/depth-sweep.ts";
import { fig01Result } from "./fixtures/fig01.ts";
import { fig05FilmResult } from "./fixtures/fig05-film.ts";
import { inceptionCifarResult } from "./fixtures/inception-cifar.ts";
import { modelGraphsResult } from "./fixtures/model-graphs.ts";
import { sec2Result } from "./fixtures/sec2.ts";
import { fig03Result, fig05Result } from "./fixtures/rows.ts";
import { comparisonResult, costResult, undersolvedResult } from "./fixtures/solvers.ts";
import { expectGolden } from "./golden.ts";

const figures: readonly FigureDefinition[] = Object.values(registry);
const fixtures = new Map<string, () => Result>([
  ["fig01-bytes-and-pixels", fig01Result],
  ["sec2-entropy-chain", sec2Result],
  ["depth-sweep", depthSweepResult],
  ["model-graphs", modelGraphsResult],
  ["inception-cifar", inceptionCifarResult],
  ["solver-comparison", comparisonResult],
  ["cost-scaling", costResult],
  ["undersolved-probe", () => undersolvedResult()],
  ["fig07-auxiliary-losses", fig07Result],
  ["fig08-skip-connection", fig08Result],
  ["fig03-untrained-depth", fig03Result],
  ["fig05-mnist-convnet", fig05Result],
  ["fig05-film", fig05FilmResult],
]);

function fixture(figure: FigureDefinition): Result {
  const make = fixtures.get(figure.source);
  if (make === undefined) throw new Error(`${figure.id}: add fixture rows for ${figure.source}`);
  return make();
}

function compiled(figure: FigureDefinition) {
  const panels = figure.panels(fixture(figure));
  return panels.flatMap((panel) => [
    { name: `${panel.id} wide`, panel, spec: panel.spec({ width: wideWidth(panel, panels), narrow: false }) },
    { name: `${panel.id} narrow`, panel, spec: panel.spec({ width: figureWidth.narrow, narrow: true }) },
  ]);
}

test("figures are named after their files, and every figure has a golden file", () => {
  const ids = figures.map(({ id }) => id).sort();
  const names = (folder: string, end: string) =>
    readdirSync(new URL(folder, import.meta.url))
      .filter((name) => name.endsWith(end) && name !== "index.ts" && !name.includes("-changed"))
      .map((name) => name.slice(0, -end.length))
      .sort();
  expect(names("../src/figures", ".ts")).toEqual(ids);
  expect(names("golden", ".vg.json")).toEqual(ids);
});

describe.each(figures.map((figure) => ({ id: figure.id, figure })))("$id", ({ figure }) => {
  test("compiles to the golden Vega, without a warning", () => {
    const vega = Object.fromEntries(compiled(figure).map(({ name, spec }) => [name, compileSpec(themed(spec))]));
    expectGolden(figure.id, ".vg.json", `${JSON.stringify(vega, null, 1)}\n`);
  });

  test("draws at the width asked for, within its own frame, in colours of the theme only", async () => {
    for (const { spec, name } of compiled(figure)) {
      const svg = await renderSvg(compileSpec(themed(spec)));
      const width = Number(/ width="([\d.]+)"/.exec(svg)?.[1]);
      const asked = "width" in spec ? spec.width : undefined;
      expect(width, name).toBeLessThanOrEqual(Number(asked) + 1);
      expect(width, name).toBeGreaterThan(Number(asked) - 40);
      const paints = [...svg.matchAll(/ (?:fill|stroke)="([^"]+)"/g)].map(([, paint]) => paint ?? "");
      const foreign = paints.filter((paint) => !/^(?:var\(--\w+\)|none|transparent)$/.test(paint));
      expect(new Set(foreign), name).toEqual(new Set());
    }
  });

  test("says how many markers are certified by filling them", async () => {
    const result = fixture(figure);
    for (const panel of figure.panels(result).filter(({ probes }) => probes)) {
      const svg = await renderSvg(compileSpec(themed(panel.spec({ width: 600, narrow: false }))));
      const markers = /class="mark-symbol role-mark.*?<\/g>/gs;
      const [filled, hollow] = [...svg.matchAll(markers)].map(([group]) => group.match(/<path/g)?.length ?? 0);
      const drawn = (filled ?? 0) + (hollow ?? 0);
      const own = figure.table(result).rows.filter((row) => (row["panel"] ?? panel.id) === panel.id);
      const rows = own.filter((row) => panel.id !== "before" || row["step"] === 0);
      const shown = rows.filter((row) => panel.id !== "after" || row["step"] !== 0);
      expect(drawn).toBe(shown.length);
      expect(filled).toBe(shown.filter((row) => row["certified"] === true).length);
    }
  });

  test("has a caption of sentences and a table without holes in its keys", () => {
    const result = fixture(figure);
    expect(figure.caption(result)).toMatch(/^[A-Z].{80,}\.$/s);
    const table = figure.table(result);
    for (const { key } of table.columns)
      expect(
        table.rows.every((row) => key in row),
        key,
      ).toBe(true);
  });
});

test("a warning of the compiler is an error", () => {
  const wrong = { data: { values: [{ a: 1 }] }, mark: "bar" as const, encoding: { shape: { field: "a" } } };
  expect(() => compileSpec(themed(wrong))).toThrow(/without warnings, got .*shape/i);
});
