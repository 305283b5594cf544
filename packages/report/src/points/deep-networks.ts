/** @file The points of figures 7 and 8: probes at the layers of deep networks while these train. */
import type { Row } from "@linear-probes/core";
import { flagCell, numberCell, textCell } from "../cells.ts";
import type { Series } from "../series.ts";
import { firstAtMost } from "./frames.ts";
import { mean, quantile } from "../statistics.ts";

export const series: readonly Series[] = [
  {
    key: "certified-standardized",
    label: "certified optimum, standardised",
    color: "series1",
    shape: "circle",
    dash: [1, 0],
  },
  {
    key: "rmsprop-raw",
    label: "RMSProp, raw (as the paper)",
    color: "series2",
    shape: "square",
    dash: [6, 3],
  },
];

export interface DeepPoint extends Row {
  readonly variant: string;
  readonly replica: number;
  readonly frames: string; // which set of measurements
  readonly step: number;
  readonly panel: string; // `step-500`
  readonly layer: number;
  readonly series: string; // label
  readonly trainError: number;
  readonly trainLoss: number; // nats
  readonly gapNats: number | null;
  readonly certified: boolean;
  readonly rows: number;
}

const known = new WeakMap<readonly Row[], Map<string, readonly DeepPoint[]>>();

/** The probes of one set of measurements, by step, then kind of probe, then layer. Every claim asks for them. */
export function probes(rows: readonly Row[], frames: string): readonly DeepPoint[] {
  const ofRows = known.get(rows) ?? new Map<string, readonly DeepPoint[]>();
  const points = ofRows.get(frames) ?? readProbes(rows, frames);
  known.set(rows, ofRows.set(frames, points));
  return points;
}

function readProbes(rows: readonly Row[], frames: string): readonly DeepPoint[] {
  const own = rows.filter((row) => row["kind"] === "probe" && row["frames"] === frames);
  const found = series.flatMap(({ key, label }) =>
    own
      .filter((row) => textCell(row, "protocol") === key)
      .map((row) => ({
        variant: textCell(row, "variant"),
        replica: numberCell(row, "replica"),
        frames,
        step: numberCell(row, "step"),
        panel: `step-${numberCell(row, "step")}`,
        layer: numberCell(row, "layer"),
        series: label,
        trainError: numberCell(row, "trainError"),
        trainLoss: numberCell(row, "trainLoss"),
        gapNats: row["gapNats"] === null ? null : numberCell(row, "gapNats"),
        certified: flagCell(row, "certified"),
        rows: numberCell(row, "rows"),
      })),
  );
  return found.toSorted((a, b) => a.step - b.step || orderOf(a) - orderOf(b) || a.layer - b.layer);
}

function orderOf(point: DeepPoint): number {
  return series.findIndex(({ label }) => label === point.series);
}

/** A network's own last classifier. */
export interface OwnAnswer {
  readonly variant: string;
  readonly replica: number;
  readonly frames: string;
  readonly step: number;
  readonly trainError: number;
  readonly majorityError: number; // of always answering the most frequent digit
}

export function ownAnswers(rows: readonly Row[]): readonly OwnAnswer[] {
  return rows
    .filter((row) => row["kind"] === "model")
    .map((row) => ({
      variant: textCell(row, "variant"),
      replica: numberCell(row, "replica"),
      frames: textCell(row, "frames"),
      step: numberCell(row, "step"),
      trainError: numberCell(row, "trainError"),
      majorityError: numberCell(row, "majorityError"),
    }));
}

/** Train error by layer of one kind of probe at one step. */
export function profile(points: readonly DeepPoint[], label: string, step: number): ReadonlyMap<number, number> {
  const own = points.filter((point) => point.series === label && point.step === step);
  return new Map(own.map((point) => [point.layer, point.trainError]));
}

export interface ReplicaPoint extends Row {
  readonly series: string; // what the networks are called
  readonly layer: number;
  readonly trainError: number; // mean over networks
  readonly low: number; // least
  readonly high: number; // greatest
  readonly certified: boolean; // all
  readonly networks: number;
}

/** Certified probes of several networks of one kind, by layer. */
export function replicaPoints(rows: readonly Row[], variant: string, label: string): readonly ReplicaPoint[] {
  const own = probes(rows, "replicas").filter((point) => point.variant === variant);
  return [...Map.groupBy(own, ({ layer }) => layer)]
    .toSorted(([a], [b]) => a - b)
    .map(([layer, group]) => {
      const errors = group.map(({ trainError }) => trainError);
      return {
        series: label,
        layer,
        trainError: mean(errors),
        low: quantile(errors, 0),
        high: quantile(errors, 1),
        certified: group.every(({ certified }) => certified),
        networks: group.length,
      };
    });
}

/** The first step at which a layer's probe errs at most `threshold`; layers that never do are left out. */
export function crossings(points: readonly DeepPoint[], threshold: number): readonly { layer: number; step: number }[] {
  return firstAtMost(
    points,
    threshold,
    ({ layer }) => layer,
    ({ trainError }) => trainError,
  ).map(({ layer, step }) => ({ layer, step }));
}
