/** @file `probes export`: what it writes is what the import reads back, from architectures and from the store. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import { rootStream } from "@linear-probes/core";
import { deepMlp, exportOnnx, inceptionCifar, initialParameters, mnistConvnet, readModel } from "@linear-probes/models";
import { afterAll, expect, it } from "vitest";
import { exportCommand } from "../src/commands/export.ts";
import { stateArrays } from "../src/parts/training-state.ts";
import { untrainedState } from "../src/stages/convnet-training.ts";
import { openStore } from "../src/store.ts";

const folder = mkdtempSync(join(tmpdir(), "probes-export-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What the command prints. */
async function probes(...args: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const program = new Command("probes").exitOverride();
  const seed = new Option("--seed <seed>").default("1");
  const storeFolder = new Option("--store <folder>").default(join(folder, "store"));
  exportCommand(program, { seed, storeFolder }, { log: (line) => void lines.push(line) });
  await program.parseAsync(["export", ...args], { from: "user" });
  return lines.join("\n");
}

it("writes architectures with seeded weights", async () => {
  const out = join(folder, "mlp.onnx");
  const shown = await probes("deep-mlp", "--depth", "3", "--width", "8", "--skip-to", "2", "--out", out);
  const model = readModel(out);
  expect(shown).toContain(`sha256 ${model.fingerprint}`);
  expect(model.graph.initializers.get("layer_2_preact/weights")).toEqual([8 + 784, 8]);
  await probes("deep-mlp", "--depth", "3", "--width", "8", "--skip-to", "2", "--out", out, "--seed", "2");
  expect(readModel(out).fingerprint).not.toBe(model.fingerprint);
});

it("lists what training left in the store, and writes it with its weights", async () => {
  expect(await probes()).toMatch(/^no checkpoints in /);
  const store = openStore({ folder: join(folder, "store") });
  const cost = { seconds: {}, peakRssMiB: 0 };
  const convnet = untrainedState(rootStream("a"));
  store.put({ kind: "fig05-network", step: 7, stream: "1/a" }, { json: null, arrays: stateArrays(convnet) }, cost);
  const network = { depth: 4, width: 6, auxEvery: 2, skipTo: 0 };
  const mlp = deepMlp({ depth: 4, width: 6, inputs: 5, classes: 3, auxEvery: 2 }).build();
  const parameters = initialParameters(mlp, rootStream("b"));
  const arrays = Object.fromEntries(parameters);
  store.put({ kind: "deep-parameters", step: 9, stream: "1/b", network }, { json: null, arrays }, cost);
  const inception = initialParameters(inceptionCifar.build(), rootStream("c"));
  const weights = Object.fromEntries(inception);
  store.put({ kind: "inception-parameters", step: 5, stream: "1/c" }, { json: null, arrays: weights }, cost);
  store.put({ kind: "deep-parameters", stream: "of another shape" }, { json: null }, cost);

  const [, first = "", second = "", third = ""] = (await probes()).split("\n");
  expect([first, second, third].map((line) => line.split(/ +/).slice(1))).toEqual([
    ["mnist-convnet", "7", "1/a"],
    ["deep-mlp", "9", "1/b"],
    ["inception-cifar", "5", "1/c"],
  ]);
  const out = join(folder, "checkpoint.onnx");
  expect(await probes(first.slice(0, 12), "--out", out)).toContain(
    "mnist-convnet after 7 steps, trained with the stream 1/a",
  );
  expect(readFileSync(out).equals(exportOnnx(mnistConvnet.build(), convnet.parameters))).toBe(true);
  await probes(third.slice(0, 12), "--out", out);
  expect(readFileSync(out).equals(exportOnnx(inceptionCifar.build(), inception))).toBe(true);
  await probes(second.slice(0, 12), "--out", out);
  expect(readFileSync(out).equals(exportOnnx(mlp, parameters))).toBe(true);
  await expect(probes("0123")).rejects.toThrow(
    /^export: must be mnist-convnet, .* got "0123"; .* lists the 3 checkpoints/,
  );
});
