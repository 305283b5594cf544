/** @file What `bench:deep` and its workers say to each other: the network, its frames, and the seconds of each phase. */
import type { Row } from "@linear-probes/core";
import type { DeepRun, Frames } from "../../src/deep-run.ts";
import { deepProbes } from "../../src/deep-settings.ts";
import type { NetworkSettings } from "../../src/stages/deep-network.ts";

export const IMAGES = 60_000;
export const network: NetworkSettings = { depth: 128, width: 128, auxEvery: 0, skipTo: 64 };

/** Some layers of one checkpoint. */
export interface Part {
  readonly step: number;
  readonly layers: readonly number[];
}

export interface DeepBenchData {
  readonly parts: readonly Part[]; // one task each
  readonly kept: readonly number[]; // steps of training that checkpoints are of
  readonly rows: number;
  readonly storeFolder: string;
  readonly dataDir: string | undefined;
  readonly stop: SharedArrayBuffer;
}

export const phases = ["activations", "fits", "certificates"] as const;
export type Phase = (typeof phases)[number];

/** Seconds of one thread. */
export type Lap = Readonly<Record<Phase, number>>;

export interface PartResult {
  readonly rows: readonly Row[];
  readonly lap: Lap;
  /** Of the clock that all threads share, in seconds: with the digits in memory already. */
  readonly from: number;
  readonly to: number;
}

/** The network of figure 8's first replica, and what is measured of it. */
export const runOf = (kept: readonly number[], frames: readonly Frames[]): DeepRun => ({
  variant: "skip",
  replica: 0,
  network,
  kept,
  frames,
});

export const framesOf = ({ step, layers }: Part, rows: number): Frames => ({
  ...deepProbes,
  name: "deep",
  steps: [step],
  images: rows,
  layers,
  protocols: ["certified-standardized"],
  warm: false,
});
