/**
 * @file What the comparison with peers leaves behind: one row per program, problem, penalty and target; and what it
 * says: our quickest solver against the quickest peer.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { resultsFolder } from "../results.ts";
import { groupBy } from "./summarize.ts";

const timedRow = z.object({
  problem: z.string(),
  l2: z.number(),
  target: z.number(), // relative suboptimality; ours stop when it is certified
  who: z.string(),
  ours: z.boolean(),
  seconds: z.number().nullable(), // median wall; null when the target was not reached
  secondsLeast: z.number().nullable(),
  secondsMost: z.number().nullable(),
  cpuSeconds: z.number().nullable(), // median
  runs: z.number(),
  work: z.string(), // passes, iterations, …
  suboptimality: z.number().nullable(), // of the probe returned; the least seen when the target was not reached
  reason: z.string(), // why it was not reached
});
export type TimedRow = Readonly<z.infer<typeof timedRow>>;

export const peerRecord = z.object({
  threads: z.number(),
  limitSeconds: z.number(), // of one fit of a peer
  versions: z.record(z.string(), z.string()),
  machine: z.looseObject({ cpu: z.string() }),
  rows: z.array(timedRow),
});
export type PeerRecord = Readonly<z.infer<typeof peerRecord>>;

export const peerFile = (root = resultsFolder): string => join(root, "peers", "peers.json");

/** Undefined where peers have not been run. */
export function readPeerRecord(root = resultsFolder): PeerRecord | undefined {
  const path = peerFile(root);
  return existsSync(path) ? peerRecord.parse(JSON.parse(readFileSync(path, "utf8"))) : undefined;
}

export interface PeerVerdict {
  readonly problem: string;
  readonly l2: number;
  readonly target: number;
  readonly ours: string;
  readonly oursSeconds: number;
  /** Null when no peer reached any target. */
  readonly peer: string | null;
  readonly peerSeconds: number | null;
  /** What the peer was timed to: coarser than `target` where no peer reached that, so that the ratio is a lower bound. */
  readonly peerTarget: number | null;
  readonly ratio: number | null;
}

/** Where no peer arrived, the quickest peer at the finest coarser target counts. */
export function peerVerdicts(rows: readonly TimedRow[]): readonly PeerVerdict[] {
  return [...groupBy(rows, ({ problem, l2, target }) => `${problem} ${l2} ${target}`).values()].flatMap((group) => {
    const ours = quickest(group.filter((row) => row.ours));
    if (ours === undefined) return [];
    const { problem, l2, target } = ours;
    const same = rows.filter((row) => !row.ours && row.problem === problem && row.l2 === l2 && row.target >= target);
    const nearest = [...new Set(same.map((row) => row.target))].toSorted((a, b) => a - b);
    const peer = nearest
      .map((level) => quickest(same.filter((row) => row.target === level)))
      .find((row) => row !== undefined);
    return [
      {
        problem,
        l2,
        target,
        ours: ours.who,
        oursSeconds: ours.seconds,
        peer: peer?.who ?? null,
        peerSeconds: peer?.seconds ?? null,
        peerTarget: peer?.target ?? null,
        ratio: peer === undefined ? null : peer.seconds / ours.seconds,
      },
    ];
  });
}

function quickest(group: readonly TimedRow[]): (TimedRow & { readonly seconds: number }) | undefined {
  const timed = group.flatMap((row) => (row.seconds === null ? [] : [{ ...row, seconds: row.seconds }]));
  return timed.toSorted((a, b) => a.seconds - b.seconds)[0];
}

/** The ratios that are asked for, each to a relative suboptimality of 1e-6. */
export const peerTargets = [
  { problem: "mnist-pixels", l2: 1e-4, ratio: 20, words: "raw MNIST pixels" },
  { problem: "untrained-layer-standardized", l2: 1e-4, ratio: 20, words: "standardised layer 16" },
  { problem: "untrained-layer-standardized", l2: 1e-6, ratio: 20, words: "standardised layer 16" },
  { problem: "untrained-layer", l2: 1e-4, ratio: 5, words: "unscaled layer 16" },
  { problem: "untrained-layer", l2: 1e-6, ratio: 5, words: "unscaled layer 16" },
  { problem: "toy-layer", l2: 1e-4, ratio: 1, words: "the two-class toy" },
] as const;

export const PEER_TARGET = 1e-6;
