/** @file The points of the small Inception: probes by tap and step, its own two heads, and what each solver needed. */
import type { Result, RunRecord } from "@linear-probes/bench";
import type { Row } from "@linear-probes/core";
import { flagCell, numberCell, textCell } from "../cells.ts";

export interface TapError extends Row {
  readonly step: number;
  readonly epoch: number;
  readonly tap: string;
  readonly branch: string; // trunk, main or auxiliary
  readonly depth: number; // place among all taps
  readonly testError: number;
  readonly validationError: number;
  readonly trainError: number;
  readonly features: number; // of the tap
  readonly columns: number; // after the reducer
  readonly reducer: string;
  readonly l2: number;
  readonly gapNats: number;
  readonly relativeGap: number | null;
  readonly certified: boolean;
  readonly status: string;
  readonly passes: number;
}

/** By step, then in the order of the taps. */
export function points(rows: readonly Row[]): readonly TapError[] {
  return rows
    .filter((row) => row["kind"] === "probe")
    .map((row) => ({
      step: numberCell(row, "step"),
      epoch: numberCell(row, "epoch"),
      tap: textCell(row, "tap"),
      branch: textCell(row, "branch"),
      depth: numberCell(row, "depth"),
      testError: numberCell(row, "testError"),
      validationError: numberCell(row, "validationError"),
      trainError: numberCell(row, "trainError"),
      features: numberCell(row, "features"),
      columns: numberCell(row, "columns"),
      reducer: textCell(row, "reducer"),
      l2: numberCell(row, "l2"),
      gapNats: numberCell(row, "gapNats"),
      relativeGap: row["relativeGap"] === null ? null : numberCell(row, "relativeGap"),
      certified: flagCell(row, "certified"),
      status: textCell(row, "status"),
      passes: numberCell(row, "passes"),
    }))
    .toSorted((a, b) => a.step - b.step || a.depth - b.depth);
}

export interface HeadError extends Row {
  readonly step: number;
  readonly branch: string;
  readonly testError: number;
}

/** The network's own errors, by step. */
export function heads(rows: readonly Row[]): readonly HeadError[] {
  return rows
    .filter((row) => row["kind"] === "model")
    .map((row) => ({
      step: numberCell(row, "step"),
      branch: textCell(row, "branch"),
      testError: numberCell(row, "testError"),
    }))
    .toSorted((a, b) => a.step - b.step);
}

/** The probes after the last step. */
export function lastOf(all: readonly TapError[]): readonly TapError[] {
  const step = all.at(-1)?.step;
  return all.filter((point) => point.step === step);
}

/** Seconds that a run's phases cost, those kept from earlier runs included. */
export function secondsOf({ timings }: Pick<RunRecord, "timings">, phase: string): number {
  return timings.phases.filter((one) => one.phase === phase).reduce((sum, { seconds }) => sum + seconds, 0);
}

/** The probing that the paper gave up: 1.28 million images of a thousand classes, about 20 taps a checkpoint. */
export const imagenet = { rows: 1.28e6, columns: 1000, classes: 1000, taps: 20 };

export interface SolverCost extends Row {
  readonly solver: string;
  readonly status: string;
  readonly relativeGap: number | null;
  readonly passes: number; // over the rows, to the gap or to the end of the budget
  readonly seconds: number; // of one probe here, certificates included
  readonly gflops: number; // 10⁹ operations a second
  readonly probeHours: number; // of one probe of ImageNet, by the model below
  readonly checkpointHours: number; // of 20
}

/**
 * passes × 4·n·d·k operations (a pass takes two products of the features with k columns) at the speed that the same solver
 * had here, as many passes as here.
 */
export function solverCosts({ rows, run }: Result): readonly SolverCost[] {
  return rows
    .filter((row) => row["kind"] === "solver")
    .map((row) => {
      const solver = textCell(row, "solver");
      const passes = numberCell(row, "passes");
      const operations = (n: number, d: number, k: number): number => 4 * passes * n * d * k;
      const own = operations(numberCell(row, "rows"), numberCell(row, "columns"), numberCell(row, "classes"));
      const seconds = secondsOf(run, `solver ${solver}`);
      const probeHours = (seconds * operations(imagenet.rows, imagenet.columns, imagenet.classes)) / own / 3600;
      return {
        solver,
        status: textCell(row, "status"),
        relativeGap: row["relativeGap"] === null ? null : numberCell(row, "relativeGap"),
        passes,
        seconds,
        gflops: seconds > 0 ? own / seconds / 1e9 : 0,
        probeHours,
        checkpointHours: imagenet.taps * probeHours,
      };
    });
}
