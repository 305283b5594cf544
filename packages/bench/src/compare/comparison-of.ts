/** @file A comparison's rows and seconds, read back by kind. */
import type { Row } from "@linear-probes/core";
import { z } from "zod";
import {
  comparisonRow,
  type EndRow,
  type PointRow,
  type ProblemRow,
  type TimingRow,
  timingRow,
} from "./comparison-rows.ts";

export interface Comparison {
  readonly problems: readonly ProblemRow[];
  readonly points: readonly PointRow[];
  readonly ends: readonly EndRow[];
  readonly unavailable: readonly { readonly problem: string; readonly reason: string }[];
  readonly timings: readonly TimingRow[];
}

/** Throws when a row is none of a comparison's. */
export function comparisonOf(rows: readonly Row[], seconds: readonly Row[] = []): Comparison {
  const all = z.array(comparisonRow).parse(rows);
  return {
    problems: all.filter((row) => row.kind === "problem"),
    points: all.filter((row) => row.kind === "point"),
    ends: all.filter((row) => row.kind === "end"),
    unavailable: all.filter((row) => row.kind === "unavailable"),
    timings: z.array(timingRow).parse(seconds),
  };
}
