/** @file Probing a foreign model end to end: what is stored and reused, roles, controls, names, refusals. */
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError, writeNpy } from "@linear-probes/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { resultTable } from "../../src/foreign/result-table.ts";
import { type Probing, type ProbingOptions, runProbing } from "../../src/foreign/run-probing.ts";
import { readResult } from "../../src/results.ts";
import { Interrupted } from "../../src/stop-flag.ts";
import { quietEffects, smallData, smallModel, smallOptions, smallTfjs } from "./small-model.ts";

vi.setConfig({ testTimeout: 180_000 }); // a trial run may start a process

let folder: string;
let model: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "probe-onnx-"));
  model = join(folder, "small.onnx");
  smallModel(model);
  smallData(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

function run(more: Partial<ProbingOptions> = {}, paths = [model]): Promise<Probing> {
  return runProbing(paths, smallOptions(folder, more), quietEffects());
}

function bytesOf({ folder }: Probing): string {
  return readFileSync(join(folder, "rows.jsonl"), "utf8");
}

it("computes once: a touched file hits, one changed weight misses, other threads and a fresh store give the same bytes", async () => {
  const first = await run({ isolated: true });
  expect(first).toMatchObject({ reused: 0, computed: 10 }); // 5 taps, each one block and one probe
  const bytes = bytesOf(first);
  utimesSync(model, 1e9, 1e9);
  const again = await run();
  expect(again).toMatchObject({ reused: 5, computed: 0 });
  expect(bytesOf(again)).toBe(bytes);
  expect(bytesOf(await run({ storeFolder: join(folder, "fresh"), threads: 2 }))).toBe(bytes);
  smallModel(model, 1e-3);
  const changed = await run();
  expect(changed).toMatchObject({ reused: 0, computed: 10 });
  expect(bytesOf(changed)).not.toBe(bytes);
  const written = readResult("paper", "probe-onnx", join(folder, "out"));
  expect(written?.rows).toEqual(changed.rows);
});

it("goes on after a stop, to the same bytes", async () => {
  const whole = bytesOf(await run({ storeFolder: join(folder, "fresh") }));
  const effects = quietEffects();
  let looks = 0;
  const stop = {
    ...effects.stop,
    check: () => (++looks > 12 ? effects.stop.request() : undefined, effects.stop.check()),
  };
  await expect(runProbing([model], smallOptions(folder), { ...effects, stop })).rejects.toThrow(Interrupted);
  const rest = await run();
  expect(rest.reused).toBeGreaterThan(0);
  expect(bytesOf(rest)).toBe(whole);
});

describe("checkpoints of one network", () => {
  const taps = ["x", "hidden"];
  let series: string[];
  beforeEach(() => {
    series = [0, 0.05, 0.1].map((moved, i) => {
      const path = join(folder, `step-${i}.onnx`);
      smallModel(path, moved);
      return path;
    });
  });

  it("start each fit from the checkpoint before, which saves passes, and certify it all the same", async () => {
    const { rows, notices } = await run({ taps, cold: true }, series);
    expect(rows.map((row) => [row["checkpoint"], row["model"], row["tap"], row["certified"]])).toEqual(
      [0, 1, 2].flatMap((i) => taps.map((tap) => [i, `step-${i}.onnx`, tap, true])),
    );
    const later = rows.filter((row) => row["checkpoint"] !== 0);
    for (const row of later) expect(row["passes"]).toBeLessThan(Number(row["coldPasses"]));
    const total = (key: string): number => later.reduce((sum, row) => sum + Number(row[key]), 0);
    expect(notices.at(-1)).toBe(
      `warm starts: ${total("passes").toFixed(0)} passes over the rows instead of ${total("coldPasses").toFixed(0)} from ` +
        `nothing, for the 4 probes after the first checkpoint (${(100 - (100 * total("passes")) / total("coldPasses")).toFixed(0)} % saved)`,
    );
    // And they are the passes of a run of that checkpoint alone.
    const alone = await run({ taps, storeFolder: join(folder, "fresh") }, series.slice(2));
    expect(alone.rows.map((row) => row["passes"])).toEqual(rows.slice(4).map((row) => row["coldPasses"]));
    expect(alone.rows.map((row) => row["l2"])).toEqual(rows.slice(4).map((row) => row["l2"]));
  });

  it("keep the features that a random reducer took, and the bytes of a fresh store", async () => {
    const [one, two] = [series.slice(0, 1), series.slice(0, 2)];
    const options = { taps: ["x"], reducer: "random:3" };
    const first = await run(options, two);
    const errors = first.rows.map((row) => row["testError"]);
    expect(errors).toEqual([errors[0], errors[0]]); // the input is that of every checkpoint
    expect(await run(options, two)).toMatchObject({ computed: 0, rows: first.rows });
    // Of a longer series, the beginning is the same, and so is a run that begins with less.
    const fresh = { ...options, storeFolder: join(folder, "fresh") };
    expect((await run(fresh, one)).rows).toEqual(first.rows.slice(0, 1));
    expect(bytesOf(await run(fresh, two))).toBe(bytesOf(first));
  });

  it("must be of one network", async () => {
    const other = join(folder, "other.onnx");
    smallModel(other, 0, { hidden: "renamed" });
    await expect(run({ taps }, [...series, other])).rejects.toThrow(
      /^other\.onnx: tap "hidden": must have 8 features, as in step-0\.onnx, got "no such tap"/,
    );
  });
});

it("refuses a device that is not there, and says what to do", async () => {
  await expect(run({ device: "cuda" })).rejects.toThrow(
    /^device: (cuda must be usable|must be one that this build).*cpu/,
  );
});

it("certifies every probe, and finds the input's classes better than guessing", async () => {
  const { rows } = await run();
  expect(rows.map((row) => [row["depth"], row["tap"]])).toEqual([
    [0, "x"],
    [1, "product"],
    [2, "sum"],
    [3, "hidden"],
    [4, "logits"],
  ]);
  for (const row of rows) {
    expect(row).toMatchObject({ certified: true, status: "converged", top5Error: null, selectivity: null });
    expect(row["relativeGap"]).toBeLessThanOrEqual(1e-3);
    expect(row["testErrorLow"]).toBeLessThanOrEqual(Number(row["testError"]));
    expect(row["testErrorHigh"]).toBeGreaterThanOrEqual(Number(row["testError"]));
  }
  expect(rows[0]?.["testError"]).toBeLessThan(0.5 * Number(rows[0]?.["majorityError"]));
  // The product has the input's row space, and a bias is nothing to a probe that is centred.
  expect(rows[2]?.["validationError"]).toBe(rows[1]?.["validationError"]);
});

it("adds the untrained twin and the control task, with selectivity as their difference", async () => {
  const { rows } = await run({ controls: true, taps: ["x", "hidden"] });
  expect(rows.map((row) => [row["network"], row["tap"], row["task"]])).toEqual([
    ["trained", "x", "labels"],
    ["trained", "x", "control"],
    ["trained", "hidden", "labels"],
    ["trained", "hidden", "control"],
    ["untrained-twin", "x", "labels"],
    ["untrained-twin", "hidden", "labels"],
  ]);
  const [labels, control, hidden, , twin, untrained] = rows;
  expect(labels?.["selectivity"]).toBe(Number(control?.["testError"]) - Number(labels?.["testError"]));
  // The input is the same whatever the network.
  for (const key of ["testError", "validationError", "crossEntropyNats", "l2"]) expect(twin?.[key]).toBe(labels?.[key]);
  expect(untrained?.["crossEntropyNats"]).not.toBe(hidden?.["crossEntropyNats"]);
  expect(resultTable(rows)).toHaveLength(3);
});

it("the labels' probes are the same with and without controls, and reused", async () => {
  const plain = await run({ taps: ["hidden"] });
  const both = await run({ taps: ["hidden"], controls: true });
  const { selectivity: _, ...own } = both.rows[0] ?? {};
  expect(plain.rows[0]).toEqual({ ...own, selectivity: null });
  expect(both.reused).toBeGreaterThanOrEqual(2); // the activations and the probe
});

it("probes a model of TensorFlow.js as one of ONNX, with its controls", async () => {
  const options = { controls: true, storeFolder: join(folder, "tfjs-store") };
  const path = smallTfjs(join(folder, "small-tfjs"));
  const { rows } = await run(options, [path]);
  expect(
    rows.filter((row) => row["task"] === "labels").map((row) => [row["network"], row["tap"], row["operator"]]),
  ).toEqual(
    ["trained", "untrained-twin"].flatMap((network) => [
      [network, "hidden_input", "input"],
      [network, "hidden", "Dense"],
      [network, "answer", "Dense"],
    ]),
  );
  for (const row of rows) expect(row).toMatchObject({ certified: true, model: "small-tfjs/model.json" });
  // The same rows through the same probes: an input is an input.
  const onnx = await run({ taps: ["x"] });
  expect(rows[0]?.["testError"]).toBe(onnx.rows[0]?.["testError"]);
  expect(await run(options, [path])).toMatchObject({ computed: 0, rows });
});

it("shows hostile names harmlessly, wherever they appear", async () => {
  const hostile = join(folder, "hostile.onnx");
  smallModel(hostile, 0, { input: "\u001B[2J<script>", hidden: "../../\u202Eetc/passwd\n" });
  const effects: string[] = [];
  const { rows } = await runProbing([hostile], smallOptions(folder, { taps: ["all"] }), quietEffects(effects));
  const shown = [...effects, ...resultTable(rows), JSON.stringify(rows)].join("");
  // oxlint-disable-next-line eslint/no-control-regex -- that is what must not be there
  expect(shown).not.toMatch(/[\u0000-\u001F\u007F\u202E]/);
  expect(rows.map((row) => row["tap"])).toContain("../../\\u{202e}etc/passwd\\u{a}");
});

it("says why a tap cannot be probed, and probes the others", async () => {
  const values = new Float32Array(60 * 6).fill(1);
  writeFileSync(join(folder, "x.npy"), writeNpy([60, 6], values));
  writeFileSync(
    join(folder, "labels.npy"),
    writeNpy(
      [60],
      Int32Array.from({ length: 60 }, (_, row) => row % 2),
    ),
  );
  const { rows } = await run({ taps: ["x"] });
  expect(rows[0]).toMatchObject({ status: "unsupported", testError: null, certified: false });
  expect(rows[0]?.["reason"]).toMatch(/every feature has one value/);
  expect(resultTable(rows).at(-1)).toMatch(/^x \(trained, labels\): every feature/);
});

it("refuses what cannot be meant, in one line", async () => {
  const cases: [Partial<ProbingOptions>, RegExp][] = [
    [{ data: "nowhere" }, /^data: must be mnist, .*got "nowhere"/],
    [{ dataOptions: { validation: 0.25, rows: 1000 } }, /^rows: must be at most the 240 there are, got 1000/],
    [{ dataOptions: { validation: 0.0001 } }, /^validation: must leave rows/],
    [{ taps: ["no-such"] }, /^taps: each selector must name at least one tap, got "no-such"/],
    [{ reducer: "biggest:4" }, /^reducer: must be none, random:N/],
    [{ dataOptions: { validation: 0.5, rows: 4 } }, /must be (at least the 3 classes|of at least two classes)/],
  ];
  for (const [options, message] of cases) {
    const error: unknown = await run(options).catch((cause: unknown) => cause);
    expect(error, JSON.stringify(options)).toBeInstanceOf(InputError);
    expect(String(error).replace("InputError: ", "")).toMatch(message);
  }
});
