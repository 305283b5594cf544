/** @file `probes inspect` and `probes probe` as a user meets them. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { inspectCommand } from "../../src/commands/inspect.ts";
import { probeCommand } from "../../src/commands/probe.ts";
import { quietEffects, smallData, smallModel } from "./small-model.ts";

vi.setConfig({ testTimeout: 180_000 }); // a trial run starts a process
const folder = mkdtempSync(join(tmpdir(), "probe-commands-"));
const model = join(folder, "small model.onnx");
const data = join(folder, "x.npy");
const out = join(folder, "out");
beforeAll(() => {
  smallModel(model, 0, { hidden: "\u001B[31mred" });
  smallData(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What the command prints. */
async function probes(...args: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const program = new Command("probes").exitOverride().configureOutput({ writeErr: () => {} });
  const shared = {
    seed: new Option("--seed <seed>").default("1"),
    threads: new Option("--threads <n>").argParser(Number).default(1),
    storeFolder: new Option("--store <folder>").default(join(folder, "store")),
    dataDir: new Option("--data-dir <folder>"),
  };
  for (const add of [inspectCommand, (to: Command) => probeCommand(to, shared, quietEffects(lines))])
    add(program, quietEffects(lines));
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} });
  await program.parseAsync([...args], { from: "user" });
  return lines.join("\n");
}

it("inspect lists taps with shape and storage, as a table and as JSON", async () => {
  // 8 features × 1,000 rows × 4 bytes
  expect(await probes("inspect", model, "--rows", "1000")).toMatch(
    /^ +3 +auto +\\u\{1b\}\[31mred +Relu +8 +float32 +8 +31\.3 KiB$/m,
  );
  expect(JSON.parse(await probes("inspect", model, "--taps", "op:MatMul", "--json"))).toMatchObject({
    rows: 10_000,
    taps: [
      { name: "product", features: 8, storageBytes: 320_000 },
      { name: "logits", shape: "3", depth: 4 },
    ],
  });
});

it("probe prints the table and writes the result; flags replace defaults", async () => {
  const shown = await probes(
    "probe",
    model,
    "--data",
    data,
    "--out",
    out,
    "--l2",
    "1e-2",
    "1e-3",
    "--dtype",
    "float16",
  );
  expect(shown).toMatch(/^4 +logits +MatMul +3 +3 +\d+\.\d\d /m);
  expect(shown).toContain(`results: ${join(out, "paper", "probe-onnx")}`);
  expect(JSON.parse(readFileSync(join(out, "paper", "probe-onnx", "run.json"), "utf8"))).toMatchObject({
    experiment: "probe-onnx",
    settings: {
      l2Strengths: [1e-2, 1e-3],
      reducer: "random:1000",
      dtype: "float16",
      rows: { train: 192, validation: 48, test: 60 },
    },
  });
});

it("refuses in one line, and leaves nothing behind", async () => {
  writeFileSync(join(folder, "bad.onnx"), "<html>404</html>");
  const refused = ["--out", join(folder, "refused")];
  const cases: [string[], RegExp][] = [
    [["inspect", join(folder, "bad.onnx")], /^bad\.onnx: protobuf: must be a whole ONNX file/],
    [["inspect", join(folder, "absent.onnx")], /^absent\.onnx: file: must be readable/],
    [["probe", model, ...refused], /required option '--data <what>' not specified/],
    [["probe", model, "--data", data, "--validation", "2", ...refused], /It must lie between 0 and 1\./],
    [["probe", model, "--data", data, "--preprocess", "none", ...refused], /^preprocess: is for images/],
  ];
  for (const [args, message] of cases) await expect(probes(...args), args.join(" ")).rejects.toThrow(message);
  expect(existsSync(join(folder, "refused"))).toBe(false);
});
