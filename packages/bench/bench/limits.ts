/**
 * @file `npm run bench:limits -- [names]`: runs what this project says a time limit of, each from nothing, and prints
 * which limits hold on this machine, with its speed before and after: GFLOP/s of the kernel that `bench:kernels` asks 60
 * of. Without names all of it, which takes an hour. Exits with 1 when a limit is missed.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Argument, Command } from "commander";
import { textTable } from "../src/table.ts";
import { machineSpeed } from "./machine-speed.ts";

const mnistFigures = ["fig03-untrained-depth", "fig05-mnist-convnet"];

interface Limit {
  readonly seconds: number;
  readonly what: string;
  /** Arguments of npm; `folder` is empty. */
  readonly command: (folder: string) => readonly string[];
  /** The same again before, not counted. */
  readonly after?: true;
}

const reproduction =
  (profile: string, only: readonly string[] = []) =>
  (folder: string): readonly string[] => {
    const places = ["--store", join(folder, "store"), "--results", join(folder, "results")];
    const chosen = only.length > 0 ? ["--only", ...only] : [];
    return [
      "run",
      "--silent",
      "reproduce",
      "-w",
      "@linear-probes/bench",
      "--",
      "--profile",
      profile,
      ...places,
      ...chosen,
    ];
  };

const limits: Readonly<Record<string, Limit>> = {
  test: { seconds: 240, what: "npm test", command: () => ["run", "test", "--", "--force"] },
  smoke: { seconds: 60, what: "smoke, figures 3 and 5", command: reproduction("smoke", mnistFigures) },
  quick: { seconds: 180, what: "quick, figures 3 and 5", command: reproduction("quick", mnistFigures) },
  paper: { seconds: 900, what: "paper, figures 3 and 5", command: reproduction("paper", mnistFigures) },
  "quick-all": { seconds: 300, what: "quick, everything", command: reproduction("quick") },
  "paper-all": { seconds: 1800, what: "paper, everything", command: reproduction("paper") },
  again: {
    seconds: 10,
    what: "reproduce, nothing changed",
    command: () => ["run", "reproduce", "--", "--profile", "smoke"],
    after: true,
  },
};

const speed = async (): Promise<number> => Math.round(10 * (await machineSpeed(availableParallelism()))) / 10;
const log = (line: string): void => void process.stdout.write(`${line}\n`);
const root = fileURLToPath(new URL("../../../", import.meta.url));

await new Command("bench:limits")
  .addArgument(new Argument("[names...]", "what to run").choices(Object.keys(limits)))
  .action(async (names: readonly string[]) => {
    const lines: (string | number)[][] = [];
    let before = await speed();
    for (const [name, limit] of Object.entries(limits)) {
      if (names.length > 0 && !names.includes(name)) continue;
      log(`\n${limit.what}, at most ${limit.seconds} s`);
      const seconds = await measure(limit);
      const holds = seconds <= limit.seconds;
      if (!holds) process.exitCode = 1;
      const after = await speed();
      lines.push([limit.what, limit.seconds, Math.round(seconds * 10) / 10, holds ? "held" : "missed", before, after]);
      before = after;
    }
    const heads = ["run", "limit s", "took s", "", "GFLOP/s before", "after"];
    log(`\n${textTable(heads, lines).join("\n")}`);
    log(`${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} threads, Node ${process.version}`);
  })
  .parseAsync();

async function measure({ command, after }: Limit): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "probes-limits-"));
  try {
    if (after) await npm(command(folder));
    return await npm(command(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Seconds that it took. Fails when it fails. */
function npm(args: readonly string[]): Promise<number> {
  const start = performance.now();
  const child = spawn("npm", args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve((performance.now() - start) / 1000);
      else reject(new Error(`npm ${args.join(" ")}: must end with 0, got ${code}`));
    });
  });
}
