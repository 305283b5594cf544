/**
 * @file `npm run bench:stochastic`: SAG, SAGA and SVRG, whose loops over rows run in WASM. How long an epoch (n row
 * gradients) of each takes, against one another and against the same solver on plain TypeScript kernels, in alternating
 * runs on one thread; and whether they reach a relative suboptimality of 1e-6 where scikit-learn's float32 sag and saga
 * stall, on identical files. MNIST's pixels, or drawn rows where there are none. Arguments: [rows] [epochs] [repeats].
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  certifiedGap,
  createReferenceRuntime,
  createWasmRuntime,
  fit,
  passBudget,
  rootStream,
  type Runtime,
  type Solver,
} from "@linear-probes/core";
import { lbfgs, sag, saga, svrg } from "@linear-probes/solvers";
import { labelledRows } from "../src/compare/parts/features-of.ts";
import { releaseProblem } from "../src/compare/problem.ts";
import { mnistPixels } from "../src/compare/problems/mnist-pixels.ts";
import { createStopwatch, systemClock } from "../src/compare/stopwatch.ts";
import { textTable } from "../src/table.ts";
import { createJudge, fitOurs } from "./peers/ours.ts";
import { type ProblemData, writeProblem } from "./peers/problem-files.ts";
import { pythonPeers } from "./peers/python-peers.ts";
import { startPython } from "./peers/python-server.ts";
import { median } from "../src/median.ts";

const L2 = 1e-2;
const TARGET = 1e-6; // relative suboptimality
const ALIKE = 1.5; // an epoch of the slowest over one of the quickest
const QUICKER = 5; // plain TypeScript over ours
const PEER_SECONDS = 60; // of a traced run
const SMALL = 1000; // rows that the plain kernels are timed on
const MOST_PASSES = 100;

const solvers: readonly Solver[] = [sag(), saga(), svrg()];
const [rows = 3000, epochs = 6, repeats = 5] = process.argv.slice(2).map(Number);
const log = (line: string): void => void process.stdout.write(`${line}\n`);
const scratch = mkdtempSync(join(tmpdir(), "probes-stochastic-"));
const wasm = await createWasmRuntime({ threads: 1 });
try {
  const dataDir = process.env["PROBES_DATA_DIR"];
  const loaded = await mnistPixels.load({ runtime: wasm, stream: rootStream("stochastic"), dataDir, rows, log });
  if ("unavailable" in loaded) throw new Error(loaded.unavailable);
  const data = writeProblem(mnistPixels.name, loaded.train, mnistPixels.scaling, scratch);
  releaseProblem(loaded);
  log(`${data.files.name}: ${rows} × ${data.files.cols}, ${data.files.classes} classes, l2 ${L2}, one thread`);
  compareEpochs(data);
  await compareAccuracy(data);
} finally {
  await wasm.dispose();
  rmSync(scratch, { recursive: true, force: true });
}

/** Seconds of an epoch of ours, and of ours against plain TypeScript on fewer rows. */
function compareEpochs(data: ProblemData): void {
  const plain = createReferenceRuntime();
  const fewer = headOf(data, Math.min(SMALL, rows));
  const times = solvers.map((solver) => ({
    solver,
    whole: [] as number[],
    ours: [] as number[],
    plain: [] as number[],
  }));
  for (let round = 0; round <= repeats; round++) {
    for (const { solver, ...lists } of times) {
      const found = {
        whole: epochSeconds(wasm, data, solver),
        ours: epochSeconds(wasm, fewer, solver),
        plain: round === 0 ? undefined : epochSeconds(plain, fewer, solver),
      };
      if (round === 0) continue; // warms up
      lists.whole.push(found.whole);
      lists.ours.push(found.ours);
      if (found.plain !== undefined) lists.plain.push(found.plain);
    }
  }
  const results = times.map(({ solver, whole, ours, plain: slow }) => ({
    name: solver.name,
    epoch: median(whole),
    ratio: median(slow) / median(ours),
  }));
  const lines = results.map(({ name, epoch, ratio }) => [name, (1000 * epoch).toFixed(1), ratio.toFixed(1)]);
  for (const line of textTable(["solver", "ms per epoch", "× quicker than plain TypeScript"], lines)) log(line);
  const all = results.map(({ epoch }) => epoch);
  const spread = Math.max(...all) / Math.min(...all);
  const least = Math.min(...results.map(({ ratio }) => ratio));
  log(verdict(spread <= ALIKE, `epochs of sag, saga and svrg within ${ALIKE} × of each other: ${spread.toFixed(2)} ×`));
  log(verdict(least >= QUICKER, `at least ${QUICKER} × as fast as plain TypeScript: ${least.toFixed(1)} × or more`));
}

/** Of the steps alone, per n row gradients. Starting (tables, Lipschitz constants) is not an epoch. */
function epochSeconds(runtime: Runtime, { files, x, labels }: ProblemData, solver: Solver): number {
  const { name, cols, classes } = files;
  const train = labelledRows(runtime, "train", name, { x, labels, cols, classes });
  const stopwatch = createStopwatch(systemClock());
  let started = { seconds: 0, passes: 0 };
  try {
    const result = fit(runtime, { train, l2: L2, scaling: "none" }, solver, {
      stream: rootStream("stochastic"),
      stop: [passBudget(epochs)],
      hooks: {
        around: stopwatch.time,
        observe: ({ step, passes }) => {
          if (step === 0) started = { seconds: stopwatch.elapsed().seconds, passes };
        },
      },
    });
    return (stopwatch.elapsed().seconds - started.seconds) / (result.passes - started.passes);
  } finally {
    train.features.release();
  }
}

async function compareAccuracy(data: ProblemData): Promise<void> {
  const optimum = fitOurs(wasm, data, L2, lbfgs(), 1e-10).result.certificate;
  log(`F* = ${optimum.objective}, certified to ${optimum.relativeGap.toExponential(1)} of it`);
  const { judge, release } = createJudge(wasm, data, L2);
  const shortfall = (probe: Parameters<typeof judge>[0]): number => judge(probe) / optimum.objective - 1;
  const train = labelledRows(wasm, "train", data.files.name, {
    ...data,
    cols: data.files.cols,
    classes: data.files.classes,
  });
  const reached: boolean[] = [];
  try {
    for (const solver of solvers) {
      const stop = [certifiedGap({ relative: TARGET }), passBudget(MOST_PASSES)];
      const result = fit(wasm, { train, l2: L2, scaling: "none" }, solver, { stream: rootStream("stochastic"), stop });
      const short = shortfall(result.probe);
      reached.push(short <= TARGET);
      log(`${solver.name}: ${short.toExponential(1)} after ${result.passes.toFixed(1)} passes, ${result.status}`);
    }
    const stalled = await peersStall(data, shortfall);
    log(verdict(reached.every(Boolean), `sag, saga and svrg reach ${TARGET}`));
    if (stalled !== undefined)
      log(verdict(stalled, `scikit-learn's float32 sag and saga do not, in ${MOST_PASSES} epochs and more`));
  } finally {
    train.features.release();
    release();
  }
}

/** Undefined when there is no scikit-learn. */
async function peersStall(
  data: ProblemData,
  shortfall: (probe: Parameters<ReturnType<typeof createJudge>["judge"]>[0]) => number,
): Promise<boolean | undefined> {
  const python = await startPython("/usr/bin/python3", 1);
  if ("missing" in python) {
    log(`scikit-learn is skipped: ${python.missing}`);
    return undefined;
  }
  try {
    const peers = pythonPeers(python, 1, scratch).filter(({ name }) => /^sklearn-saga? float32$/.test(name));
    const stalls: boolean[] = [];
    for (const peer of peers) {
      const excuse = peer.unsupported(data.files);
      const points = await peer.trace?.({ files: data.files, l2: L2, limitSeconds: PEER_SECONDS });
      if (excuse !== undefined || points === undefined) {
        log(`${peer.name}: skipped, ${excuse ?? "it cannot be traced"}`);
        continue;
      }
      if ("failed" in points) {
        log(`${peer.name}: skipped, ${points.failed}`);
        continue;
      }
      const least = Math.min(...points.map(({ probe }) => shortfall(probe)));
      const seen = points.at(-1)?.budget ?? 0;
      log(`${peer.name}: ${least.toExponential(1)} at best of ${seen} epochs`);
      if (least <= TARGET) stalls.push(false);
      else if (seen >= MOST_PASSES) stalls.push(true);
      else log(`${peer.name}: too few epochs in ${PEER_SECONDS} s to say that it stalls`);
    }
    return stalls.length === 0 ? undefined : stalls.every(Boolean);
  } finally {
    python.stop();
  }
}

function headOf({ files, x, labels }: ProblemData, count: number): ProblemData {
  return { files: { ...files, rows: count }, x: x.subarray(0, count * files.cols), labels: labels.subarray(0, count) };
}

function verdict(met: boolean, text: string): string {
  return `${met ? "MET   " : "MISSED"}  ${text}`;
}
