/** @file Where a result came from: source, machine and packages. Reads the surroundings, so it belongs to the edge. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { arithmetic, sha256 } from "@linear-probes/core";
import type { Fingerprint } from "./fingerprint.ts";
import type { RunRecord } from "./run-record.ts";

/** The folder that holds package-lock.json, from which parts of the code are named. */
export const repositoryRoot = findRoot(fileURLToPath(new URL(".", import.meta.url)));

function findRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package-lock.json"))) return folder;
    if (dirname(folder) === folder) return from;
  }
}

type Provenance = Pick<RunRecord, "git" | "lockfileSha256" | "machine">;

export function provenance(root = repositoryRoot): Provenance {
  return {
    git: gitState(root),
    lockfileSha256: sha256(readFileSync(join(root, "package-lock.json"))),
    machine: {
      cpu: cpus()[0]?.model.trim() ?? "unknown",
      cores: cpus().length,
      memoryMiB: Math.round(totalmem() / 2 ** 20),
      platform: `${process.platform}-${process.arch}`,
      node: process.version,
      arithmetic: arithmetic(),
    },
  };
}

/** Null when this is no git checkout, or there is no git. */
function gitState(root: string): Provenance["git"] {
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    return { commit: git("rev-parse", "HEAD"), dirty: git("status", "--porcelain") !== "" };
  } catch {
    return null;
  }
}

/** External packages among the parts, name → version. */
export function packagesOf(stages: Iterable<Fingerprint>): Record<string, string> {
  const packages = new Map<string, string>();
  for (const { parts } of stages)
    for (const [part, version] of Object.entries(parts))
      if (part.startsWith("npm:")) packages.set(part.slice(4), version);
  return Object.fromEntries([...packages].sort(([a], [b]) => (a < b ? -1 : 1)));
}
