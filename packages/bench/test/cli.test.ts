import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";

const launcher = fileURLToPath(new URL("../bin/probes.js", import.meta.url));
let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "probes-cli-"))));
afterEach(() => rmSync(folder, { recursive: true }));

function probes(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [launcher, ...args], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"], PROBES_STORE_DIR: folder, ...env },
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
