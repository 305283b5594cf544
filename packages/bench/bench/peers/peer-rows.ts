/** @file What the comparison with peers says, as text. */
import { PEER_TARGET, peerTargets, peerVerdicts, type TimedRow } from "../../src/compare/peer-record.ts";
import { textTable } from "../../src/table.ts";

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
        row.suboptimality === null ? "–" : row.suboptimality.toExponential(1),
        row.seconds === null ? row.reason : row.work,
      ]);
  });
  return textTable(
    ["problem", "l2", "target", "who", "wall s", "cpu s", "× ours", "reached", "work, or why not"],
    cells,
  );
}

/** Per problem, penalty and target: our quickest against the quickest peer. */
export function verdictTable(rows: readonly TimedRow[]): string[] {
  const cells = peerVerdicts(rows).map((verdict) => {
    const { problem, l2, target, ours, oursSeconds, peer, peerSeconds, peerTarget, ratio } = verdict;
    const same = peerTarget === target;
    return [
      problem,
      l2,
      target,
      ours,
      shown(oursSeconds),
      peer === null ? "no peer at any target" : same ? peer : `${peer}, to ${peerTarget} only`,
      shown(peerSeconds),
      ratio === null ? "" : `${same ? "" : "> "}${ratio.toPrecision(3)}`,
    ];
  });
  return textTable(["problem", "l2", "target", "ours", "wall s", "best peer", "wall s", "ratio"], cells);
}

/** One line per ratio that is asked for. */
export function targetLines(rows: readonly TimedRow[]): string[] {
  const verdicts = peerVerdicts(rows);
  return peerTargets.map(({ problem, l2, ratio: wanted, words }) => {
    const found = verdicts.find((one) => one.problem === problem && one.l2 === l2 && one.target === PEER_TARGET);
    const what = `${words} (${problem}, l2 ${l2}), to ${PEER_TARGET}, at least ${wanted} ×`;
    if (found === undefined) return `NOT RUN  ${what}`;
    if (found.ratio === null) return `NO PEER  ${what}: ours ${shown(found.oursSeconds)} s, no peer reached any target`;
    const met = found.ratio >= wanted ? "MET     " : "MISSED  ";
    const bound =
      found.peerTarget === found.target
        ? ""
        : `more than, since no peer got there and this is its time to ${found.peerTarget}, `;
    return (
      `${met} ${what}: ${bound}${found.ratio.toPrecision(3)} × (ours, ${found.ours}, ${shown(found.oursSeconds)} s; ` +
      `${found.peer} ${shown(found.peerSeconds)} s)`
    );
  });
}

function shown(value: number | null): string {
  return value === null ? "–" : value.toPrecision(3);
}
