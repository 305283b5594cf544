/** @file The figure of a foreign model: its own page, its numbers, and names that nobody here has chosen. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeResult } from "@linear-probes/bench";
import type { Row } from "@linear-probes/core";
import { afterAll, expect, test } from "vitest";
import { report } from "../src/cli.ts";
import { probeOnnx } from "../src/foreign/probe-onnx.ts";
import { compileSpec, renderSvg, themed } from "../src/render.ts";
import { resultOf } from "./fixtures/result.ts";

const folder = mkdtempSync(join(tmpdir(), "report-onnx-"));
afterAll(() => rmSync(folder, { recursive: true }));

const hostile = '<img src=x onerror="alert(1)">';

function row(tap: string, depth: number, testError: number | null, more: Row = {}): Row {
  const measured = testError === null ? null : 0.1;
  return {
    kind: "probe",
    model: hostile,
    network: "trained",
    task: "labels",
    tap,
    depth,
    operator: "Relu",
    features: 5000,
    columns: 1000,
    reducer: "random:1000",
    classes: 10,
    testError,
    testErrorLow: testError === null ? null : testError - 0.02,
    testErrorHigh: testError === null ? null : testError + 0.03,
    top5Error: null,
    trainError: measured,
    validationError: measured,
    crossEntropyNats: measured,
    trainCrossEntropyNats: measured,
    calibrationError: measured,
    gapNats: measured,
    relativeGap: measured,
    l2: measured,
    passes: 3,
    majorityError: 0.9,
    selectivity: null,
    certified: testError !== null,
    status: testError === null ? "unsupported" : "converged",
    reason: testError === null ? "its values are not finite" : null,
    ...more,
  };
}

const rows = [
  row("input", 0, 0.3),
  row(hostile, 1, 0.2, { selectivity: 0.65 }),
  row(hostile, 1, 0.85, { task: "control" }),
  row("logits", 2, null),
  row("input", 0, 0.31, { network: "untrained-twin" }),
];
const result = resultOf("probe-onnx", rows);

test("draws every kind of probe, and says what could not be fitted", async () => {
  const [panel] = probeOnnx.panels(result);
  for (const size of [
    { width: 900, narrow: false },
    { width: 340, narrow: true },
  ]) {
    const svg = await renderSvg(compileSpec(themed(panel?.spec(size) ?? { mark: "point", data: { values: [] } })));
    for (const label of ["the model", "the same graph with random weights", "the model, random labels (control task)"])
      expect(svg).toContain(`>${label}<`);
    expect(svg).not.toContain("<img");
  }
  expect(probeOnnx.table(result).rows.map((point) => [point["place"], point["testError"]])).toEqual([
    ["input", 0.3],
    [hostile, 0.2],
    ["input", 0.31],
    [hostile, 0.85],
  ]);
  expect(probeOnnx.caption(result)).toContain("Not fitted: logits (trained, labels): its values are not finite.");
});

test("of checkpoints, draws the last with its controls and all as a family of lines", async () => {
  const at = (checkpoint: number, more: Row = {}) => ({ checkpoint, model: `step-${checkpoint}.onnx`, ...more });
  const series = [
    ...[0, 1].flatMap((i) => [
      row("input", 0, 0.3, at(i)),
      row("logits", 1, 0.2 - 0.1 * i, at(i, { coldPasses: i === 0 ? null : 10 })),
    ]),
    row("logits", 1, 0.29, at(1, { network: "untrained-twin" })),
  ];
  const shown = resultOf("probe-onnx", series);
  const drawn = await Promise.all(
    probeOnnx.panels(shown).map(async (panel) => {
      const spec = panel.spec({ width: 340, narrow: true });
      return { description: panel.description, svg: await renderSvg(compileSpec(themed(spec))) };
    }),
  );
  expect(drawn.map(({ description }) => description)).toEqual([
    expect.stringMatching(/logits, the model: 10\.00\s%; logits, the same graph with random weights: 29\.00\s%/),
    expect.stringMatching(/1, logits: 20\.00\s%; 2, input: 30\.00\s%; 2, logits: 10\.00\s%\./),
  ]);
  const faint = [...(drawn[1]?.svg ?? "").matchAll(/stroke-width="1.75"[^>]*/g)].map(([path]) => path);
  expect(faint).toHaveLength(2);
  expect(probeOnnx.caption(shown)).toContain("each tap of step-1.onnx");
  expect(probeOnnx.caption(shown)).toContain("That took 3 passes over the rows; from nothing it would have been 10.");
});

test("alone on its page, names escaped; the paper's figures keep a page without it", async () => {
  writeResult(rows, result.run, folder);
  const path = await report(["--results", folder, "--out", join(folder, "out")], {}, () => {});
  const page = readFileSync(path, "utf8").replaceAll(/<script>.*?<\/script>/gs, "");
  expect(page).toContain('<section class="figure" id="probe-onnx"');
  expect(page.match(/<section class="figure"/g)).toHaveLength(1);
  expect(page).not.toContain("<img");
  expect(page).toContain("&lt;img src=x");
});
