/** @file One problem at one penalty: the least budget of every peer for every target, then alternating timed runs. */
import type { Runtime, Solver } from "@linear-probes/core";
import { remembered, searchBudget, type Trials } from "./budget-search.ts";
import { createJudge, fitOurs, type Judge } from "./ours.ts";
import type { Peer } from "./peer.ts";
import type { TimedRow } from "../../src/compare/peer-record.ts";
import type { ProblemData } from "./problem-files.ts";

export interface MeetOptions {
  readonly l2: number;
  readonly targets: readonly number[]; // relative suboptimality
  readonly solvers: readonly Solver[]; // ours
  readonly peers: readonly Peer[];
  readonly limitSeconds: number; // of one fit of a peer
  readonly repeats: number;
  readonly log: (line: string) => void;
}

/** The gap asked of the run that F* is taken from; the one it got is printed. */
const OPTIMUM_GAP = 1e-10;
/** Fits that take longer are not repeated; short ones more often, since a moment's noise weighs more in them. */
const LONG_SECONDS = 20;
const SHORT_SECONDS = 0.5;
const SHORT_FACTOR = 5;
/** For starting Python and loading the features, which is not timed but is under the limit. */
const START_SECONDS = 60;

interface Entry {
  readonly row: Omit<TimedRow, "seconds" | "secondsLeast" | "secondsMost" | "cpuSeconds" | "runs">;
  readonly run: () => Promise<{ readonly seconds: number; readonly cpuSeconds: number }>;
  readonly times: { readonly seconds: number; readonly cpuSeconds: number }[];
}

export async function meet(runtime: Runtime, data: ProblemData, options: MeetOptions): Promise<readonly TimedRow[]> {
  const { judge, release } = createJudge(runtime, data, options.l2);
  try {
    const optimum = findOptimum(runtime, data, options);
    const suboptimality: Judge = (probe) => judge(probe) / optimum - 1;
    const entries = [
      ...ourEntries(runtime, data, options, suboptimality),
      ...(await peerEntries(data, options, suboptimality)),
    ];
    for (let round = 0; round < SHORT_FACTOR * options.repeats; round++) {
      for (const { run, times, row } of entries) {
        const enough = row.reason !== "" || times.length >= runsWanted(times[0]?.seconds ?? 0, options.repeats);
        if (!enough) times.push(await run());
      }
    }
    return entries.map(({ row, times }) => ({ ...row, ...summary(times) }));
  } finally {
    release();
  }
}

function runsWanted(seconds: number, repeats: number): number {
  if (seconds > LONG_SECONDS) return 1;
  return seconds < SHORT_SECONDS ? SHORT_FACTOR * repeats : repeats;
}

/** The least objective that our solvers reach, and a line on how sure it is. */
function findOptimum(runtime: Runtime, data: ProblemData, { l2, solvers, log }: MeetOptions): number {
  const results = solvers
    .map((solver) => fitOurs(runtime, data, l2, solver, OPTIMUM_GAP).result)
    .filter(({ status }) => status !== "unsupported")
    .toSorted((a, b) => a.certificate.objective - b.certificate.objective);
  const [best] = results;
  if (best === undefined) throw new Error(`${data.files.name}: none of our solvers supports it`);
  const { objective } = best.certificate;
  const gap = Math.min(...results.map((result) => result.certificate.relativeGap));
  log(`${data.files.name}, l2 ${l2}: F* = ${objective}, by ${best.solver}, certified to ${gap.toExponential(1)} of it`);
  return objective;
}

function ourEntries(
  runtime: Runtime,
  data: ProblemData,
  { l2, solvers, targets, log }: MeetOptions,
  suboptimality: Judge,
): Entry[] {
  return solvers.flatMap((solver) =>
    targets.flatMap((target) => {
      const fitOnce = () => fitOurs(runtime, data, l2, solver, target);
      const { result } = fitOnce(); // also warms up
      if (result.status === "unsupported") return [];
      const work = `${result.passes.toFixed(1)} + ${result.certificatePasses} passes`;
      const reason = result.status === "converged" ? "" : `${result.status}: ${result.reason}`;
      log(`  ${solver.name} to ${target}: ${result.status}, ${work}`);
      const row = { problem: data.files.name, l2, target, who: solver.name, ours: true, work, reason };
      return [{ row: { ...row, suboptimality: suboptimality(result.probe) }, run: async () => fitOnce(), times: [] }];
    }),
  );
}

async function peerEntries(data: ProblemData, options: MeetOptions, suboptimality: Judge): Promise<Entry[]> {
  const { l2, peers, targets, limitSeconds, log } = options;
  const { files } = data;
  const entries: Entry[] = [];
  for (const peer of peers) {
    const excuse = peer.unsupported(files);
    if (excuse !== undefined) {
      log(`  ${peer.name}: skipped, ${excuse}`);
      continue;
    }
    const trials: Trials = remembered(async (budget) => {
      const fitted = await peer.fit({ files, l2, budget, limitSeconds: limitSeconds + START_SECONDS });
      return "failed" in fitted ? fitted : { ...fitted, suboptimality: suboptimality(fitted.probe) };
    });
    for (const target of targets) {
      const found = await searchBudget(trials, { target, limitSeconds });
      const row = { problem: files.name, l2, target, who: peer.name, ours: false };
      if (found.budget === undefined) {
        log(`  ${peer.name} to ${target}: not reached, ${found.reason}; best ${found.best.toExponential(1)}`);
        const { reason, best } = found;
        entries.push({
          row: { ...row, work: "", reason, suboptimality: Number.isFinite(best) ? best : null },
          run: never,
          times: [],
        });
        continue;
      }
      const { budget, trial } = found;
      const work = `${budget} ${peer.budget}`;
      log(`  ${peer.name} to ${target}: ${work}, ${trial.seconds.toPrecision(3)} s`);
      const run = async () => {
        const fitted = await peer.fit({ files, l2, budget, limitSeconds: 2 * limitSeconds + START_SECONDS });
        if ("failed" in fitted) throw new Error(`${peer.name}: ${fitted.failed}`);
        return fitted;
      };
      entries.push({ row: { ...row, work, reason: "", suboptimality: trial.suboptimality }, run, times: [] });
    }
  }
  return entries;
}

const never = (): Promise<never> => Promise.reject(new Error("not run"));

function summary(times: Entry["times"]) {
  if (times.length === 0) return { seconds: null, secondsLeast: null, secondsMost: null, cpuSeconds: null, runs: 0 };
  const seconds = times.map((time) => time.seconds);
  return {
    seconds: median(seconds),
    secondsLeast: Math.min(...seconds),
    secondsMost: Math.max(...seconds),
    cpuSeconds: median(times.map((time) => time.cpuSeconds)),
    runs: times.length,
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}
