import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";

const launcher = fileURLToPath(new URL("../bin/probes.js", import.meta.url));
let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "probes-cli-"))));
afterEach(() => rmSync(folder, { recursive: true }));

function probes(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [launcher, ...args], {
    encoding: "utf8",
    env: { PATH, NODE_COMPILE_CACHE, PROBES_STORE_DIR: folder, ...env },
  });
  return { status, stdout, stderr };
}

it("refuses bad flags and variables in one line, with what would be right", () => {
  const cases: [string[], Record<string, string>, string][] = [
    [["reproduce", "--profile", "big"], {}, "Allowed choices are smoke, quick, paper."],
    [["reproduce"], { PROBES_PROFILE: "big" }, "Allowed choices are smoke, quick, paper."],
    [["reproduce", "--threads", "0"], {}, "It must be a positive integer."],
    [["reproduce", "--only", "fig99"], {}, "experiment: must be one of sec2-entropy-chain, fig01-bytes-and-pixels, "],
    [["store", "gc", "--keep-gib", "-1"], {}, "It must be a number ≥ 0."],
    [["reprodcue"], {}, "Did you mean reproduce?"],
  ];
  for (const [args, env, message] of cases) {
    const { status, stdout, stderr } = probes(args, env);
    expect({ args, status, stdout }).toEqual({ args, status: 1, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("    at ");
  }
});

it("finds the store where the variable says", () => {
  expect(probes(["store", "ls"])).toMatchObject({ status: 0, stdout: `kind  values  MiB\nstore: ${folder}\n` });
});

it("ends on a truncated dataset in one line that names it, and leaves nothing behind", () => {
  const labels = Buffer.alloc(8 + 10_000);
  labels.writeUInt32BE(0x0801, 0);
  labels.writeUInt32BE(10_000, 4);
  const file = join(folder, "data", "t10k-labels-idx1-ubyte");
  mkdirSync(join(folder, "data"));
  writeFileSync(file, labels.subarray(0, 5000));
  const args = ["reproduce", "--profile", "smoke", "--only", "fig05", "--threads", "1"];
  const { status, stderr } = probes([...args, "--results", join(folder, "out"), "--data-dir", join(folder, "data")]);
  expect(status).toBe(1);
  expect(stderr.trim().split("\n")).toEqual([
    expect.stringMatching(
      /^probes: .*t10k-labels-idx1-ubyte: .*header says 10000 values, 10008 bytes in all, got 5000/,
    ),
  ]);
  expect(stderr).toContain(file);
  expect(readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()).toEqual([
    "data",
    "data/t10k-labels-idx1-ubyte",
  ]);
});
