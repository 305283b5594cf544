/** @file What the comparison with peers measures, one row per program, problem, penalty and target. */
import { textTable } from "../../src/table.ts";

export interface TimedRow {
  readonly problem: string;
  readonly l2: number;
  readonly target: number; // relative suboptimality; ours stop when it is certified
  readonly who: string;
  readonly ours: boolean;
  /** Null when the target was not reached. */
  readonly seconds: number | null; // median wall
  readonly secondsLeast: number | null;
  readonly secondsMost: number | null;
  readonly cpuSeconds: number | null; // median
  readonly runs: number;
  readonly work: string; // passes, iterations, …
  readonly suboptimality: number; // of the probe returned; the least seen when the target was not reached
  readonly reason: string; // why it was not reached
}

/** Ours, then the peers from the quickest, with ratios to our quickest. */
export function peerTable(rows: readonly TimedRow[]): string[] {
  const groups = Map.groupBy(rows, ({ problem, l2, target }) => `${problem} ${l2} ${target}`);
  const cells = [...groups.values()].flatMap((group) => {
    const bestOurs = Math.min(...group.filter(({ ours }) => ours).map(({ seconds }) => seconds ?? Infinity));
    return group
      .toSorted((a, b) => Number(b.ours) - Number(a.ours) || (a.seconds ?? Infinity) - (b.seconds ?? Infinity))
      .map((row) => [
        row.problem,
        row.l2,
        row.target,
        row.ours ? `ours, ${row.who}` : row.who,
        row.seconds === null ? "–" : row.seconds.toPrecision(3),
        row.cpuSeconds === null ? "–" : row.cpuSeconds.toPrecision(3),
        row.seconds === null ? "" : (row.seconds / bestOurs).toPrecision(3),
        row.suboptimality.toExponential(1),
        row.seconds === null ? row.reason : row.work,
      ]);
  });
  return textTable(
    ["problem", "l2", "target", "who", "wall s", "cpu s", "× ours", "reached", "work, or why not"],
    cells,
  );
}

/**
 * Per problem, penalty and target: our quickest against the quickest peer; where no peer arrived, against the quickest
 * peer at the coarsest target, which is a lower bound of the ratio.
 */
export function verdictTable(rows: readonly TimedRow[]): string[] {
  const quickest = (group: readonly TimedRow[]): TimedRow | undefined =>
    group.filter(({ seconds }) => seconds !== null).toSorted((a, b) => (a.seconds ?? 0) - (b.seconds ?? 0))[0];
  const groups = Map.groupBy(rows, ({ problem, l2, target }) => `${problem} ${l2} ${target}`);
  const cells = [...groups.values()].flatMap((group) => {
    const ours = quickest(group.filter((row) => row.ours));
    const [first] = group;
    if (ours === undefined || first === undefined) return [];
    const { problem, l2, target } = first;
    const same = rows.filter((row) => !row.ours && row.problem === problem && row.l2 === l2);
    const coarsest = Math.max(...same.map((row) => row.target));
    const peer = quickest(group.filter((row) => !row.ours)) ?? quickest(same.filter((row) => row.target === coarsest));
    if (peer === undefined)
      return [[problem, l2, target, ours.who, shown(ours.seconds), "no peer at any target", "", ""]];
    const ratio = (peer.seconds ?? Number.NaN) / (ours.seconds ?? Number.NaN);
    const name = peer.target === target ? peer.who : `${peer.who}, to ${peer.target} only`;
    const bound = peer.target === target ? "" : "> ";
    return [
      [problem, l2, target, ours.who, shown(ours.seconds), name, shown(peer.seconds), bound + ratio.toPrecision(3)],
    ];
  });
  return textTable(["problem", "l2", "target", "ours", "wall s", "best peer", "wall s", "ratio"], cells);
}

function shown(value: number | null): string {
  return value === null ? "–" : value.toPrecision(3);
}
