/** @file What the comparison needs to know of a problem: where its rows come from, and which penalties are asked. */
import type { LabelledFeatures, Scaling, Stream, WasmRuntime } from "@linear-probes/core";
import type { Parameters } from "@linear-probes/models";
import type { DatasetRecord } from "../run-record.ts";

export interface ProblemContext {
  readonly runtime: WasmRuntime;
  /** Root of the problem's randomness. */
  readonly stream: Stream;
  readonly dataDir: string | undefined;
  /** At most so many rows of each role; absent: the problem's own size. */
  readonly rows?: number;
  readonly log: (line: string) => void;
  /** The trained convnet of figure 5, where there is one. */
  readonly trainedNetwork?: () => Promise<TrainedNetwork | undefined>;
}

export interface TrainedNetwork {
  readonly parameters: Parameters;
  readonly step: number; // minibatches of training behind it
}

export interface CompareProblem {
  readonly name: string; // = file name = CLI name
  readonly about: string; // one sentence
  readonly scaling: Scaling;
  /** The penalties it is solved at unless others are asked for. */
  readonly l2: readonly number[];
  /** The most passes of a run that are worth their time here. */
  readonly mostPasses?: number;
  load(context: ProblemContext): Promise<LoadedProblem | Unavailable>;
}

export interface LoadedProblem {
  readonly train: LabelledFeatures<"train">;
  readonly test: LabelledFeatures<"test">;
  readonly dataset: DatasetRecord;
}

/** Why a problem cannot be had here: a row of the result, not an error. */
export interface Unavailable {
  readonly unavailable: string; // one sentence
}

/** Gives the memory of both roles back. */
export function releaseProblem({ train, test }: LoadedProblem): void {
  train.features.release();
  test.features.release();
}
