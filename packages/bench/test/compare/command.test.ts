import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { compareCommand } from "../../src/compare/command.ts";

let folder: string;
let lines: string;
const write = process.stdout.write.bind(process.stdout);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "probes-compare-"));
  lines = "";
  process.stdout.write = (text: string | Uint8Array) => {
    lines += String(text);
    return true;
  };
});
afterEach(() => {
  process.stdout.write = write;
  process.exitCode = 0;
  rmSync(folder, { recursive: true });
});

async function compare(...flags: string[]): Promise<void> {
  const program = new Command("probes").exitOverride();
  compareCommand(program);
  const small = ["--problems", "toy-layer", "--rows", "400", "--solvers", "lbfgs", "rmsprop", "--passes", "8"];
  const place = ["--store", join(folder, "store"), "--out", join(folder, "out"), "--seeds", "2"];
  await program.parseAsync(["node", "probes", "compare", ...small, ...place, ...flags]);
}

const read = (name: string): string => readFileSync(join(folder, "out", name), "utf8");

describe("probes compare", () => {
  it("writes rows that repeat on any number of threads, and takes finished runs from the store", async () => {
    await compare("--threads", "1");
    const [rows, timings] = [read("rows.jsonl"), read("timings.jsonl")];
    expect(lines).toContain("toy-layer, l2 0.0001, rmsprop, seed 1: pass-budget");
    await compare("--threads", "1");
    expect([read("rows.jsonl"), read("timings.jsonl")]).toEqual([rows, timings]); // equal seconds: not run again
    await compare("--threads", "2", "--fresh");
    expect(read("rows.jsonl")).toBe(rows);
    expect(read("timings.jsonl")).not.toBe(timings);
  });

  it("names what may be asked for", async () => {
    await expect(compare("--problems", "mnist")).rejects.toThrow("problem: must be one of mnist-pixels, ");
    await expect(compare("--solvers", "adam")).rejects.toThrow('got "adam"');
    await expect(compare("--l2", "0")).rejects.toThrow("must be a number > 0");
  });
});
