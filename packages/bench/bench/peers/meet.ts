/** @file One problem at one penalty: the least budget of every peer for every target, then alternating timed runs. */
import type { LinearProbe, Runtime, Solver } from "@linear-probes/core";
import { remembered, searchBudget, type SearchResult, type Trial } from "./budget-search.ts";
import { createJudge, fitOurs, type Judge } from "./ours.ts";
import type { Peer, PeerRequest, ProblemFiles } from "./peer.ts";
import type { TimedRow } from "../../src/compare/peer-record.ts";
import type { ProblemData } from "./problem-files.ts";

export interface MeetOptions {
  readonly l2: number;
  readonly targets: readonly number[]; // relative suboptimality
  readonly solvers: readonly Solver[]; // ours
  readonly peers: readonly Peer[];
  readonly limitSeconds: number; // of one fit of a peer
  readonly totalSeconds: number; // of all peers' first runs
  readonly repeats: number;
  readonly log: (line: string) => void;
}

/** The gap asked of the run that F* is taken from; the one it got is printed. */
const OPTIMUM_GAP = 1e-10;
/** Fits that take longer are not repeated; short ones more often, since a moment's noise weighs more in them. */
const LONG_SECONDS = 20;
const SHORT_SECONDS = 0.5;
const SHORT_FACTOR = 5;
/** Peers this much slower than the quickest are timed once. */
const CLOSE = 1.5;
const MOST_ATTEMPTS = 3;
/** A first run is cut at so many times what the quickest so far needs: first runs are noisy. */
const PATIENCE = 2;
const LEAST_SECONDS = 2;
/** For starting Python and loading the features, which is not timed but is under the limit. */
const START_SECONDS = 60;

interface Entry {
  readonly row: Omit<TimedRow, "seconds" | "secondsLeast" | "secondsMost" | "cpuSeconds" | "runs">;
  readonly run: () => Promise<{ readonly seconds: number; readonly cpuSeconds: number }>;
  readonly times: { readonly seconds: number; readonly cpuSeconds: number }[];
  readonly once?: boolean; // not timed again
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
      for (const { run, times, row, once } of entries) {
        const enough =
          row.reason !== "" || once === true || times.length >= runsWanted(times[0]?.seconds ?? 0, options.repeats);
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
  const { l2, peers, targets, limitSeconds, totalSeconds, log } = options;
  const { files } = data;
  const entries: Entry[] = [];
  const start = performance.now();
  const best = new Map<number, { readonly who: string; readonly seconds: number }>();
  for (const peer of peers) {
    const excuse = peer.unsupported(files);
    if (excuse !== undefined) {
      log(`  ${peer.name}: skipped, ${excuse}`);
      continue;
    }
    const left = totalSeconds - (performance.now() - start) / 1000;
    // Who needs longer than the quickest so far, to every target, changes no ratio.
    const rivals = targets.map((target) => best.get(target));
    const slowest = rivals.every((rival) => rival !== undefined)
      ? rivals.toSorted((a, b) => b.seconds - a.seconds)[0]
      : undefined;
    const cut = slowest === undefined ? Infinity : Math.max(LEAST_SECONDS, PATIENCE * slowest.seconds);
    const limit = Math.min(limitSeconds, left, cut);
    const because = limit === cut ? `, ${PATIENCE} times what ${slowest?.who} takes to the last target` : "";
    const why = `not within ${limit.toPrecision(3)} s${because}`;
    const found =
      left < 1
        ? targets.map(() => missed(`not run: the ${totalSeconds} s for peers on this problem were used up`, Infinity))
        : await reach(peer, files, options, suboptimality, limit, why);
    for (const [at, target] of targets.entries()) {
      const result = found[at] ?? missed("not asked", Infinity);
      const row = { problem: files.name, l2, target, who: peer.name, ours: false };
      if (result.budget === undefined) {
        log(`  ${peer.name} to ${target}: not reached, ${result.reason}; best ${result.best.toExponential(1)}`);
        const least = Number.isFinite(result.best) ? result.best : null;
        entries.push({ row: { ...row, work: "", reason: result.reason, suboptimality: least }, run: never, times: [] });
        continue;
      }
      const { budget, trial } = result;
      const known = best.get(target);
      const quickest = known === undefined || trial.seconds < known.seconds;
      if (quickest) best.set(target, { who: peer.name, seconds: trial.seconds });
      const work = `${budget} ${peer.budget}`;
      log(`  ${peer.name} to ${target}: ${work}, ${trial.seconds.toPrecision(3)} s`);
      const first = { seconds: trial.seconds, cpuSeconds: trial.cpuSeconds };
      const run = timedRun(
        peer,
        { files, l2, budget, limitSeconds: 2 * limitSeconds + START_SECONDS },
        (probe) => suboptimality(probe) <= target,
      );
      const timed = { row: { ...row, work, reason: "", suboptimality: trial.suboptimality }, run };
      // Only who may be the quickest is timed again.
      const hopeless = trial.seconds > LONG_SECONDS || trial.seconds > CLOSE * (known?.seconds ?? Infinity);
      entries.push({ ...timed, times: hopeless ? [first] : [], ...(hopeless && { once: true }) });
    }
  }
  return entries;
}

const missed = (reason: string, best: number): SearchResult<PeerTrial> => ({ reason, best });

type PeerTrial = Trial & { readonly cpuSeconds: number };

/** What each target takes: from one traced run where a peer has that, else by a search of budgets. */
async function reach(
  peer: Peer,
  files: ProblemFiles,
  { l2, targets }: MeetOptions,
  suboptimality: Judge,
  limitSeconds: number,
  why: string,
): Promise<readonly SearchResult<PeerTrial>[]> {
  if (peer.trace === undefined) {
    const trials = remembered<PeerTrial>(async (budget) => {
      const fitted = await peer.fit({ files, l2, budget, limitSeconds: limitSeconds + START_SECONDS });
      return "failed" in fitted ? fitted : { ...fitted, suboptimality: suboptimality(fitted.probe) };
    });
    const found: SearchResult<PeerTrial>[] = [];
    for (const target of targets) found.push(await searchBudget(trials, { target, limitSeconds }));
    return found;
  }
  const points = await peer.trace({ files, l2, limitSeconds });
  if ("failed" in points) return targets.map(() => missed(points.failed, Infinity));
  const judged = new Map<number, number>();
  const at = (index: number): number => {
    const point = points[index];
    const value = judged.get(index) ?? (point === undefined ? Infinity : suboptimality(point.probe));
    judged.set(index, value);
    return value;
  };
  return targets.map((target) => {
    const index = firstWithin(points.length, (i) => at(i) <= target);
    const point = points[index];
    if (point === undefined) return missed(why, Math.min(...judged.values()));
    const { budget, seconds, cpuSeconds } = point;
    return { budget, trial: { seconds, cpuSeconds, suboptimality: at(index), endedEarly: false } };
  });
}

/** The least index at which `reached` holds, taking it to hold from then on; `length` when it does not at the last. */
function firstWithin(length: number, reached: (index: number) => boolean): number {
  let [low, high] = [0, length - 1];
  if (length === 0 || !reached(high)) return length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (reached(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A plain fit with the budget found; a tenth more when chance has kept it from the target. */
function timedRun(peer: Peer, request: PeerRequest, reached: (probe: LinearProbe) => boolean): Entry["run"] {
  let { budget } = request;
  return async () => {
    for (let attempt = 0; ; attempt++) {
      const fitted = await peer.fit({ ...request, budget });
      if ("failed" in fitted) throw new Error(`${peer.name}: ${fitted.failed}`);
      if (attempt === MOST_ATTEMPTS || reached(fitted.probe)) return fitted;
      budget = Math.ceil(1.1 * budget);
    }
  };
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
