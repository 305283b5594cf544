/** @file The points of a probing of somebody's model: taps in depth order, the controls beside the probes proper. */
import type { Row } from "@linear-probes/core";
import { flagCell, numberCell, textCell } from "../cells.ts";
import type { Series } from "../series.ts";

const kinds = [
  { network: "trained", task: "labels", label: "the model", color: "series1", shape: "circle", dash: [1, 0] },
  {
    network: "untrained-twin",
    task: "labels",
    label: "the same graph with random weights",
    color: "series2",
    shape: "square",
    dash: [6, 3],
  },
  {
    network: "trained",
    task: "control",
    label: "the model, random labels (control task)",
    color: "series3",
    shape: "diamond",
    dash: [2, 3],
  },
] as const;

export interface OnnxPoint extends Row {
  readonly checkpoint: number; // from 0, in the order given
  readonly model: string; // file name of the checkpoint
  readonly place: string; // the tap's name, with its depth where names repeat
  readonly depth: number;
  readonly operator: string;
  readonly series: string; // label
  readonly features: number;
  readonly columns: number;
  readonly testError: number;
  readonly testErrorLow: number;
  readonly testErrorHigh: number;
  readonly validationError: number;
  readonly trainError: number;
  readonly top5Error: number | null;
  readonly crossEntropyNats: number;
  readonly calibrationError: number;
  readonly selectivity: number | null;
  readonly l2: number;
  readonly gapNats: number | null;
  readonly relativeGap: number | null;
  readonly certified: boolean;
  readonly passes: number;
  readonly coldPasses: number | null; // of fits from nothing, where they were made beside those from the checkpoint before
  readonly status: string;
}

/** The kinds of probes that the rows have. */
export function series(rows: readonly Row[]): readonly Series[] {
  return kinds
    .filter((kind) => rows.some((row) => isOf(row, kind)))
    .map(({ network, task, ...look }) => ({ key: `${network} ${task}`, ...look }));
}

/** All probes that could be fitted, by kind, then checkpoint, then depth. */
export function points(rows: readonly Row[]): readonly OnnxPoint[] {
  return kinds.flatMap((kind) =>
    rows
      .filter((row) => isOf(row, kind) && row["status"] !== "unsupported")
      .map((row) => onnxPoint(row, kind.label, repeated(rows))),
  );
}

/** The error of always saying the commonest class. */
export function guessing(rows: readonly Row[]): number | undefined {
  const [first] = rows;
  return first === undefined ? undefined : numberCell(first, "majorityError");
}

/** The number of the last checkpoint. */
export function lastCheckpoint(rows: readonly Row[]): number {
  return Math.max(0, ...rows.map(checkpointOf));
}

function checkpointOf(row: Row): number {
  return row["checkpoint"] === undefined ? 0 : numberCell(row, "checkpoint");
}

/** Why taps have no point, one sentence each. */
export function unfitted(rows: readonly Row[]): readonly string[] {
  return rows
    .filter((row) => row["status"] === "unsupported")
    .map(
      (row) =>
        `${textCell(row, "tap")} (${textCell(row, "network")}, ${textCell(row, "task")}): ${textCell(row, "reason")}`,
    );
}

function isOf(row: Row, { network, task }: (typeof kinds)[number]): boolean {
  return row["network"] === network && row["task"] === task;
}

function repeated(rows: readonly Row[]): ReadonlySet<string> {
  const depths = new Map<string, Set<number>>();
  for (const row of rows) {
    const own = depths.get(textCell(row, "tap")) ?? new Set();
    depths.set(textCell(row, "tap"), own.add(numberCell(row, "depth")));
  }
  return new Set([...depths].flatMap(([tap, own]) => (own.size > 1 ? [tap] : [])));
}

function onnxPoint(row: Row, label: string, repeated: ReadonlySet<string>): OnnxPoint {
  const [tap, depth] = [textCell(row, "tap"), numberCell(row, "depth")];
  return {
    checkpoint: checkpointOf(row),
    model: textCell(row, "model"),
    place: repeated.has(tap) ? `${tap} (${depth})` : tap,
    depth,
    operator: textCell(row, "operator"),
    series: label,
    features: numberCell(row, "features"),
    columns: numberCell(row, "columns"),
    testError: numberCell(row, "testError"),
    testErrorLow: numberCell(row, "testErrorLow"),
    testErrorHigh: numberCell(row, "testErrorHigh"),
    validationError: numberCell(row, "validationError"),
    trainError: numberCell(row, "trainError"),
    top5Error: numberOrNull(row, "top5Error"),
    crossEntropyNats: numberCell(row, "crossEntropyNats"),
    calibrationError: numberCell(row, "calibrationError"),
    selectivity: numberOrNull(row, "selectivity"),
    l2: numberCell(row, "l2"),
    gapNats: numberOrNull(row, "gapNats"),
    relativeGap: numberOrNull(row, "relativeGap"),
    certified: flagCell(row, "certified"),
    passes: numberCell(row, "passes"),
    coldPasses: numberOrNull(row, "coldPasses"),
    status: textCell(row, "status"),
  };
}

function numberOrNull(row: Row, key: string): number | null {
  return row[key] === null || row[key] === undefined ? null : numberCell(row, key);
}
