/** @file What each solver needs on one tap: the passes that the cost of probing a larger network is reckoned from. */
import {
  certifiedGap,
  fit,
  type FitHooks,
  passBudget,
  type Runtime,
  type Solver,
  type Stream,
} from "@linear-probes/core";
import { lbfgs, newtonCg, rmsprop, sag, saga, svrg } from "@linear-probes/solvers";
import type { TapRoles } from "./inception-activations.ts";

const solvers = { lbfgs, "newton-cg": newtonCg, sag, saga, svrg, rmsprop } as const;

export const solverNames = Object.keys(solvers);

export type SolverSettings = {
  readonly relativeGap: number; // certified, at which a run ends
  readonly passes: number; // budget of each
};

export interface SolverCells {
  readonly solver: string;
  readonly status: string;
  readonly relativeGap: number | null; // null: nothing is proved
  readonly passes: number;
}

export function solverCells(
  name: string,
  runtime: Runtime,
  { train }: Pick<TapRoles, "train">,
  l2: number,
  stream: Stream,
  { relativeGap, passes }: SolverSettings,
  hooks: FitHooks,
): SolverCells {
  const make: (() => Solver) | undefined = Object.entries(solvers).find(([known]) => known === name)?.[1];
  if (make === undefined) throw new Error(`no solver ${name}`);
  const { status, certificate, ...used } = fit(runtime, { train, l2, scaling: "standardize" }, make(), {
    stream: stream.split(name),
    stop: [certifiedGap({ relative: relativeGap }), passBudget(passes)],
    hooks,
  });
  const gap = certificate.relativeGap;
  return { solver: name, status, relativeGap: Number.isFinite(gap) ? gap : null, passes: used.passes };
}
