/** @file How much faster a certified probe is than the best of what people use; not claims of the paper. */
import { PEER_TARGET, peerTargets, peerVerdicts, type Result } from "@linear-probes/bench";
import type { Claim } from "../claim.ts";
import { significant } from "../format.ts";

export const claims: readonly Claim[] = peerTargets.map(({ problem, l2, ratio: wanted, words }) => ({
  id: `peers-${problem}-${l2.toExponential(0)}`,
  statement: `On ${words} at l2 ${l2.toExponential(0)} we reach ${PEER_TARGET.toExponential(0)} at least ${wanted} times as fast as the best installed peer.`,
  place: "not in the paper",
  provenance: "not in the paper",
  rule: `the quickest peer’s median wall time to a relative suboptimality of ${PEER_TARGET.toExponential(0)}, or to 1e-3 where none reaches it, is at least ${wanted} times ours, in one run on equal threads`,
  tolerance: "None. Ours stops when the accuracy is certified; peers are told beforehand how long to run.",
  undecidable: (result: Result) =>
    result.peers === undefined
      ? "peers were not run; npm run bench:peers does"
      : find(result, problem, l2) === undefined
        ? "this problem was not among those that peers were run on"
        : undefined,
  judge(result: Result) {
    const verdict = find(result, problem, l2);
    if (verdict?.ratio == null) return [];
    const reached = verdict.peerTarget === verdict.target ? "" : `, which it needs for ${verdict.peerTarget} alone`;
    return [
      {
        subject: `${verdict.ours} against ${verdict.peer}`,
        holds: verdict.ratio >= wanted,
        measured: `${significant(verdict.ratio)} ×: ${significant(verdict.oursSeconds)} s against ${significant(verdict.peerSeconds ?? Number.NaN)} s${reached}`,
      },
    ];
  },
}));

function find({ peers }: Result, problem: string, l2: number) {
  return peerVerdicts(peers?.rows ?? []).find(
    (one) => one.problem === problem && one.l2 === l2 && one.target === PEER_TARGET,
  );
}
