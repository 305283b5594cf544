/** @file What the experiments on the convnet share in each profile: its images, the length of its training, the frames of its film. */
import { mnistConvnet } from "@linear-probes/models";
import type { ProfileName } from "./run-record.ts";
import type { RowSettings } from "./stages/convnet-data.ts";

export type ConvnetRun = {
  readonly rows: RowSettings;
  readonly steps: number; // of the convnet's training
  readonly keepEvery: number; // steps between checkpoints for a resumed run
  readonly filmSteps: readonly number[]; // whose parameters are kept for the film
};

/** From 0 to the last step, closest together at the start, where most happens. */
function filmSteps(last: number, frames: number): readonly number[] {
  const steps = Array.from({ length: frames }, (_, i) => Math.round(last * (i / (frames - 1)) ** 2.5));
  return [...new Set(steps)];
}

export const convnetRuns: Readonly<Record<ProfileName, ConvnetRun>> = {
  smoke: {
    rows: { train: 500, test: 300, validation: 100, heldOut: 50 },
    steps: 60,
    keepEvery: 20,
    filmSteps: filmSteps(60, 4),
  },
  quick: {
    rows: { train: 6000, test: 2000, validation: 1000, heldOut: 500 },
    steps: 600,
    keepEvery: 300,
    filmSteps: filmSteps(600, 8),
  },
  paper: {
    rows: { train: 60_000, test: 10_000, validation: 10_000, heldOut: mnistConvnet.heldOut },
    steps: 8593, // ⌊10 · 55,000 / 64⌋
    keepEvery: 300,
    filmSteps: filmSteps(8593, 41),
  },
};
