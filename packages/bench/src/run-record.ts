/** @file What `run.json` holds: everything needed to say where numbers came from and what they cost. */
import { z } from "zod";
import type { Json } from "./json.ts";

export const profileNames = ["smoke", "quick", "paper"] as const;
export type ProfileName = (typeof profileNames)[number];

const json = z.json().transform((value): Json => value);

export const datasetRecord = z.object({
  name: z.string(),
  sha256: z.string(),
  synthetic: z.boolean(),
  notice: z.string().optional(), // a sentence that every figure made from it must show
});
export type DatasetRecord = z.infer<typeof datasetRecord>;

const timings = z.object({
  /** `seconds` is what a phase costs; `spentSeconds` what this run spent on it (the rest was stored). Wall clock. */
  phases: z.array(z.object({ phase: z.string(), seconds: z.number(), spentSeconds: z.number() })),
  wallSeconds: z.number(), // of this run
  costSeconds: z.number(), // of the whole experiment, stored parts included
  peakRssMiB: z.number(), // greatest of all the runs that contributed
});
export type Timings = z.infer<typeof timings>;

export const runRecord = z.object({
  experiment: z.string(),
  profile: z.enum(profileNames),
  seed: z.string(),
  settings: z.record(z.string(), json),
  replayLevel: z.enum(["bitwise-anywhere", "bitwise-one-machine", "tolerance"]),
  status: z.literal("complete"),
  rowsSha256: z.string(),
  secondsSha256: z.string().optional(), // of the seconds that belong to rows, where there are any
  dataset: datasetRecord,
  git: z.object({ commit: z.string(), dirty: z.boolean() }).nullable(), // null: not a git checkout
  lockfileSha256: z.string(),
  machine: z.object({
    cpu: z.string(),
    cores: z.number(),
    memoryMiB: z.number(),
    platform: z.string(),
    node: z.string(),
    arithmetic: z.enum(["fused", "separate"]).default("separate"), // records from before there were two: separate
  }),
  threads: z.number(),
  packages: z.record(z.string(), z.string()), // external packages that took part → version
  startedAt: z.string(), // UTC, ISO 8601
  finishedAt: z.string(),
  timings,
  /** Per stage, the sha256 of each part of the code its results depend on; what `probes why` compares. */
  stages: z.record(z.string(), z.record(z.string(), z.string())),
});
export type RunRecord = z.infer<typeof runRecord>;
