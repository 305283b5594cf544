/**
 * @file liblinear's command (Fan et al. 2008): logistic regression, primal (trust-region Newton) and dual (coordinate
 * descent). It penalises its bias; a bias feature of 100 makes that penalty 10⁻⁴ of what it is at 1, so that its optimum
 * is nearly ours, and with a feature of 1 it solves, in truth, another problem. Beyond two classes it fits one against
 * the rest, which is another problem altogether.
 *
 * With (v, c) for two classes: W = (-v/2, v/2), so liblinear's C is 2/(n·l2), as scikit-learn's. The command reads text
 * and does not time itself: what it takes to read the file and to end at once is measured in the same way and deducted.
 */
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LinearProbe } from "@linear-probes/core";
import type { Peer, PeerRequest, ProblemFiles } from "./peer.ts";
import { pinnedThreads } from "./python-server.ts";

const METHODS = [
  ["primal", 0],
  ["dual", 7],
] as const;

const BIAS_FEATURES = [1, 100];

/** Stops at once: the tolerance is relative to the first gradient (-s 0), or absolute and far above it (-s 7). */
const NO_WORK = 1e30;

export function liblinearPeers(command: string, scratch: string): readonly Peer[] {
  const missing = missingCommand(command);
  const model = join(scratch, "liblinear.model");
  return METHODS.flatMap(([method, type]) =>
    BIAS_FEATURES.map((biasFeature) => ({
      name: `liblinear ${method} bias ${biasFeature}`,
      budget: "half-decades of tolerance",
      unsupported({ classes }: ProblemFiles) {
        if (missing !== undefined) return missing;
        return classes > 2
          ? "liblinear has no multinomial logistic loss: one against the rest is another problem"
          : undefined;
      },
      async fit({ files, l2, budget, limitSeconds }: PeerRequest) {
        const path = await files.svmlight();
        const train = (tolerance: number) => {
          const cost = 2 / (files.rows * l2);
          const flags = ["-q", "-s", type, "-B", biasFeature, "-c", cost, "-e", tolerance, path, model];
          return runTimed(command, flags.map(String), limitSeconds);
        };
        // Right before each run: reading the file takes longer than the fit, and not always equally long. A difference
        // below nothing is left so, since the median of many would lean to one side otherwise.
        const idle = await train(NO_WORK);
        if ("failed" in idle) return idle;
        const run = await train(10 ** (-budget / 2));
        if ("failed" in run) return run;
        return {
          probe: readModel(model, files.cols, biasFeature),
          seconds: run.seconds - idle.seconds,
          cpuSeconds: run.cpuSeconds - idle.cpuSeconds,
          endedEarly: budget > 30, // 10⁻¹⁵: below what float64 can tell
        };
      },
    })),
  );
}

function missingCommand(command: string): string | undefined {
  try {
    execFileSync(command, ["--version"], { stdio: "ignore" });
  } catch (error) {
    // It has no such flag and exits with its usage; only a command that cannot be started is missing.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return `${command} is not installed`;
  }
  return undefined;
}

interface Run {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

function runTimed(command: string, flags: readonly string[], limitSeconds: number): Promise<Run | { failed: string }> {
  return new Promise((resolve) => {
    const start = performance.now();
    // `time` of the shell: the processor seconds of a child are not to be had from Node. A group of its own, so that
    // the shell and its child can be ended together.
    const child = spawn("bash", ["-c", 'TIMEFORMAT="%U %S"; time "$0" "$@"', command, ...flags], {
      env: pinnedThreads(1),
      detached: true,
    });
    const timer = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, limitSeconds * 1000);
    let errors = "";
    child.stdout.resume();
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    child.on("error", (error) => resolve({ failed: error.message }));
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const seconds = (performance.now() - start) / 1000;
      if (signal !== null) return resolve({ failed: `killed after ${limitSeconds} s` });
      if (code !== 0) return resolve({ failed: `${command} ended with status ${code}: ${errors.trim()}` });
      const [user = Number.NaN, system = Number.NaN] = (errors.trim().split("\n").at(-1) ?? "").split(" ").map(Number);
      resolve({ seconds, cpuSeconds: user + system });
    });
  });
}

/** Text: a header that names the labels, then one weight per line, the bias feature's last. */
function readModel(path: string, cols: number, biasFeature: number): LinearProbe {
  const [header = "", body = ""] = readFileSync(path, "utf8").split(/^w$/m);
  const values = Float64Array.from(body.trim().split(/\s+/), Number);
  const first = Number(/^label (\d+)/m.exec(header)?.[1]); // v is for this label
  const sign = first === 1 ? 1 : -1;
  const weights = new Float64Array(2 * cols);
  for (let j = 0; j < cols; j++) {
    weights[cols + j] = (sign * (values[j] ?? Number.NaN)) / 2;
    weights[j] = -(weights[cols + j] ?? Number.NaN);
  }
  const c = (sign * biasFeature * (values[cols] ?? Number.NaN)) / 2;
  return { classes: 2, cols, weights, bias: Float64Array.of(-c, c) };
}
